#!/usr/bin/env python3
"""`praetor template`: files that follow what a server knows.

Goal: command lines, files, signals and exit codes are those of
consul-template 0.19.3, but for the differences named in DIFFERENCES; files are
never half written; outages touch nothing; faults end what they must and no
more.
Method: a real server and real processes. template_cases.json holds runs that
were recorded with consul-template 0.19.3 and Consul 1.8.7: arguments, files
before, steps, then exit code, stdout, stderr and files after.
$CONSUL_TEMPLATE may name another program to test, $CONSUL_HTTP another server.
"""

import argparse
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

from harness import (Client, Server, binary, expect, expect_equal, folder,
                     free_ports, memory_limit_mb, run_tests, runs, wait_until)
from tls_proxy import Certificates, Proxy, have_openssl

CASES = pathlib.Path(__file__).with_name("template_cases.json")
STEP_SECONDS = 1.0  # between the steps of a recorded case
END_SECONDS = 15
AT_ONCE = 6  # recorded cases in parallel: they mostly wait

# Where this program is meant to differ from the recorded one, and why.
DIFFERENCES = {
    "template four longer parts":
        "a command may contain colons, as since 0.19.4",
    "config backup of existing": "the old file's mode is kept, as since 0.20",
}


def program():
    other = os.environ.get("CONSUL_TEMPLATE")
    return shlex.split(other) if other else [binary(), "template"]


def put(port, path, value):
    client = Client(port)
    try:
        client.ok("PUT", path, value)
    finally:
        client.close()


class Run:
    """One process of the program, in a directory of its own."""

    def __init__(self, home, port, *args, files=None, env=None, addr=True):
        self.home = pathlib.Path(home)
        for name, text in (files or {}).items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.out = open(self.home / ".stdout", "w+b")
        self.err = open(self.home / ".stderr", "w+b")
        where = [f"-consul-addr=127.0.0.1:{port}"] if addr else []
        self.process = subprocess.Popen(
            program() + where + list(args), cwd=self.home,
            stdin=subprocess.DEVNULL, stdout=self.out, stderr=self.err,
            start_new_session=True,
            env={k: v for k, v in os.environ.items()
                 if not k.startswith("CONSUL")} | (env or {}))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.out.close()
        self.err.close()

    def stderr(self):
        return (self.home / ".stderr").read_text(errors="replace")

    def stdout(self):
        return (self.home / ".stdout").read_text(errors="replace")

    def read(self, name="out"):
        with contextlib.suppress(FileNotFoundError):
            return (self.home / name).read_text()

    def await_text(self, text, name="out", seconds=END_SECONDS):
        wait_until(lambda: self.read(name) == text, seconds,
                   f"{name} to be {text!r}, not {self.read(name)!r}; stderr: "
                   f"{self.stderr()!r}", 0.01)

    def await_log(self, text, seconds=END_SECONDS):
        wait_until(lambda: text in self.stderr(), seconds,
                   f"{text!r} in {self.stderr()!r}", 0.01)

    def send(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=END_SECONDS):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            expect(False, f"still runs; stderr: {self.stderr()!r}")

    def alive(self):
        return self.process.poll() is None


# -- recorded runs ------------------------------------------------------------

TIME = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d(\.\d+)?(?= \[)")
VERSION = re.compile(r"\[INFO\] .*v0\.19\.3 \(.*\)")
CONFIG = re.compile(r'(final config: )\{.*\}')


def normal(text):
    """What no two runs have in common, and the program's name: the recorded
    one was built without."""
    text = text.replace("Usage: consul-template ", "Usage:  ")
    text = VERSION.sub("[INFO] <VERSION>", TIME.sub("<TS>", text))
    return CONFIG.sub(r"\1<CONFIG>", text)


def shortened(got, expected):
    """A recorded text that ends with dots goes on with anything."""
    if expected.endswith("\n..."):
        expected = expected[:-3]
        got = got[:len(expected)]
    return got, expected


def files_below(home):
    out = {}
    for path in sorted(home.rglob("*")):
        name = str(path.relative_to(home))
        if path.is_file() and name not in (".stdout", ".stderr"):
            out[name] = (path.read_text(), oct(path.stat().st_mode & 0o7777))
    return out


def recorded(case, home, closed):
    """Runs one case against a server of its own key prefix. Returns what
    differs, as text."""
    with Server() as server:
        return compare(case, home, server.port, closed)


def compare(case, home, port, closed):
    def real(text):
        text = text.replace("127.0.0.1:23500", "<CONSUL>")
        text = text.replace("127.0.0.1:23999", f"127.0.0.1:{closed}")
        return text.replace("<CONSUL>", f"127.0.0.1:{port}") \
                   .replace("<DIR>", str(home))

    for step in [*case.get("setup", [])]:
        put(port, step["path"], step.get("body"))
    put(port, "/v1/kv/cli/a", "1")
    for name, file in case["files"].items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(real(file["content"]))
        path.chmod(int(file["mode"] or "0644", 8))
    with Run(home, port, *map(real, case["args"]), addr=False) as run:
        for step in case.get("steps", []):
            time.sleep(STEP_SECONDS)
            verb, rest = step.split(" ", 1)
            if verb == "send":
                run.send(getattr(signal, rest))
            else:
                put(port, *rest.split(" ", 1))
        try:
            code = run.process.wait(
                4 if case["exit"] == "still running" else END_SECONDS)
        except subprocess.TimeoutExpired:
            code = "still running"
        got_files = files_below(home)
        pid = str(run.process.pid)
        expected = {name: (real(x["content"]), oct(int(x["mode"], 8)))
                    for name, x in case["files_after"].items()}
        if "pid" in expected:
            expected["pid"] = (pid, expected["pid"][1])
        pairs = [("exit code", code, case["exit"]),
                 ("stdout", run.stdout(), real(case["stdout"])),
                 ("stderr", *shortened(normal(run.stderr()),
                                       normal(real(case["stderr"])))),
                 ("files", got_files, expected)]
        return "\n".join(f"{what}: expected {b!r}\n  got {a!r}"
                         for what, a, b in pairs if a != b)


def recorded_runs():
    """Recorded runs of consul-template 0.19.3 go the same way, but for the
    named differences."""
    cases = json.loads(CASES.read_text())
    closed, = free_ports(1)

    def one(case):
        with folder() as home:
            return recorded(case, home, closed)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(one, cases))
    wrong = [f"{x['name']}: {text}" for x, text in zip(cases, results)
             if text and x["name"] not in DIFFERENCES]
    same = [x["name"] for x, text in zip(cases, results)
            if not text and x["name"] in DIFFERENCES]
    expect(not wrong, f"{len(wrong)} of {len(cases)} differ:\n"
           + "\n".join(wrong))
    expect(not same, f"named as different, but are not: {same}")


# -- our own scenes -----------------------------------------------------------

@contextlib.contextmanager
def scene(**keys):
    """A server with some keys, and a directory."""
    with folder() as home, Server() as server:
        for name, value in keys.items():
            put(server.port, f"/v1/kv/{name}", value)
        yield home, server


TEMPLATE = {"in": 'v={{key "a"}}\n'}


def renders_services():
    """A list of services follows registrations and health."""
    text = ('{{range service "web"}}{{.ID}}:{{.Port}} {{end}}'
            '{{range services}}{{.Name}} {{end}}')
    with scene() as (home, server), \
            Run(home, server.port, "-template=in:out", files={"in": text}) \
            as run:
        run.await_text("consul ")
        client = server.client()
        for i in (1, 2):
            client.ok("PUT", "/v1/agent/service/register",
                      {"Name": "web", "ID": f"w{i}", "Port": 80 + i,
                       "Check": {"TTL": "1h", "Status": "passing"}})
        run.await_text("w1:81 w2:82 consul web ")
        client.ok("PUT", "/v1/agent/check/fail/service:w1")
        run.await_text("w2:82 consul web ")
        client.ok("PUT", "/v1/agent/service/deregister/w2")
        client.ok("PUT", "/v1/agent/service/deregister/w1")
        run.await_text("consul ")


def survives_an_outage():
    """While the server is away nothing is touched; afterwards changes arrive
    again, also when the server's indexes start over."""
    with folder() as home:
        with Server(folder=home) as server:
            put(server.port, "/v1/kv/a", "1")
            with Run(home, server.port, "-template=in:out:echo ran >> log",
                     "-consul-retry-backoff=50ms", "-consul-retry-attempts=0",
                     "-consul-retry-max-backoff=100ms",
                     files=TEMPLATE) as run:
                run.await_text("v=1\n")
                before = os.stat(home / "out")
                server.kill()
                run.await_log("connection refused")
                time.sleep(0.5)
                after = os.stat(home / "out")
                expect_equal((after.st_ino, after.st_mtime_ns),
                             (before.st_ino, before.st_mtime_ns), "the file")
                server.start()  # in development mode: empty
                time.sleep(0.5)
                expect_equal(run.read(), "v=1\n", "after the restart")
                for i in range(20):  # past the index that is waited for
                    put(server.port, "/v1/kv/b", str(i))
                put(server.port, "/v1/kv/a", "2")
                run.await_text("v=2\n")
                run.await_text("ran\nran\n", "log")
                expect(run.alive(), "ended")


def never_half_a_file():
    """Somebody who reads the file all the time never sees a part of it."""
    text = '{{range loop 20000}}{{key "a"}}{{end}}'
    with scene(a="1") as (home, server), \
            Run(home, server.port, "-template=in:out", files={"in": text}) \
            as run:
        wait_until(lambda: run.read(), END_SECONDS, "the file")
        seen, stop = set(), threading.Event()

        def read():
            while not stop.is_set():
                text = run.read()
                seen.add((len(text), "".join(sorted(set(text)))))

        thread = threading.Thread(target=read)
        thread.start()
        for i in range(30):
            put(server.port, "/v1/kv/a", str(i % 10))
            time.sleep(0.03)
        stop.set()
        thread.join()
        torn = [x for x in seen if x[0] != 20000 or len(x[1]) != 1]
        expect(not torn, f"seen: {torn}")
        expect(len(seen) > 2, f"too few changes seen: {seen}")
        # The last change may still be on its way into the file; a signal is
        # handled between renderings.
        run.send(signal.SIGINT)
        expect_equal(run.wait(), 12, "exit code")
        left = [x for x in os.listdir(home) if x.startswith("out") and
                x != "out"]
        expect_equal(left, [], "temporary files")


def killed_while_writing():
    """kill -9 at any moment leaves the old or the new file."""
    text = '{{range loop 200000}}{{key "a"}}{{end}}'
    with scene(a="0") as (home, server):
        for i in range(1, 9):
            put(server.port, "/v1/kv/a", str(i))
            with Run(home, server.port, "-template=in:out",
                     files={"in": text}) as run:
                time.sleep(0.02 * i)
                run.process.kill()
                run.process.wait()
                content = run.read() or "0" * 200000
                expect_equal((len(content), len(set(content))), (200000, 1),
                             "the file")


def failing_command():
    """A failing command does not end the daemon, unless it is told so."""
    with scene(a="1") as (home, server):
        with Run(home, server.port, "-template=in:out:exit 3",
                 files=TEMPLATE) as run:
            run.await_log('failed to execute command "exit 3"')
            put(server.port, "/v1/kv/a", "2")
            run.await_text("v=2\n")
            expect(run.alive(), "ended")
        os.unlink(home / "out")
        with Run(home, server.port, "-template=in:out:exit 3",
                 "-exit-on-command-error") as run:
            expect_equal(run.wait(), 14, "exit code")
            expect_equal(run.read(), "v=2\n", "the file")
            expect("command exited with a non-zero exit status" in
                   run.stderr(), run.stderr())


def slow_command():
    """A command that takes too long is killed, with all it started."""
    config = ('template { source = "in" destination = "out" '
              'command = "sleep 60; true" command_timeout = "300ms" }')
    with scene(a="1") as (home, server), \
            Run(home, server.port, "-config=c.hcl", "-once",
                files=TEMPLATE | {"c.hcl": config}) as run:
        began = time.monotonic()
        expect_equal(run.wait(), 14, "exit code")
        expect(time.monotonic() - began < 5, "took long")
        expect('did not exit within "300ms"' in run.stderr(), run.stderr())


def reload_reads_again():
    """SIGHUP reads configuration and templates again."""
    config = 'template { source = "in" destination = "%s" }'
    with scene(a="1") as (home, server), \
            Run(home, server.port, "-config=c.hcl",
                files=TEMPLATE | {"c.hcl": config % "out"}) as run:
        run.await_text("v=1\n")
        (home / "in").write_text('w={{key "a"}}\n')
        (home / "c.hcl").write_text(config % "out2")
        run.send(signal.SIGHUP)
        run.await_text("w=1\n", "out2")
        expect("Reloading configuration...\n" in run.stderr(), run.stderr())
        expect_equal(run.read(), "v=1\n", "the old destination")
        put(server.port, "/v1/kv/a", "2")
        run.await_text("w=2\n", "out2")
        (home / "c.hcl").write_text("bogus = 1")
        run.send(signal.SIGHUP)
        expect_equal(run.wait(), 15, "exit code with a bad file")
        expect("has invalid keys: bogus" in run.stderr(), run.stderr())


def ends_by_signals():
    """SIGINT ends with 12; so does SIGTERM without a child; others are
    swallowed."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with scene(a="1") as (home, server), \
                Run(home, server.port, "-template=in:out",
                    "-pid-file=pid", files=TEMPLATE) as run:
            run.await_text("v=1\n")
            expect_equal(run.read("pid"), str(run.process.pid), "pid file")
            for other in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
                          signal.SIGPIPE, signal.SIGALRM):
                run.send(other)
            time.sleep(0.2)
            expect(run.alive(), "ended by another signal")
            run.send(number)
            expect_equal(run.wait(), 12, "exit code")
            expect_equal(run.stderr(), "Cleaning up...\n", "stderr")
            expect_equal(run.read("pid"), None, "pid file")


def exec_mode():
    """The child starts after all files, gets signals, is restarted at changes
    and stopped with the program."""
    child = ("trap 'echo usr2 >> log' USR2; echo start >> log; cat out >> log;"
             " while :; do sleep 0.05; done")
    with scene(a="1") as (home, server), \
            Run(home, server.port, "-template=in:out", "-exec", child,
                "-exec-kill-timeout=1s", files=TEMPLATE) as run:
        run.await_text("start\nv=1\n", "log")
        run.send(signal.SIGUSR2)
        run.await_text("start\nv=1\nusr2\n", "log")
        put(server.port, "/v1/kv/a", "2")
        run.await_text("start\nv=1\nusr2\nstart\nv=2\n", "log")
        run.send(signal.SIGINT)
        expect_equal(run.wait(), 12, "exit code")
        expect(not children_in(run), "the child still runs")


def children_in(run):
    """Processes of the run's session."""
    listed = subprocess.run(["ps", "-o", "pid=", "-s", str(run.process.pid)],
                            capture_output=True, text=True).stdout.split()
    return [x for x in map(int, listed) if x != run.process.pid and runs(x)]


def exec_faults():
    """The child's exit code is ours; a missing one is 14; a stubborn one is
    killed."""
    for command, code in (("exit 7 # x", 7), ("exit 0 # x", 0),
                          ("kill -9 $$ # x", 255), ("/no/such", 14)):
        with scene(a="1") as (home, server), \
                Run(home, server.port, "-template=in:out", "-exec", command,
                    files=TEMPLATE) as run:
            expect_equal(run.wait(), code, f"exit code of {command!r}")
    child = "trap '' INT; echo start >> log; while :; do sleep 0.05; done"
    with scene(a="1") as (home, server), \
            Run(home, server.port, "-template=in:out", "-exec", child,
                "-exec-kill-timeout=300ms", files=TEMPLATE) as run:
        run.await_text("start\n", "log")
        run.send(signal.SIGINT)
        expect_equal(run.wait(), 12, "exit code")
        expect(not children_in(run), "the child still runs")


def waits_for_quiet():
    """-wait: the first rendering is immediate, a burst is rendered once, and
    an endless one after max."""
    with scene(a="0") as (home, server), \
            Run(home, server.port, "-template=in:out:cat out >> log",
                "-wait=300ms:900ms", files=TEMPLATE) as run:
        run.await_text("v=0\n", seconds=5)
        for i in range(1, 4):
            put(server.port, "/v1/kv/a", str(i))
            time.sleep(0.05)
        expect_equal(run.read(), "v=0\n", "in the burst")
        run.await_text("v=3\n")
        run.await_text("v=0\nv=3\n", "log")
        began = time.monotonic()
        while run.read() == "v=3\n":
            put(server.port, "/v1/kv/a", str(time.monotonic()))
            time.sleep(0.1)
            expect(time.monotonic() - began < 5, "never rendered")
        expect(time.monotonic() - began > 0.6, "did not wait")


def watches_each_once():
    """However many templates use a dependency, it is asked for once."""
    asked = []

    class Counting(threading.Thread):
        def __init__(self, to):
            super().__init__(daemon=True)
            self.to, self.listener = to, socket.create_server(("127.0.0.1", 0))
            self.port = self.listener.getsockname()[1]

        def run(self):
            while True:
                try:
                    peer, _ = self.listener.accept()
                except OSError:
                    return
                threading.Thread(target=self.serve, args=(peer,),
                                 daemon=True).start()

        def serve(self, peer):
            with contextlib.suppress(OSError), peer, \
                    socket.create_connection(("127.0.0.1", self.to)) as far:
                while head := peer.recv(65536):
                    asked.append(head.split(b" ")[1].decode())
                    far.sendall(head)
                    peer.sendall(far.recv(65536))

    with scene(a="1") as (home, server):
        proxy = Counting(server.port)
        proxy.start()
        args = [f"-template=in:out{i}" for i in range(20)]
        with Run(home, proxy.port, *args, files=TEMPLATE) as run:
            for i in range(20):
                run.await_text("v=1\n", f"out{i}")
            time.sleep(0.3)
            expect_equal(sum(x.startswith("/v1/kv/a") for x in asked), 2,
                         f"requests: one answered, one that waits: {asked}")
        proxy.listener.close()


def explains():
    """-explain prints what each template depends on and what it waits for."""
    files = {"in": '{{key "a"}}{{key "b"}}{{range services}}{{end}}',
             "two": "nothing", "bad": '{{key "a"}}{{index . 1}}'}
    with scene(a="1") as (home, server), \
            Run(home, server.port, "-explain", "-template=in:out",
                "-template=two:out2", "-template=bad:out3",
                files=files) as run:
        expect_equal(run.wait(), 0, "exit code")
        text = run.stdout()
        for line in ('"in" => "out"\n', "  kv.block(a)       has data\n",
                     "  kv.block(b)       waits for the key to exist\n",
                     "  catalog.services  has data\n", '"two" => "out2"\n',
                     "  depends on nothing\n", "  fails: "):
            expect(line in text, f"no {line!r} in\n{text}")
        expect_equal(run.read(), None, "the destination")
    closed, = free_ports(1)
    with folder() as home, Run(home, closed, "-explain", "-template=in:out",
                               files=TEMPLATE) as run:
        expect_equal(run.wait(), 0, "exit code")
        expect("waits for kv.block(a): Get " in run.stdout(), run.stdout())


def shows_the_line():
    """Errors in a template show its line with a caret."""
    for text, shown in (
            ("one\ntwo {{ nope 1 }} end\n",
             "two {{ nope 1 }} end\n       ^\n"),
            ("a\n  {{ if true }}\nb", "b\n^\n"),
            ("x {{ index 1 2 }}", "x {{ index 1 2 }}\n     ^\n")):
        with folder() as home, Run(home, 1, "-parse-only",
                                   "-template=in:out",
                                   files={"in": text}) as run:
            expect_equal(run.wait(), 14, "exit code")
            expect(run.stderr().endswith(shown),
                   f"{text!r}: {run.stderr()!r} does not end with {shown!r}")


def tokens_and_variables():
    """Token, basic auth and derived variables reach server and commands; flags
    win over files, files over the environment."""
    seen = []

    def serve(listener):
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listener.accept()
                head = peer.recv(65536).decode()
                seen.append(head)
                body = '[{"Value":"MQ=="}]'
                peer.sendall((f"HTTP/1.1 200 OK\r\nX-Consul-Index: 1\r\n"
                              f"Content-Length: {len(body)}\r\n"
                              f"Connection: close\r\n\r\n{body}").encode())
                peer.close()

    with socket.create_server(("127.0.0.1", 0)) as listener, folder() as home:
        port = listener.getsockname()[1]
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        files = TEMPLATE | {"token": "from-file\n"}
        command = "in:out:env | grep ^CONSUL_ | sort > env"
        with Run(home, port, "-once", f"-template={command}",
                 "-consul-auth=bob:pw", files=files, addr=False,
                 env={"CONSUL_HTTP_ADDR": f"127.0.0.1:{port}",
                      "CONSUL_HTTP_TOKEN": "secret"}) as run:
            expect_equal(run.wait(), 0, "exit code")
            expect_equal(run.read("env"),
                         f"CONSUL_HTTP_ADDR=127.0.0.1:{port}\n"
                         "CONSUL_HTTP_AUTH=bob:pw\nCONSUL_HTTP_SSL=false\n"
                         "CONSUL_HTTP_SSL_VERIFY=true\n"
                         "CONSUL_HTTP_TOKEN=secret\n", "variables")
        expect("X-Consul-Token: secret" in seen[-1], seen[-1])
        expect("Authorization: Basic Ym9iOnB3" in seen[-1], seen[-1])
        with Run(home, port, "-once", "-template=in:out2",
                 "-consul-token-file=token") as run:
            expect_equal(run.wait(), 0, "exit code")
        expect("X-Consul-Token: from-file" in seen[-1], seen[-1])


def hides_secrets():
    """The debug log shows the configuration, without token and password."""
    with scene(a="1") as (home, server), \
            Run(home, server.port, "-once", "-template=in:out",
                "-log-level=debug", "-consul-token=s3cret",
                "-consul-auth=bob:pass-word", files=TEMPLATE) as run:
        expect_equal(run.wait(), 0, "exit code")
        line = [x for x in run.stderr().splitlines() if "final config" in x]
        shown = json.loads(line[0].split("final config: ", 1)[1])
        expect_equal(shown["Consul"]["Auth"], {
            "Enabled": True, "Username": "bob", "Password": "(hidden)"}, "auth")
        expect_equal(shown["Templates"][0]["Destination"], "out", "template")
        for secret in ("s3cret", "pass-word"):
            expect(secret not in run.stderr(), f"{secret} in the log")


def bad_servers():
    """Answers that make no sense end after the retries, with the reason."""
    answers = [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n{",
               b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nboom",
               b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[",
               b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{[}",
               b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100000]
    for answer in answers:
        with socket.create_server(("127.0.0.1", 0)) as listener, \
                folder() as home:
            def serve():
                with contextlib.suppress(OSError):
                    while True:
                        peer, _ = listener.accept()
                        with contextlib.suppress(OSError):
                            peer.recv(65536)
                            peer.sendall(answer)
                        peer.close()
            threading.Thread(target=serve, daemon=True).start()
            with Run(home, listener.getsockname()[1], "-template=in:out",
                     "-once", "-consul-retry-attempts=1",
                     "-consul-retry-backoff=1ms", files=TEMPLATE) as run:
                expect_equal(run.wait(), 14, f"exit code after {answer[:40]!r}")
                expect("(exceeded maximum retries)" in run.stderr(),
                       run.stderr())
                expect_equal(run.read(), None, "the file")


def bad_configuration():
    """What a configuration file has wrong is said, with exit code 15 or 14."""
    rows = [("bogus = 1", 15, "'' has invalid keys: bogus"),
            ("consul { retry { x = 1 } }", 15,
             "'consul.retry' has invalid keys: x"),
            ('wait = "5s:1s"', 15, "wait: min must be less than max"),
            ('max_stale = "5"', 15, "missing unit in duration"),
            ('kill_signal = "SIGBOGUS"', 15, 'invalid signal "SIGBOGUS"'),
            ('template { perms = "9" }', 15, "is not a file mode"),
            ("template {", 15, "error decoding config: At "),
            ("\x00\xff{{{", 15, "error decoding config: At "),
            ("template { }", 14, "must specify exactly one of"),
            ('log_level = "loud"', 15, 'invalid log level "loud"')]
    for text, code, words in rows:
        with folder() as home, Run(home, 1, "-config=c.hcl", "-once",
                                   files={"c.hcl": text}) as run:
            expect_equal(run.wait(), code, f"exit code of {text!r}")
            expect(words in run.stderr(), f"{text!r}: {run.stderr()!r}")


def old_file_stays():
    """Whatever is wrong with template, source or data: the original's words, exit
    code 14, and the old file as it was, also when it goes wrong later."""
    rows = [("{{key `a`}}\n{{nope}}", "template: :2: function \"nope\""),
            ("{{if}}", "template: :1: missing value for if"),
            ("one\n{{index 1 2}}", ':2:2: executing "" at <index 1 2>'),
            ("{{key `a` | parseJSON}}", "invalid character"),
            ("{{key `a` | parseInt}}", 'parseInt: strconv.ParseInt: parsing'),
            ("{{file `/no/such`}}", "stat /no/such: no such file"),
            (None, "open in: no such file or directory")]
    with scene(a="{bad") as (home, server):
        for text, words in rows:
            files = {"out": "old"} if text is None else {"out": "old",
                                                          "in": text}
            (home / "in").unlink(missing_ok=True)
            with Run(home, server.port, "-once", "-template=in:out",
                     files=files) as run:
                expect_equal(run.wait(), 14, f"exit code of {text!r}")
                expect(words in run.stderr(), f"{text!r}: {run.stderr()!r}")
            expect_equal((home / "out").read_text(), "old", f"{text!r}")
        put(server.port, "/v1/kv/a", '{"n": 1}')
        with Run(home, server.port, "-template=in:out",
                 files={"in": "{{(key `a` | parseJSON).n}}"}) as run:
            run.await_text("1")
            put(server.port, "/v1/kv/a", '{"n": ')
            expect_equal(run.wait(), 14, "exit code")
            expect("unexpected end of JSON input" in run.stderr(),
                   run.stderr())
        expect_equal((home / "out").read_text(), "1", "the file")


def hostile_destinations():
    """A destination that cannot be written is 14; a link is replaced."""
    with folder() as home:
        (home / "dir").mkdir()
        (home / "file").write_text("")
        for destination in ("dir", "file/out", "/proc/nope/out"):
            with Run(home, 1, "-once", f"-template=in:{destination}",
                     files={"in": "x"}) as run:
                expect_equal(run.wait(), 14, f"exit code of {destination}")
                expect("failed writing file" in run.stderr() , run.stderr())
        (home / "target").write_text("old")
        (home / "link").symlink_to("target")
        with Run(home, 1, "-once", "-template=in:link",
                 files={"in": "x"}) as run:
            expect_equal(run.wait(), 0, "exit code")
        expect(not (home / "link").is_symlink(), "still a link")
        expect_equal((home / "target").read_text(), "old", "the target")


def shares_the_work():
    """With -dedup one process watches and the others take over what it
    learned; when it is killed another one watches."""
    with scene(a="1") as (home, server), contextlib.ExitStack() as stack:
        homes = [home / str(i) for i in range(3)]
        all_runs = []
        for x in homes:
            x.mkdir()
            all_runs.append(stack.enter_context(
                Run(x, server.port, "-dedup", "-log-level=info",
                    "-template=in:out", files=TEMPLATE)))
        for run in all_runs:
            run.await_text("v=1\n", seconds=30)
        put(server.port, "/v1/kv/a", "2")
        for run in all_runs:
            run.await_text("v=2\n")
        leaders = [x for x in all_runs if "acquired lock" in x.stderr()]
        expect_equal(len(leaders), 1, "who watches")
        leaders[0].send(signal.SIGINT)
        expect_equal(leaders[0].wait(), 12, "exit code")
        rest = [x for x in all_runs if x is not leaders[0]]
        wait_until(lambda: any("acquired lock" in x.stderr() for x in rest),
                   40, "another one to watch")
        put(server.port, "/v1/kv/a", "3")
        for run in rest:
            run.await_text("v=3\n", seconds=30)


def talks_over_a_socket():
    """unix:// addresses work."""
    with folder() as home:
        path = home / "http.sock"
        config = {"addresses": {"http": f"127.0.0.1 unix://{path}"}}
        with Server(config=config, folder=home) as server:
            put(server.port, "/v1/kv/a", "1")
            with Run(home, 1, f"-consul-addr=unix://{path}", "-once",
                     "-template=in:out", files=TEMPLATE) as run:
                expect_equal(run.wait(), 0, f"exit code; {run.stderr()}")
                expect_equal(run.read(), "v=1\n", "the file")


def talks_tls():
    """https:// addresses, by flags, file and environment, with certificates of
    both sides; who cannot be verified is not asked."""
    if not have_openssl():
        return "no openssl"
    with scene(a="1") as (home, server):
        at = Certificates(home)
        ours = {"ca": at.file("ca.pem"), "cert": at.file("client.pem"),
                "key": at.file("client-key.pem")}
        retry = ["-consul-retry-attempts=1", "-consul-retry-backoff=1ms"]
        with Proxy(server.port, at, mutual=True) as proxy:
            def once(code, *flags, env=None, files=None, words=""):
                where = [] if env or files else \
                    [f"-consul-addr=https://localhost:{proxy.port}"]
                (home / "out").unlink(missing_ok=True)
                with Run(home, 0, "-once", "-template=in:out", *retry, *where,
                         *flags, addr=False, env=env,
                         files=TEMPLATE | (files or {})) as run:
                    expect_equal(run.wait(), code,
                                 f"exit code of {flags}; {run.stderr()}")
                    expect_equal(run.read(), "v=1\n" if code == 0 else None,
                                 f"the file of {flags}")
                    expect(words in run.stderr(), run.stderr())

            flags = [f"-consul-ssl-ca-cert={ours['ca']}",
                     f"-consul-ssl-cert={ours['cert']}",
                     f"-consul-ssl-key={ours['key']}"]
            once(0, *flags)
            once(0, f"-consul-addr=127.0.0.1:{proxy.port}", "-consul-ssl",
                 *flags)
            once(0, f"-consul-addr=127.0.0.1:{proxy.port}", "-consul-ssl",
                 "-consul-ssl-server-name=localhost", *flags)
            once(0, "-consul-ssl-verify=false", *flags[1:])
            once(0, env={"CONSUL_HTTP_ADDR": f"https://localhost:{proxy.port}",
                         "CONSUL_CACERT": ours["ca"],
                         "CONSUL_CLIENT_CERT": ours["cert"],
                         "CONSUL_CLIENT_KEY": ours["key"]})
            block = ('consul { address = "localhost:%d" ssl { enabled = true '
                     'ca_cert = "%s" cert = "%s" key = "%s" } }'
                     % (proxy.port, ours["ca"], ours["cert"], ours["key"]))
            once(0, "-config=c.hcl", files={"c.hcl": block})
            accepted = proxy.accepted
            once(14, *flags[1:], words="certificate")
            once(14, f"-consul-ssl-ca-cert={at.file('other.pem')}", *flags[1:],
                 words="certificate")
            once(14, "-consul-ssl-server-name=example.org", *flags,
                 words="certificate")
            once(14, "-consul-ssl-ca-cert=/no/such", words="/no/such")
            expect_equal(proxy.accepted, accepted, "connections")
            once(14, flags[0])  # without a certificate of its own
            with Run(home, 0, "-template=in:out", *flags, addr=False,
                     env={"CONSUL_HTTP_ADDR":
                          f"https://localhost:{proxy.port}"}) as run:
                run.await_text("v=1\n")
                put(server.port, "/v1/kv/a", "2")
                run.await_text("v=2\n")
    return None


def watches_files():
    """A file is read again when it changes; a missing one is fatal."""
    with folder() as home:
        with Run(home, 1, "-template=in:out",
                 files={"in": '{{file "f"}}', "f": "one"}) as run:
            run.await_text("one")
            (home / "f").write_text("two!")
            run.await_text("two!")
        with Run(home, 1, "-template=in:out2", "-once",
                 files={"in": '{{file "/no/such"}}'}) as run:
            expect_equal(run.wait(), 14, "exit code")
            expect("file(/no/such): stat /no/such: no such file or directory"
                   in run.stderr(), run.stderr())


def many_templates():
    """A thousand templates over a hundred keys: all are written, each key is
    watched once, and the program stays small."""
    with scene() as (home, server):
        config = ["wait { min = \"50ms\" }"]
        for i in range(100):
            put(server.port, f"/v1/kv/k/{i}", str(i))
        for i in range(1000):
            config.append('template { contents = "{{key \\"k/%d\\"}}" '
                          'destination = "out/%d" }' % (i % 100, i))
        with Run(home, server.port, "-config=c.hcl", "-log-level=warn",
                 files={"c.hcl": "\n".join(config)}) as run:
            wait_until(lambda: (home / "out").is_dir() and
                       len(os.listdir(home / "out")) == 1000, 30, "files")
            put(server.port, "/v1/kv/k/7", "new")
            run.await_text("new", "out/907")
            mb = [int(x.split()[1]) for x in
                  open(f"/proc/{run.process.pid}/status")
                  if x.startswith("VmRSS:")][0] / 1024
            expect(mb < memory_limit_mb(100), f"{mb:.1f} MB resident")


def numbers(client):
    """What /v1/agent/metrics shows."""
    return {x["Name"]: x["Value"]
            for x in client.ok("GET", "/v1/agent/metrics")["Gauges"]}


def cpu_seconds(pid):
    parts = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1].split()
    return sum(map(int, parts[11:13])) / os.sysconf("SC_CLK_TCK")


def many_processes(count=200, services=10, idle_seconds=10):
    """200 processes that watch the same 10 services: the server is idle, and
    one change leads to one evaluation and 200 answers."""
    names = [f"s{i}" for i in range(services)]
    text = "".join('{{range service "%s"}}{{.ID}} {{end}}' % x for x in names)

    def register(client, name, node):
        client.ok("PUT", "/v1/catalog/register", {
            "Node": node, "Address": "10.0.0.1",
            "Service": {"Service": name, "ID": f"{name}-{node}", "Port": 80}})

    def everywhere(content):
        wait_until(lambda: all((home / f"out{i}").exists() and
                               (home / f"out{i}").read_text() == content
                               for i in range(count)), 60, "all files", 0.1)

    # One connection for each process and service; 200 are usual.
    config = {"limits": {"http_max_conns_per_client": 2 * count * services}}
    with folder() as home, Server(config=config, folder=home) as server, \
            contextlib.ExitStack() as stack:
        server.await_synced()
        client = server.client()
        for name in names:
            register(client, name, "n1")
        (home / "in").write_text(text)
        for i in range(count):
            process = subprocess.Popen(
                program() + [f"-consul-addr=127.0.0.1:{server.port}",
                             f"-template=in:out{i}"], cwd=home,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(lambda x=process: (x.kill(), x.wait()))
        first = " ".join(f"{x}-n1" for x in names) + " "
        everywhere(first)
        key = "consul.praetor.query_evaluations"

        def quiet():  # the last process has asked its last question
            before = numbers(client)[key], cpu_seconds(server.process.pid)
            time.sleep(0.5)
            return before == (numbers(client)[key],
                              cpu_seconds(server.process.pid))
        wait_until(quiet, 30, "silence")
        before = cpu_seconds(server.process.pid)
        time.sleep(idle_seconds)
        share = (cpu_seconds(server.process.pid) - before) / idle_seconds
        expect(share < 0.01, f"idle, the server takes {share * 100:.2f} % of "
               "a processor")
        for round_, name in enumerate(("s0", "s7"), 2):
            old = numbers(client)
            register(client, name, f"n{round_}")
            first = first.replace(f"{name}-n1", f"{name}-n1 {name}-n{round_}")
            everywhere(first)
            wait_until(quiet, 30, "silence")
            new = numbers(client)
            expect_equal(new[key] - old[key], 1, "evaluations of one change")
            woken = "consul.praetor.watches_woken"
            expect_equal(new[woken] - old[woken], count, "answers")
        print(f"     {count} processes: {share * 100:.2f} % of a processor")


def inside_an_agent():
    """An agent renders the templates of its own configuration, reads them
    again at SIGHUP, and outlives their faults."""
    block = 'actor "template" { source = "%s" destination = "%s" %s }\n'
    with folder() as home:
        for name, text in (("in", '{{key "a"}}'), ("bad", "{{index 1 2}}"),
                           ("web", '{{range service "web"}}{{.ID}} {{end}}')):
            (home / name).write_text(text)
        config = home / "templates.hcl"
        command = f'command = "echo ran >> {home}/log"'
        config.write_text(block % (home / "in", home / "out", command)
                          + block % (home / "web", home / "out2", "")
                          + block % (home / "bad", home / "out3", ""))
        with Server(folder=home, flags=[f"-config-file={config}"]) as server:
            client = server.client()
            client.ok("PUT", "/v1/kv/a", "1")

            def text(name):
                path = home / name
                return path.read_text() if path.exists() else None

            wait_until(lambda: text("out") == "1", 10, "the file")
            wait_until(lambda: text("log") == "ran\n", 10, "the command")
            client.ok("PUT", "/v1/agent/service/register",
                      {"Name": "web", "ID": "w1"})
            wait_until(lambda: text("out2") == "w1 ", 10, "the service")
            client.ok("PUT", "/v1/kv/a", "2")
            wait_until(lambda: text("out") == "2", 10, "the change")
            expect_equal(text("out3"), None, "the template that fails")
            (home / "in").write_text('new {{key "a"}}')
            server.signal(signal.SIGHUP)
            wait_until(lambda: text("out") == "new 2", 10, "the reload")
            config.write_text('actor "template" { bogus = 1 }')
            server.signal(signal.SIGHUP)
            wait_until(lambda: "has invalid keys: bogus" in server.log(), 10,
                       "the bad configuration in the log")
            client.ok("PUT", "/v1/kv/a", "3")
            wait_until(lambda: text("out") == "new 3", 10, "the old templates")
            expect(server.alive(), "the agent ended")
            server.signal(signal.SIGTERM)
            server.wait(10)


TESTS = [recorded_runs, renders_services, survives_an_outage,
         never_half_a_file, killed_while_writing, failing_command,
         slow_command, reload_reads_again, ends_by_signals, exec_mode,
         exec_faults, waits_for_quiet, watches_each_once, explains,
         shows_the_line, tokens_and_variables, hides_secrets, bad_servers,
         bad_configuration, old_file_stays, hostile_destinations,
         shares_the_work, talks_over_a_socket, talks_tls, watches_files,
         many_templates, many_processes, inside_an_agent]

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="",
                        help="run only tests whose name contains this")
    sys.exit(run_tests(TESTS, parser.parse_args().pattern))
