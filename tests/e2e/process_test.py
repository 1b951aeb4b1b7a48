#!/usr/bin/env python3
"""How a server starts, reloads and ends: signals, exit codes, files.

Goal: init scripts, log shippers and operators find what they expect.
Method: a real process each; it gets signals and is asked over HTTP.
"""

import argparse
import json
import os
import signal
import sys

from harness import (Server, expect, expect_equal, folder, memory_limit_mb,
                     run_tests, runs, wait_until)


def running(home, flags=(), config=None, data=True):
    """A started server in `home`."""
    return Server(data_dir=str(home / "data") if data else None, config=config,
                  flags=flags, folder=home).start()


def signals_of_a_server():
    """SIGINT and SIGTERM end a server at once with exit code 1."""
    for number in (signal.SIGTERM, signal.SIGINT):
        for data in (True, False):
            with folder() as home, running(home, data=data) as server:
                server.signal(number)
                expect_equal(server.wait(), 1, f"exit code of {number!r}")
                expect("Graceful shutdown disabled" in server.log(),
                       "the log does not say so")


def graceful_signals():
    """With leave_on_terminate and skip_leave_on_interrupt = false the signals
    leave, with exit code 0."""
    config = {"leave_on_terminate": True, "skip_leave_on_interrupt": False}
    for number in (signal.SIGTERM, signal.SIGINT):
        with folder() as home, running(home, config=config) as server:
            server.signal(number)
            expect_equal(server.wait(30), 0, f"exit code of {number!r}")
            expect("Graceful exit completed" in server.log(), "log")


def leave_over_http():
    """PUT /v1/agent/leave ends the process with exit code 0, and what was
    written is there at the next start."""
    with folder() as home, running(home) as server:
        server.client().ok("PUT", "/v1/kv/a", "1")
        server.client().ok("PUT", "/v1/agent/leave")
        expect_equal(server.wait(30), 0, "exit code")
        server.start()
        expect_equal(server.client().get("/v1/kv/a", raw="").text, "1", "a")


def ends_with_open_requests():
    """A blocking query, a monitor and a busy writer do not delay the end."""
    with folder() as home, running(home) as server:
        clients = [server.client() for _ in range(3)]
        for client, path in zip(clients, ("/v1/kv/none?index=1&wait=5m",
                                          "/v1/agent/monitor",
                                          "/v1/kv/?recurse&index=9&wait=5m")):
            client.connection.request("GET", path)
        server.signal(signal.SIGTERM)
        expect_equal(server.wait(), 1, "exit code")


def scripts_end_with_the_server():
    """A check's program that runs when the server ends is ended, too."""
    config = {"enable_script_checks": True}
    with folder() as home, running(home, config=config) as server:
        pids = home / "pids"
        server.client().ok("PUT", "/v1/agent/check/register", {
            "Name": "slow", "Interval": "1s", "Timeout": "100s", "Args": [
                "/bin/sh", "-c", f"sleep 300 & echo $! $$ > {pids}; wait"]})
        wait_until(lambda: pids.exists() and pids.read_text().strip(), 8,
                   "the program to run")
        server.signal(signal.SIGTERM)
        server.wait()
        group = [int(x) for x in pids.read_text().split()]
        try:
            wait_until(lambda: not any(map(runs, group)), 3,
                       f"the end of {group}")
        finally:
            for pid in filter(runs, group):
                os.kill(pid, signal.SIGKILL)


def reload_by_signal():
    """SIGHUP loads service definitions; a broken file changes nothing."""
    with folder() as home:
        extra = home / "web.json"
        extra.write_text('{"service": {"name": "web", "port": 80}}')
        with running(home, [f"-config-file={extra}"]) as server:
            client = server.client()

            def ports():
                services = client.ok("GET", "/v1/agent/services")
                return {k: v["Port"] for k, v in services.items()}
            expect_equal(ports(), {"web": 80}, "at start")
            extra.write_text('{"services": [{"name": "web", "port": 81},'
                             '{"name": "db", "port": 5432}]}')
            server.signal(signal.SIGHUP)
            wait_until(lambda: ports() == {"web": 81, "db": 5432}, 5,
                       "the reload")
            extra.write_text('{"servces": []}')
            server.signal(signal.SIGHUP)
            wait_until(lambda: "Reload config failed" in server.log(), 5,
                       "the refusal in the log")
            expect("servces" in server.log(), "the log does not name the key")
            expect_equal(ports(), {"web": 81, "db": 5432}, "after a bad file")
            answer = client.put("/v1/agent/reload")
            expect(answer.status == 500 and "servces" in answer.text,
                   f"reload over HTTP: {answer.status} {answer.text}")


def pid_file():
    """The pid file has the decimal pid, and is removed at the end."""
    with folder() as home:
        path = home / "praetor.pid"
        with running(home, [f"-pid-file={path}"]) as server:
            expect_equal(path.read_text(), str(server.process.pid), "pid")
            server.signal(signal.SIGTERM)
            server.wait()
            expect(not path.exists(), "the pid file is still there")


def log_file():
    """-log-file writes the lines to files that rotate by size."""
    with folder() as home:
        logs = home / "logs"
        logs.mkdir()
        flags = [f"-log-file={logs}/", "-log-rotate-bytes=2000",
                 "-log-rotate-max-files=2", "-log-level=debug"]
        with running(home, flags) as server:
            client = server.client()
            for i in range(60):
                client.ok("PUT", "/v1/agent/service/register",
                          {"Name": f"s{i}"})
            server.signal(signal.SIGTERM)
            server.wait()
            files = sorted(logs.iterdir(), key=lambda p: p.name)
            expect(1 < len(files) <= 3, f"files: {files}")
            expect("Exit code" in files[-1].read_text(),
                   "the last line is not in the last file")
            expect(all(p.stat().st_size < 4000 for p in files),
                   f"sizes: {[p.stat().st_size for p in files]}")


def json_logs():
    """-log-json prints one JSON object a line and no banner."""
    with folder() as home, running(home, ["-log-json"]) as server:
        server.signal(signal.SIGTERM)
        server.wait()
        lines = server.log().splitlines()
        expect(len(lines) > 3, f"only {lines}")
        for line in lines:
            entry = json.loads(line)
            expect({"@level", "@message", "@timestamp"} <= entry.keys(), line)


def monitor_streams():
    """/v1/agent/monitor streams lines while they are logged."""
    with Server() as server:
        watcher, client = server.client(), server.client()
        watcher.connection.request("GET", "/v1/agent/monitor?loglevel=debug")
        stream = watcher.connection.getresponse()
        client.ok("PUT", "/v1/agent/service/register", {"Name": "seen"})
        text = b""
        while b"service=seen" not in text:  # the socket's timeout ends it
            text += stream.readline()


def node_id_is_kept():
    """The node's id survives restarts."""
    with folder() as home, running(home) as server:
        def node_id():
            own = server.client().ok("GET", "/v1/agent/self")
            return own["Config"]["NodeID"]
        first = node_id()
        server.kill()
        server.start()
        expect_equal(node_id(), first, "node id")
        mode = os.stat(home / "data" / "node-id").st_mode & 0o777
        expect_equal(mode, 0o600, "mode of node-id")


def little_memory_when_idle():
    """A second after the start, what only the start needed is given back;
    the code still runs, and what ran comes back."""
    most = memory_limit_mb(18)
    with folder() as home, running(home) as server:
        wait_until(lambda: server.resident_mb() < most, 10,
                   "an idle server uses little memory")
        server.client().ok("PUT", "/v1/kv/a", "1")
        expect_equal(server.client().get("/v1/kv/a", raw="").text, "1", "a")


TESTS = [signals_of_a_server, graceful_signals, leave_over_http,
         ends_with_open_requests, scripts_end_with_the_server,
         reload_by_signal, pid_file, log_file, json_logs, monitor_streams,
         node_id_is_kept, little_memory_when_idle]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-k", default="", help="only tests with this in the "
                                               "name")
    return run_tests(TESTS, parser.parse_args().k)


if __name__ == "__main__":
    sys.exit(main())
