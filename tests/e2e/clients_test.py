#!/usr/bin/python3
"""Existing clients against Praetor: the Python library of Debian
(python3-consul) and, if $CONSUL names one, a real consul command line.

Goal: who uses Consul today need not change anything.
Method: one development server; each test uses names of its own. Without the
library or $CONSUL those tests are SKIPPED.
"""

import argparse
import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time

from harness import Server, expect, expect_equal, folder, run_tests, \
    wait_until

SYSTEM_PYTHON = "/usr/bin/python3"
try:
    import consul
except ImportError:
    # The library is Debian's; python3 in $PATH may be another one.
    if sys.executable != SYSTEM_PYTHON and os.path.exists(SYSTEM_PYTHON):
        os.execv(SYSTEM_PYTHON, [SYSTEM_PYTHON, *sys.argv])
    consul = None

CONSUL = os.environ.get("CONSUL", "")
SOON = 8
SERVER = None  # set by main


def library():
    return consul.Consul("127.0.0.1", SERVER.port)


def needs_library(test):
    """Decorator: skips without python3-consul."""
    def run():
        return test(library()) if consul else "python3-consul is missing"
    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def needs_command(test):
    """Decorator: skips without a consul command line."""
    def run():
        if not CONSUL:
            return "$CONSUL does not name a consul binary"
        return test()
    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


# -- the library -------------------------------------------------------------

def put(c, path, params=None, data=""):
    """What version 0.7.1 of the library lacks: transactions, and those calls
    for which it sends GET, which Consul refuses since 1.0 (TTL updates,
    deregistration with the agent). Returns status and text."""
    answer = c.http.put(lambda x: x, path, params, data)
    return answer.code, answer.body


@needs_library
def library_keys(c):
    """Keys: put, get, check-and-set, recurse, keys, delete."""
    expect(c.kv.put("lib/a", "1", flags=42), "put")
    index, row = c.kv.get("lib/a")
    expect_equal((row["Value"], row["Flags"]), (b"1", 42), "get")
    expect(int(index) >= row["ModifyIndex"], "index")
    expect_equal(c.kv.get("lib/none")[1], None, "absent key")
    expect(not c.kv.put("lib/a", "2", cas=0), "cas=0 on a key that exists")
    expect(not c.kv.put("lib/a", "2", cas=row["ModifyIndex"] - 1), "old cas")
    expect(c.kv.put("lib/a", "2", cas=row["ModifyIndex"]), "right cas")
    expect(c.kv.put("lib/new", "n", cas=0), "cas=0 on a new key")
    expect(c.kv.put("lib/d/e", None), "empty value")
    rows = c.kv.get("lib/", recurse=True)[1]
    expect_equal([(r["Key"], r["Value"]) for r in rows],
                 [("lib/a", b"2"), ("lib/d/e", None), ("lib/new", b"n")],
                 "recurse")
    expect_equal(c.kv.get("lib/", keys=True, separator="/")[1],
                 ["lib/a", "lib/d/", "lib/new"], "keys")
    expect(c.kv.delete("lib/new"), "delete")
    expect(not c.kv.delete("lib/a", cas=1), "delete with an old index")
    expect(c.kv.delete("lib/", recurse=True), "delete a prefix")
    expect_equal(c.kv.get("lib/", recurse=True)[1], None, "all gone")


@needs_library
def library_watch(c):
    """A blocking get wakes when the key changes, and not before."""
    c.kv.put("watch", "1")
    index, _ = c.kv.get("watch")
    timer = threading.Timer(0.5, lambda: library().kv.put("watch", "2"))
    start = time.monotonic()
    timer.start()
    changed, row = c.kv.get("watch", index=index, wait="10s")
    expect(0.4 < time.monotonic() - start < 5, "woke at the wrong time")
    expect_equal(row["Value"], b"2", "value")
    expect(int(changed) > int(index), "index")
    start = time.monotonic()
    same, _ = c.kv.get("watch", index=changed, wait="1s")
    expect(time.monotonic() - start > 0.9 and same == changed, "timeout")


@needs_library
def library_sessions_and_locks(c):
    """Sessions and locks: create, list, info, node, renew, acquire, release,
    destroy."""
    first = c.session.create("mine", ttl=30, lock_delay=0)
    other = c.session.create("other", behavior="delete", lock_delay=0)
    expect_equal(c.session.info(first)[1]["Name"], "mine", "info")
    expect({first, other} <= {s["ID"] for s in c.session.list()[1]}, "list")
    expect(first in {s["ID"] for s in c.session.node(SERVER.name)[1]}, "node")
    expect_equal(c.session.renew(first)["ID"], first, "renew")
    expect(c.kv.put("lock", "x", acquire=first), "acquire")
    expect(not c.kv.put("lock", "y", acquire=other), "acquire a taken lock")
    row = c.kv.get("lock")[1]
    expect_equal((row["Session"], row["LockIndex"]), (first, 1), "row")
    expect(not c.kv.put("lock", "x", release=other), "release another's lock")
    expect(c.kv.put("lock", "x", release=first), "release")
    expect(c.kv.put("lock", "z", acquire=other), "acquire after release")
    expect_equal(c.kv.get("lock")[1]["LockIndex"], 2, "LockIndex")
    expect(c.session.destroy(other), "destroy")
    expect_equal(c.kv.get("lock")[1], None, "behavior delete")
    expect(c.session.destroy(first), "destroy")
    expect_equal(c.session.info(first)[1], None, "info of a gone session")
    try:
        c.session.renew(first)
    except consul.NotFound:
        return None
    expect(False, "renew of a gone session did not fail")


@needs_library
def library_agent(c):
    """Agent: services, checks, TTL updates, maintenance, members, self."""
    c.agent.service.register("lib-web", service_id="lw1", address="10.0.0.7",
                             port=80, tags=["a"],
                             check=consul.Check.ttl("30s"))
    service = c.agent.services()["lw1"]
    expect_equal((service["Service"], service["Port"], service["Tags"]),
                 ("lib-web", 80, ["a"]), "service")
    c.agent.check.register("lib-check", consul.Check.ttl("30s"),
                           check_id="lc1", service_id="lw1")
    for verb, wanted in (("warn", "warning"), ("fail", "critical"),
                         ("pass", "passing")):
        put(c, f"/v1/agent/check/{verb}/lc1", {"note": "said so"})
        check = c.agent.checks()["lc1"]
        expect_equal((check["Status"], check["Output"]), (wanted, "said so"),
                     "check")
    put(c, "/v1/agent/check/pass/service:lw1")
    wait_until(lambda: c.health.service("lib-web", passing=True)[1], SOON,
               "the service in the catalog")
    expect(c.agent.service.maintenance("lw1", True, "why"), "maintenance")
    wait_until(lambda: not c.health.service("lib-web", passing=True)[1], SOON,
               "maintenance in the catalog")
    expect(c.agent.service.maintenance("lw1", False), "maintenance off")
    expect(c.agent.maintenance(True, "node"), "node maintenance")
    expect("_node_maintenance" in c.agent.checks(), "no maintenance check")
    expect(c.agent.maintenance(False), "node maintenance off")
    put(c, "/v1/agent/check/deregister/lc1")
    expect("lc1" not in c.agent.checks(), "check is still there")
    put(c, "/v1/agent/service/deregister/lw1")
    wait_until(lambda: not c.catalog.service("lib-web")[1], SOON,
               "the service to leave the catalog")
    expect_equal([m["Name"] for m in c.agent.members()], [SERVER.name],
                 "members")
    expect_equal(c.agent.self()["Config"]["NodeName"], SERVER.name, "self")


@needs_library
def library_catalog_and_health(c):
    """Catalog and health of an external node."""
    expect(c.catalog.register(
        "ext", "10.1.1.1", service={"ID": "db1", "Service": "lib-db",
                                    "Port": 5432, "Tags": ["rw"]},
        check={"Name": "c", "CheckID": "db-c", "Status": "warning",
               "ServiceID": "db1"}), "register")
    expect("ext" in {n["Node"] for n in c.catalog.nodes()[1]}, "nodes")
    expect_equal(c.catalog.services()[1]["lib-db"], ["rw"], "services")
    row = c.catalog.service("lib-db", tag="rw")[1][0]
    expect_equal((row["Node"], row["ServicePort"]), ("ext", 5432), "service")
    expect_equal(list(c.catalog.node("ext")[1]["Services"]), ["db1"], "node")
    expect_equal(c.catalog.datacenters(), ["dc1"], "datacenters")
    entry = c.health.service("lib-db")[1][0]
    expect_equal(entry["Checks"][0]["Status"], "warning", "health")
    expect_equal(c.health.service("lib-db", passing=True)[1], [], "passing")
    expect_equal(c.health.checks("lib-db")[1][0]["CheckID"], "db-c", "checks")
    expect_equal(c.health.node("ext")[1][0]["CheckID"], "db-c", "node")
    expect("db-c" in {x["CheckID"] for x in c.health.state("warning")[1]},
           "state")
    index, _ = c.health.service("lib-db")
    threading.Timer(0.3, lambda: library().catalog.deregister(
        "ext", service_id="db1")).start()
    expect_equal(c.health.service("lib-db", index=index, wait="10s")[1], [],
                 "woken by the deregistration")
    expect(c.catalog.deregister("ext"), "deregister the node")
    expect_equal(c.catalog.node("ext")[1], None, "node is gone")


@needs_library
def library_transactions_and_events(c):
    """Transactions write all or nothing; events are listed."""
    def text(x):
        return base64.b64encode(x.encode()).decode()

    def transaction(*verbs):
        status, body = put(c, "/v1/txn", data=json.dumps(
            [{"KV": {"Key": "txn/a"} | verb} for verb in verbs]))
        return status, json.loads(body)
    status, done = transaction({"Verb": "set", "Value": text("1")},
                               {"Verb": "get"})
    expect_equal((status, done["Results"][1]["KV"]["Value"]),
                 (200, text("1")), "results")
    status, done = transaction({"Verb": "set", "Value": text("2")},
                               {"Verb": "check-index", "Index": 1})
    expect_equal((status, done["Errors"][0]["OpIndex"]), (409, 1), "conflict")
    expect_equal(c.kv.get("txn/a")[1]["Value"], b"1", "value after that")
    fired = c.event.fire("lib-event", "payload")
    wait_until(lambda: fired["ID"] in
               {e["ID"] for e in c.event.list("lib-event")[1]}, SOON, "event")


@needs_library
def library_status(c):
    """The leader and the peers are this server."""
    address = f"127.0.0.1:{SERVER.ports['-server-port']}"
    expect_equal(c.status.leader(), address, "leader")
    expect_equal(c.status.peers(), [address], "peers")


# -- the command line --------------------------------------------------------

def environment():
    return os.environ | {"CONSUL_HTTP_ADDR": f"127.0.0.1:{SERVER.port}"}


def run(*args, code=0, stdin=None):
    """Runs the consul command line. Returns what it printed."""
    done = subprocess.run([CONSUL, *args], env=environment(), timeout=40,
                          input=stdin and stdin.encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode()
    expect_equal(done.returncode, code, f"{args}: {text!r}; exit code")
    return text


def expect_words(text, *words):
    for word in words:
        expect(word in text, f"{word!r} is not in {text!r}")


@needs_command
def command_kv():
    """kv put, get, delete, export and import."""
    run("kv", "put", "-flags=42", "cli/a", "one")
    run("kv", "put", "cli/b", "two")
    expect_equal(run("kv", "get", "cli/a"), "one\n", "get")
    expect_words(run("kv", "get", "-detailed", "cli/a"), "Flags", "42", "one")
    expect_equal(run("kv", "get", "-recurse", "cli/"),
                 "cli/a:one\ncli/b:two\n", "recurse")
    expect_equal(run("kv", "get", "-keys", "cli/"), "cli/a\ncli/b\n", "keys")
    expect_words(run("kv", "put", "-cas", "-modify-index=1", "cli/a", "x",
                     code=1), "CAS failed")
    exported = run("kv", "export", "cli/")
    expect_equal([row["key"] for row in json.loads(exported)],
                 ["cli/a", "cli/b"], "export")
    run("kv", "delete", "-recurse", "cli/")
    expect_words(run("kv", "get", "cli/a", code=1), "No key exists")
    run("kv", "import", "-", stdin=exported)
    expect_equal(run("kv", "get", "cli/b"), "two\n", "import")
    run("kv", "delete", "-recurse", "cli/")


@needs_command
def command_catalog():
    """services register and deregister, catalog, members, info."""
    run("services", "register", "-name=cli-web", "-port=80", "-tag=x")
    wait_until(lambda: "cli-web" in run("catalog", "services"), SOON,
               "the service")
    expect_words(run("catalog", "services", "-tags"), "cli-web", "x")
    expect_words(run("catalog", "nodes"), SERVER.name, "127.0.0.1", "dc1")
    expect_words(run("catalog", "nodes", "-service=cli-web"), SERVER.name)
    expect_equal(run("catalog", "datacenters"), "dc1\n", "datacenters")
    with folder() as home:
        file = home / "db.json"
        file.write_text('{"service": {"name": "cli-db", "port": 5432}}')
        expect_words(run("services", "register", str(file)), "cli-db")
    run("services", "deregister", "-id=cli-web")
    run("services", "deregister", "-id=cli-db")
    wait_until(lambda: "cli-web" not in run("catalog", "services"), SOON,
               "the service to leave")
    expect_words(run("members"), SERVER.name, "alive", "server", "dc1")
    expect_words(run("info"), "leader = true", "state = Leader",
                 "leader_addr = 127.0.0.1:")


@needs_command
def command_operator():
    """operator raft list-peers, reload, maint."""
    expect_words(run("operator", "raft", "list-peers"), SERVER.name, "leader",
                 "true")
    expect_words(run("reload"), "triggered")
    expect_words(run("maint", "-enable", "-reason=why"), "enabled")
    expect_words(run("maint"), "why")
    expect_words(run("maint", "-disable"), "disabled")


@needs_command
def command_event():
    """event fires, and watch sees it."""
    expect_words(run("event", "-name=cli-event", "hello"), "Event ID:")
    events = json.loads(run("watch", "-type=event", "-name=cli-event"))
    expect_equal(base64.b64decode(events[0]["Payload"]), b"hello", "payload")


@needs_command
def command_lock():
    """lock runs its child under the lock, one at a time, and cleans up."""
    with folder() as home:
        log = home / "log"
        script = f"echo in >> {log}; sleep 0.5; echo out >> {log}"
        with contextlib.ExitStack() as all_of_them:
            for _ in range(3):
                all_of_them.enter_context(subprocess.Popen(
                    [CONSUL, "lock", "cli-lock", script], env=environment(),
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        expect_equal(log.read_text(), "in\nout\n" * 3, "who ran when")
    expect_words(run("kv", "get", "-recurse", "cli-lock"), "")
    expect_equal(SERVER.client().get("/v1/kv/cli-lock/.lock").status, 404,
                 "the lock's key after the last")
    expect_words(run("lock", "-child-exit-code", "cli-lock", "exit 7",
                     code=2), "7")


@needs_command
def command_watch():
    """watch runs its handler at each change of a key and of a service."""
    for kind, change, word in (
            (["-type=key", "-key=cli-watch"],
             ["kv", "put", "cli-watch", "new"], "cli-watch"),
            (["-type=service", "-service=cli-watched"],
             ["services", "register", "-name=cli-watched"], "cli-watched")):
        with folder() as home:
            log = home / "log"
            watch = subprocess.Popen(
                [CONSUL, "watch", *kind, f"cat >> {log}"], env=environment(),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                time.sleep(0.5)
                run(*change)
                wait_until(lambda: log.exists() and word in log.read_text(),
                           SOON, f"the handler of {kind}")
            finally:
                watch.terminate()
                watch.wait(10)
    run("services", "deregister", "-id=cli-watched")


TESTS = [library_keys, library_watch, library_sessions_and_locks,
         library_agent, library_catalog_and_health,
         library_transactions_and_events, library_status, command_kv,
         command_catalog, command_operator, command_event, command_lock,
         command_watch]


def main():
    global SERVER, CONSUL
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-k", default="", help="only tests with this in the "
                                               "name")
    options = parser.parse_args()
    CONSUL = CONSUL and shutil.which(CONSUL) or ""
    with Server(config={"enable_script_checks": True}) as SERVER:
        return run_tests(TESTS, options.k)


if __name__ == "__main__":
    sys.exit(main())
