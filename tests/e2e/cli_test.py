#!/usr/bin/env python3
"""Runs every command of the command line against a real agent.

Goal: outputs, exit codes and side effects are those of Consul's command line.
Method: starts an agent on free ports of the loopback, runs commands in order,
compares whole outputs; texts come from Consul 1.8.7.

  PRAETOR   the binary that is tested; default: build/praetor
  CONSUL    run this binary's commands instead, against our agent
  AGENT     start this binary as the agent; default: PRAETOR

Nothing but the standard library; every wait has a deadline.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRAETOR = os.environ.get("PRAETOR", str(ROOT / "build" / "praetor"))
CLI = os.environ.get("CONSUL", PRAETOR)
AGENT = os.environ.get("AGENT", PRAETOR)
START_SECONDS = 30
COMMAND_SECONDS = 30
EVENTUALLY_SECONDS = 15
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CONSUL_")}
    kept.pop("COMP_LINE", None)
    return kept | {"SHELL": "/bin/sh"} | more


class Agent:
    """An agent in development mode, ended by close()."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="praetor-cli-")
        self.http, server, lan, wan = free_ports(4)
        self.address = f"127.0.0.1:{self.http}"
        self.log = open(pathlib.Path(self.folder) / "log", "wb")
        self.process = subprocess.Popen(
            [AGENT, "agent", "-dev", "-node=n1", "-bind=127.0.0.1",
             f"-http-port={self.http}", "-dns-port=-1", "-grpc-port=-1",
             f"-server-port={server}", f"-serf-lan-port={lan}",
             f"-serf-wan-port={wan}"],
            stdout=self.log, stderr=subprocess.STDOUT, env=environment(),
            cwd=self.folder)
        self.server, self.lan = server, lan

    def wait_until_ready(self):
        """Ready is who can write and has itself in the catalog."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            wrote = self.run("kv", "put", "ready", "1").returncode == 0
            if wrote and "n1" in self.run("catalog", "nodes").stdout:
                self.run("kv", "delete", "ready")
                return
            time.sleep(0.1)
        self.close()
        raise RuntimeError("the agent did not become ready; see its log")

    def run(self, *args, stdin="", **env):
        return subprocess.run(
            [CLI, *args], input=stdin, capture_output=True, text=True,
            timeout=COMMAND_SECONDS, cwd=self.folder,
            env=environment(CONSUL_HTTP_ADDR=self.address, **env))

    def start(self, *args):
        return subprocess.Popen(
            [CLI, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=self.folder,
            env=environment(CONSUL_HTTP_ADDR=self.address))

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(COMMAND_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def setUpModule():
    global agent
    agent = Agent()
    agent.wait_until_ready()


def tearDownModule():
    agent.close()


class CommandCase(unittest.TestCase):
    maxDiff = None

    def expect(self, *args, out="", err="", code=0, stdin=""):
        got = agent.run(*args, stdin=stdin)
        self.assertEqual((got.stdout, got.stderr, got.returncode),
                         (out, err, code), " ".join(args))

    def expect_match(self, pattern, *args, code=0):
        got = agent.run(*args)
        self.assertEqual((got.stderr, got.returncode), ("", code))
        self.assertRegex(got.stdout, pattern)
        return got.stdout

    def eventually(self, predicate, what):
        deadline = time.monotonic() + EVENTUALLY_SECONDS
        while time.monotonic() < deadline:
            if predicate():
                return
            time.sleep(0.05)
        self.fail(f"not within {EVENTUALLY_SECONDS} s: {what}")


class KeyValue(CommandCase):
    def tearDown(self):
        agent.run("kv", "delete", "-recurse")

    def test_put_get_delete(self):
        self.expect("kv", "put", "-flags=42", "redis/conns", "5",
                    out="Success! Data written to: redis/conns\n")
        self.expect("kv", "get", "redis/conns", out="5\n")
        self.expect("kv", "get", "/redis/conns", out="5\n")
        self.expect("kv", "get", "-base64", "redis/conns", out="NQ==\n")
        detailed = self.expect_match(r"^CreateIndex      \d+\n", "kv", "get",
                                     "-detailed", "redis/conns")
        self.assertEqual(
            re.sub(r"Index      \d+", "Index      N", detailed),
            "CreateIndex      N\nFlags            42\n"
            "Key              redis/conns\nLockIndex        0\n"
            "ModifyIndex      N\nSession          -\n"
            "Value            5\n")
        self.expect("kv", "delete", "redis/conns",
                    out="Success! Deleted key: redis/conns\n")
        self.expect("kv", "get", "redis/conns", code=1,
                    err="Error! No key exists at: redis/conns\n")

    def test_sources_of_data(self):
        file = pathlib.Path(agent.folder) / "data"
        file.write_text("from file")
        self.expect("kv", "put", "a", f"@{file}",
                    out="Success! Data written to: a\n")
        self.expect("kv", "get", "a", out="from file\n")
        self.expect("kv", "put", "a", "-", stdin="from stdin",
                    out="Success! Data written to: a\n")
        self.expect("kv", "get", "a", out="from stdin\n")
        self.expect("kv", "put", "a", "@/no-such-file", code=1,
                    err="Error! Failed to read file: open /no-such-file: "
                        "no such file or directory\n")

    def test_trees(self):
        for key in ("a/b", "a/c/d", "z"):
            agent.run("kv", "put", key, key.upper())
        self.expect("kv", "get", "-recurse", "a", out="a/b:A/B\na/c/d:A/C/D\n")
        self.expect("kv", "get", "-keys", out="a/\nz\n")
        self.expect("kv", "get", "-keys", "-separator=", "a",
                    out="a/b\na/c/d\n")
        self.expect("kv", "get", "-recurse", "nope")
        self.expect("kv", "delete", "-recurse", "a",
                    out="Success! Deleted keys with prefix: a\n")
        self.expect("kv", "get", "-keys", out="z\n")

    def test_cas(self):
        agent.run("kv", "put", "a", "1")
        index = re.search(r"ModifyIndex +(\d+)",
                          agent.run("kv", "get", "-detailed", "a").stdout)[1]
        self.expect("kv", "put", "-cas", "-modify-index=1", "a", "2", code=1,
                    err="Error! Did not write to a: CAS failed\n")
        self.expect("kv", "put", "-cas", f"-modify-index={index}", "a", "2",
                    out="Success! Data written to: a\n")
        self.expect("kv", "delete", "-cas", "-modify-index=1", "a", code=1,
                    err="Error! Did not delete key a: CAS failed\n")

    def test_export_and_import(self):
        agent.run("kv", "put", "-flags=42", "redis/conns", "5")
        text = ('[\n\t{\n\t\t"key": "redis/conns",\n\t\t"flags": 42,\n'
                '\t\t"value": "NQ=="\n\t}\n]\n')
        self.expect("kv", "export", "redis", out=text)
        self.expect("kv", "export", "nope", out="[]\n")
        agent.run("kv", "delete", "-recurse")
        self.expect("kv", "import", "-", stdin=text,
                    out="Imported: redis/conns\n")
        self.expect("kv", "export", out=text)

    def test_arguments(self):
        for args, err in (
            (("get",), "Error! Missing KEY argument\n"),
            (("get", "a", "-detailed"),
             "Too many arguments (expected 1, got 2)\n"),
            (("put", "/a", "x"),
             "Error! Failed writing data: Invalid key. Key must not begin "
             "with a '/': /a\n"),
            (("put", "-cas", "a"), "Must specify -modify-index with -cas!\n"),
            (("put", "-acquire", "a"),
             "Error! Missing -session (required with -acquire and "
             "-release)\n"),
            (("import",), "Error! Missing DATA argument\n"),
        ):
            self.expect("kv", *args, code=1, err=err)


class Catalog(CommandCase):
    def test_nodes(self):
        self.expect_match(
            r"^Node +ID +Address +DC\nn1 +[0-9a-f]{8} +127\.0\.0\.1 +dc1\n$",
            "catalog", "nodes")
        self.expect_match(
            rf"^Node +ID +Address +DC +TaggedAddresses +Meta\nn1 +{UUID} +"
            r"127\.0\.0\.1 +dc1 +lan=127\.0\.0\.1, .*wan=127\.0\.0\.1",
            "catalog", "nodes", "-detailed")
        self.expect("catalog", "nodes", "-service=nope",
                    err="No nodes match the given query - try expanding your "
                        "search.\n")

    def test_datacenters(self):
        self.expect("catalog", "datacenters", out="dc1\n")

    def test_services(self):
        self.expect("services", "register", "-name=web", "-port=80",
                    "-tag=v2", "-tag=v1", "-meta", "k=v",
                    out="Registered service: web\n")
        self.eventually(lambda: "web" in agent.run("catalog",
                                                   "services").stdout, "web")
        self.expect("catalog", "services", out="consul\nweb\n")
        self.expect("catalog", "services", "-tags",
                    out="consul      \nweb         v1,v2\n")
        self.expect("catalog", "services", "-node=n1", out="consul\nweb\n")
        self.expect("services", "deregister", "-id=web",
                    out="Deregistered service: web\n")
        self.eventually(lambda: "web" not in agent.run("catalog",
                                                       "services").stdout,
                        "no web")

    def test_definition_files(self):
        folder = pathlib.Path(agent.folder)
        (folder / "web.hcl").write_text(
            'service {\n  name = "web"\n  port = 80\n'
            '  check { ttl = "10s" }\n}\n')
        (folder / "db.json").write_text(
            '{"services": [{"id": "db1", "name": "db"}]}')
        self.expect("services", "register", "web.hcl", "db.json",
                    out="Registered service: web\nRegistered service: db\n")
        self.expect("services", "deregister", "web.hcl", "db.json",
                    out="Deregistered service: web\n"
                        "Deregistered service: db1\n")
        self.expect("services", "register", "nofile.json", code=1,
                    err="Error: config: Open failed on nofile.json. open "
                        "nofile.json: no such file or directory\n")


class Cluster(CommandCase):
    def test_members(self):
        self.expect(
            "members",
            out="Node  Address          Status  Type    Build  Protocol  DC   "
                "Segment\n"
                f"n1    127.0.0.1:{agent.lan:<5}  alive   server  1.8.7  2    "
                "     dc1  <all>\n")
        self.expect_match(r"^Node +Address +Status +Tags\nn1 .* alive   .*"
                          r"role=consul,segment=<all>,vsn=2", "members",
                          "-detailed")
        self.expect("members", "-status=failed", code=2)
        self.expect("members", "-status=[", code=1,
                    err="Failed to compile status regexp: error parsing "
                        "regexp: missing closing ]: `[`\n")

    def test_info(self):
        text = self.expect_match(r"(?m)^raft:$", "info")
        leader = [x for x in text.splitlines() if "leader" in x]
        self.assertEqual(leader, ["\tleader = true",
                                  f"\tleader_addr = 127.0.0.1:{agent.server}"])

    def test_raft(self):
        self.expect_match(
            rf"^Node +ID +Address +State +Voter +RaftProtocol\n"
            rf"n1 +{UUID}  127\.0\.0\.1:{agent.server} +leader +true +3\n$",
            "operator", "raft", "list-peers")
        self.expect("operator", "raft", "remove-peer", "-id=zz", code=1,
                    err="Error removing peer: Unexpected response code: 500 "
                        '(id "zz" was not found in the Raft configuration)\n')

    def test_force_leave(self):
        self.expect("force-leave", "nope", code=1,
                    err="Error force leaving: Unexpected response code: 500 "
                        "(agent: No node found with name 'nope')\n")

    def test_reload(self):
        self.expect("reload", out="Configuration reload triggered\n")

    def test_join(self):
        got = agent.run("join", "127.0.0.1:1")
        self.assertEqual(got.returncode, 1)
        self.assertIn("Error joining address '127.0.0.1:1': Unexpected "
                      "response code: 500 (1 error occurred:\n\t* Failed to "
                      "join 127.0.0.1: dial tcp 127.0.0.1:1: connect: "
                      "connection refused\n\n)\n", got.stderr)
        self.assertTrue(got.stderr.endswith("Failed to join any nodes.\n"))


class Events(CommandCase):
    def test_event(self):
        self.expect_match(rf"^Event ID: {UUID}\n$", "event", "-name=deploy",
                          "payload")
        self.eventually(
            lambda: '"deploy"' in agent.run("watch", "-type=event",
                                            "-name=deploy").stdout,
            "the event")

    def test_maint(self):
        self.expect("maint", "-enable", "-reason=upgrading",
                    out="Node maintenance is now enabled\n")
        self.expect("maint", out="Node:\n  Name:   n1\n"
                                 "  Reason: upgrading\n\n")
        self.expect("maint", "-disable",
                    out="Node maintenance is now disabled\n")
        self.expect("maint")
        self.expect("maint", "-enable", "-service=nope", code=1,
                    err="Error enabling service maintenance: Unexpected "
                        "response code: 404 (No service registered with ID "
                        '"nope")\n')

    @unittest.skipIf("CONSUL" in os.environ,
                     "monitor of Consul 1.8.7 ends at once")
    def test_monitor(self):
        process = agent.start("monitor", "-log-level=DEBUG")
        try:
            line = ""
            deadline = time.monotonic() + EVENTUALLY_SECONDS
            os.set_blocking(process.stdout.fileno(), False)
            while not line and time.monotonic() < deadline:
                # Each change of a service is worth a line of the log.
                agent.run("services", "register", "-name=logged")
                agent.run("services", "deregister", "-id=logged")
                line = process.stdout.readline() or ""
            self.assertRegex(line, r"\[(TRACE|DEBUG|INFO|WARN|ERROR)\]")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(COMMAND_SECONDS), 0)
        finally:
            process.kill()
            process.communicate()


class Watches(CommandCase):
    def tearDown(self):
        agent.run("kv", "delete", "-recurse")

    def test_once(self):
        agent.run("kv", "put", "a", "x<y")
        data = json.loads(self.expect_match(r'^{\n    "Key": "a",\n', "watch",
                                            "-type=key", "-key=a"))
        self.assertEqual(
            list(data), ["Key", "CreateIndex", "ModifyIndex", "LockIndex",
                         "Flags", "Value", "Session"])
        self.expect("watch", "-type=key", "-key=nope", out="null\n")
        self.expect("watch", "-type=bogus", code=1,
                    err="Unsupported watch type: bogus\n")

    def test_handler(self):
        agent.run("kv", "put", "a", "1")
        got = agent.run("watch", "-type=key", "-key=a",
                        "cat; echo index=$CONSUL_INDEX; exit 3")
        self.assertRegex(got.stdout, r'^{"Key":"a",.*}\nindex=\d+\n$')
        self.assertEqual((got.stderr, got.returncode),
                         ("Error executing handler: exit status 3\n", 1))

    def test_follows_until_signal(self):
        file = pathlib.Path(agent.folder) / "seen"
        file.write_text("")
        agent.run("kv", "put", "a", "1")
        process = agent.start("watch", "-type=key", "-key=a", f"cat >>{file}")
        try:
            for count, value in ((1, None), (2, "2"), (3, "3")):
                if value:
                    agent.run("kv", "put", "a", value)
                self.eventually(
                    lambda: file.read_text().count("\n") == count,
                    f"{count} calls")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(COMMAND_SECONDS), 0)
        finally:
            process.kill()
            process.communicate()


class Locks(CommandCase):
    def test_lock(self):
        self.expect("lock", "-verbose", "mylock",
                    "echo held=$CONSUL_LOCK_HELD; exit 7",
                    out="Setting up lock at path: mylock/.lock\n"
                        "Attempting lock acquisition\nStarting handler\n"
                        "held=true\nChild terminated, releasing lock\n"
                        "Cleanup succeeded\n",
                    err="Error running handler: exit status 7\n")
        self.expect("lock", "-child-exit-code", "mylock", "exit 7", code=2,
                    err="Error running handler: exit status 7\n")
        self.expect("kv", "get", "-keys", "mylock")

    def test_semaphore(self):
        self.expect("lock", "-n=2", "-verbose", "sem", "echo hi",
                    out="Setting up semaphore (limit 2) at prefix: sem\n"
                        "Attempting lock acquisition\nStarting handler\nhi\n"
                        "Child terminated, releasing lock\n"
                        "Cleanup succeeded\n")
        self.expect("kv", "get", "-keys", "sem")

    def hold(self, *flags):
        """Starts a holder and waits until it holds."""
        process = agent.start("lock", *flags, "-verbose", "busy",
                              "echo started; exec sleep 60")
        while process.stdout.readline() not in ("started\n", ""):
            pass
        return process

    def test_second_waits_and_signal_releases(self):
        process = self.hold()
        try:
            self.expect("lock", "-timeout=1s", "busy", "true", code=1,
                        err="Shutdown triggered or timeout during lock "
                            "acquisition\n")
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=COMMAND_SECONDS)
            self.assertIn("Shutdown triggered, killing child\n", out)
            self.assertTrue(out.endswith("Cleanup succeeded\n"), out)
            self.assertEqual(process.returncode, 0)
        finally:
            process.kill()
            process.communicate()

    def test_lost_lock_ends_the_child(self):
        process = self.hold()
        try:
            agent.run("kv", "delete", "busy/.lock")
            out, _ = process.communicate(timeout=COMMAND_SECONDS)
            self.assertIn("Lock lost, killing child\n", out)
        finally:
            process.kill()
            process.communicate()

    def test_arguments(self):
        self.expect("lock", "a", code=1,
                    err="Key prefix and child command must be specified\n")
        self.expect("lock", "-n=0", "a", "b", code=1,
                    err="Lock holder limit must be positive\n")


class Local(CommandCase):
    def test_keygen(self):
        self.expect_match(r"^[A-Za-z0-9+/]{43}=\n$", "keygen")

    def test_version(self):
        text = ("Consul v1.8.7\nProtocol 2 spoken by default, understands 2 "
                "to 3 (agent will automatically use protocol >2 when speaking "
                "to compatible agents)\n\n")
        for args in (("version",), ("-v",), ("--version",)):
            self.expect(*args, out=text)

    def test_validate(self):
        file = pathlib.Path(agent.folder) / "good.json"
        file.write_text('{"data_dir": "/tmp/x", "bind_addr": "127.0.0.1"}')
        got = agent.run("validate", str(file))
        self.assertEqual((got.stdout, got.returncode),
                         ("Configuration is valid!\n", 0))

    def test_usage(self):
        got = agent.run()
        self.assertEqual((got.stdout, got.returncode), ("", 127))
        self.assertTrue(got.stderr.startswith(
            "Usage: consul [--version] [--help] <command> [<args>]\n\n"
            "Available commands are:\n"))
        got = agent.run("kv", "bogus")
        self.assertEqual((got.stdout, got.returncode), ("", 1))
        got = agent.run("kv", "get", "-h")
        self.assertEqual((got.stderr, got.returncode), ("", 0))
        self.assertTrue(got.stdout.startswith("Usage: consul kv get "))

    def test_no_agent(self):
        refused = "dial tcp 127.0.0.1:1: connect: connection refused\n"
        for args, prefix in (
            (("kv", "get"), "Error querying Consul agent: Get "
             '"http://127.0.0.1:1/v1/kv/a": '),
            (("kv", "put"), "Error! Failed writing data: Put "
             '"http://127.0.0.1:1/v1/kv/a": '),
        ):
            self.expect(*args, "-http-addr=127.0.0.1:1", "a", code=1,
                        err=prefix + refused)
        self.expect("kv", "get", "-http-addr=tcp://1", "a", code=1,
                    err="Error connecting to Consul agent: Unknown protocol "
                        "scheme: tcp\n")

    @unittest.skipIf("CONSUL" in os.environ, "not a command of Consul")
    def test_completion(self):
        self.expect_match(r"complete .*-C praetor praetor", "completion",
                          "bash")
        got = agent.run(COMP_LINE="praetor kv ge")
        self.assertEqual(got.stdout, "get\n")


class Zleave(CommandCase):
    """Runs last, as unittest sorts classes by name."""

    def test_leave(self):
        self.expect("leave", "x", code=1,
                    out=agent.run("leave", "-h").stdout,
                    err="Error found unexpected args: [x]\n")
        self.expect("leave", out="Graceful leave complete\n")
        agent.process.wait(COMMAND_SECONDS)


if __name__ == "__main__":
    unittest.main(argv=sys.argv, verbosity=1)
