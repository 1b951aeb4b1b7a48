#!/usr/bin/env python3
"""Health checks against real things: nginx, sockets, programs.

Goal: a check says what is true, soon after it becomes true, and leaves nothing
behind.
Method: one development server; nginx and scripts are started here, with files
and ports of their own.
"""

import argparse
import os
import socket
import subprocess
import sys
import time

from harness import (Server, expect, expect_equal, folder, free_ports,
                     memory_limit_mb, run_tests, runs, wait_until)

NGINX = "/usr/sbin/nginx"
SOON = 8  # seconds for a check with interval 1s to say what is true
SCRIPTS = {"enable_script_checks": True}
NGINX_CONFIG = """daemon off;
pid {home}/nginx.pid;
error_log {home}/error.log;
worker_processes 1;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {home}/a; proxy_temp_path {home}/b;
  fastcgi_temp_path {home}/c; uwsgi_temp_path {home}/d; scgi_temp_path {home}/e;
  server {{
    listen 127.0.0.1:{port};
    location /ok {{ return 200 "fine"; }}
    location /busy {{ return 429 "wait"; }}
    location /broken {{ return 500 "broken"; }}
    location /missing {{ return 404; }}
  }}
}}
"""


def status(client, check):
    return client.ok("GET", "/v1/agent/checks")[check]["Status"]


def output(client, check):
    return client.ok("GET", "/v1/agent/checks")[check]["Output"]


def await_status(client, check, wanted, seconds=SOON):
    try:
        wait_until(lambda: status(client, check) == wanted, seconds,
                   f"{check} to be {wanted}")
    except Exception:
        print(f"     {client.ok('GET', '/v1/agent/checks').get(check)}")
        raise


def add(client, name, **fields):
    client.ok("PUT", "/v1/agent/check/register",
              {"Name": name, "Interval": "1s"} | fields)


class Nginx:
    def __init__(self, home):
        self.home, self.port = home, free_ports(1)[0]
        (home / "nginx.conf").write_text(
            NGINX_CONFIG.format(home=home, port=self.port))
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [NGINX, "-p", str(self.home), "-c", str(self.home / "nginx.conf"),
             "-e", str(self.home / "error.log")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            self.process = None


def http_check_of_nginx():
    """A service with an HTTP check follows nginx as it stops and starts, in
    the agent and in the catalog."""
    if not os.path.exists(NGINX):
        return f"{NGINX} is not installed"
    with folder() as home, Server() as server:
        nginx, client = Nginx(home), server.client()
        try:
            nginx.start()
            client.ok("PUT", "/v1/agent/service/register", {
                "Name": "web", "Port": nginx.port, "Check": {
                    "HTTP": f"http://127.0.0.1:{nginx.port}/ok",
                    "Interval": "1s", "Timeout": "500ms"}})

            def healthy():
                return len(client.ok("GET", "/v1/health/service/web",
                                     passing=1))
            await_status(client, "service:web", "passing")
            expect("HTTP GET" in output(client, "service:web")
                   and "200 OK" in output(client, "service:web")
                   and "fine" in output(client, "service:web"),
                   f"output: {output(client, 'service:web')}")
            wait_until(healthy, SOON, "a healthy instance")
            index = client.get("/v1/health/service/web").index
            nginx.stop()
            woken = client.get("/v1/health/service/web", index=index,
                               wait=f"{SOON}s")
            expect(woken.index > index, "the watch was not woken")
            await_status(client, "service:web", "critical")
            wait_until(lambda: healthy() == 0, SOON, "no healthy instance")
            nginx.start()
            await_status(client, "service:web", "passing")
            wait_until(healthy, SOON, "a healthy instance again")
        finally:
            nginx.stop()


def http_status_codes():
    """2xx passes, 429 warns, everything else is critical."""
    if not os.path.exists(NGINX):
        return f"{NGINX} is not installed"
    with folder() as home, Server() as server:
        nginx, client = Nginx(home), server.client()
        try:
            nginx.start()
            for path in ("ok", "busy", "broken", "missing"):
                add(client, path, HTTP=f"http://127.0.0.1:{nginx.port}/{path}")
            for path, wanted in (("ok", "passing"), ("busy", "warning")):
                await_status(client, path, wanted)
            for path, text in (("broken", "500"), ("missing", "404")):
                wait_until(lambda: text in output(client, path), SOON, text)
                expect_equal(status(client, path), "critical", path)
        finally:
            nginx.stop()


def tcp_check():
    """A TCP check passes while somebody listens."""
    with Server() as server, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = "127.0.0.1:%d" % listener.getsockname()[1]
        client = server.client()
        add(client, "tcp", TCP=address)
        wait_until(lambda: "refused" in output(client, "tcp"), SOON,
                   "the refusal")
        expect_equal(status(client, "tcp"), "critical", "closed port")
        listener.listen()
        await_status(client, "tcp", "passing")
        expect("Success" in output(client, "tcp"), output(client, "tcp"))
        listener.close()
        await_status(client, "tcp", "critical")


def silent_server():
    """A server that accepts and says nothing is critical after the timeout,
    and holds up no other check."""
    with Server() as server, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        client = server.client()
        for i in range(20):
            add(client, f"silent{i}", HTTP=f"http://127.0.0.1:{port}/",
                Timeout="700ms", Status="passing")
        add(client, "tcp", TCP=f"127.0.0.1:{port}")
        await_status(client, "tcp", "passing", 4)
        for i in range(20):
            await_status(client, f"silent{i}", "critical")


def ttl_check():
    """A TTL check says what it was told, and is critical when nobody says
    anything."""
    with Server() as server:
        client = server.client()
        client.ok("PUT", "/v1/agent/check/register",
                  {"Name": "ttl", "TTL": "1s"})
        expect_equal(status(client, "ttl"), "critical", "at first")
        for verb, wanted in (("pass", "passing"), ("warn", "warning"),
                             ("fail", "critical"), ("pass", "passing")):
            client.ok("PUT", f"/v1/agent/check/{verb}/ttl", note=verb)
            expect_equal(status(client, "ttl"), wanted, verb)
            expect_equal(output(client, "ttl"), verb, "note")
        start = time.monotonic()
        await_status(client, "ttl", "critical", 4)
        expect(time.monotonic() - start > 0.7, "expired too early")
        expect("TTL expired" in output(client, "ttl"), output(client, "ttl"))


def script_exit_codes():
    """Exit code 0 passes, 1 warns, others are critical; output is shown."""
    with Server(config=SCRIPTS) as server:
        client = server.client()
        for code, wanted in ((0, "passing"), (1, "warning"), (2, "critical"),
                             (127, "critical")):
            name = f"exit{code}"
            add(client, name, Args=["/bin/sh", "-c",
                                    f"echo said; echo err >&2; exit {code}"])
            wait_until(lambda: "said" in output(client, name), SOON, name)
            expect("err" in output(client, name), "stderr is not shown")
            expect_equal(status(client, name), wanted, name)
        add(client, "nothing", Args=["/does/not/exist"])
        wait_until(lambda: "/does/not/exist" in output(client, "nothing"),
                   SOON, "the missing program")
        expect_equal(status(client, "nothing"), "critical", "no program")
        add(client, "killed", Status="passing",
            Args=["/bin/sh", "-c", "kill -9 $$"])
        await_status(client, "killed", "critical")


def scripts_are_off():
    """Without enable_script_checks script checks are refused."""
    with Server() as server:
        answer = server.client().put("/v1/agent/check/register", {
            "Name": "x", "Args": ["/bin/true"], "Interval": "1s"})
        expect(answer.status != 200 and "cripts are disabled" in answer.text,
               f"{answer.status} {answer.text}")


def hanging_script():
    """A script that hangs is ended after its timeout, with its children: also
    those that hold its output open, or ignore SIGTERM."""
    scripts = {
        "hangs": "echo $$ > {pids}; exec sleep 300",
        "stubborn": "trap '' TERM; echo $$ > {pids}; "
                    "while :; do sleep 0.3; done",
        "orphan": "sleep 301 & echo $! > {pids}; echo $$ >> {pids}; wait",
        "holds pipe": "sleep 302 & echo $! > {pids}; exit 0"}
    with folder() as home, Server(config=SCRIPTS) as server:
        client, files = server.client(), {}
        for number, (name, script) in enumerate(scripts.items()):
            path = files[name] = home / f"pids{number}"
            add(client, name, Timeout="1s", Args=[
                "/bin/sh", "-c",
                f"test -e {path} && exit 0; " + script.format(pids=path)])
        for name, path in files.items():
            wait_until(lambda: path.exists() and path.read_text().strip(),
                       SOON, f"{name} to run")
            pids = [int(x) for x in path.read_text().split()]
            wait_until(lambda: not any(map(runs, pids)), SOON,
                       f"{name}: the end of {pids}")
            await_status(client, name, "passing")  # it runs again


def timeout_is_shown():
    """A script that takes too long makes its check critical and says so."""
    with Server(config=SCRIPTS) as server:
        client = server.client()
        add(client, "slow", Timeout="500ms", Args=["/bin/sleep", "60"])
        wait_until(lambda: "imed out" in output(client, "slow"), SOON,
                   "the timeout in the output")
        expect_equal(status(client, "slow"), "critical", "slow")


def flooding_script():
    """A script that prints without end costs no memory, and the end of its
    output is shown."""
    with Server(config=SCRIPTS) as server:
        client = server.client()
        add(client, "much", Timeout="20s", Args=[
            "/bin/sh", "-c", "head -c 200000000 /dev/zero | tr '\\0' x; "
                             "echo the-end"])
        add(client, "endless", Timeout="1s", Args=["/usr/bin/yes"])
        wait_until(lambda: "the-end" in output(client, "much"), 25,
                   "the end of the output")
        expect(len(output(client, "much")) < 20000, "output is not cut")
        await_status(client, "much", "passing")
        wait_until(lambda: output(client, "endless"), SOON, "the endless one")
        expect_equal(status(client, "endless"), "critical", "endless")
        expect(server.resident_mb() < memory_limit_mb(150), f"{server.resident_mb():.0f} MB")


def alias_check():
    """An alias check follows the checks of its service."""
    with Server() as server:
        client = server.client()
        client.ok("PUT", "/v1/agent/service/register", {
            "Name": "web", "Check": {"CheckID": "w", "TTL": "60s"}})
        client.ok("PUT", "/v1/agent/service/register", {
            "Name": "proxy", "Check": {"CheckID": "alias",
                                       "AliasService": "web"}})
        for verb, wanted in (("pass", "passing"), ("warn", "warning"),
                             ("fail", "critical"), ("pass", "passing")):
            client.ok("PUT", f"/v1/agent/check/{verb}/w")
            await_status(client, "alias", wanted)


def maintenance():
    """Maintenance takes a service or the node out, and back in."""
    with Server() as server:
        client = server.client()
        client.ok("PUT", "/v1/agent/service/register", {"Name": "web"})

        def instances():
            return len(client.ok("GET", "/v1/health/service/web", passing=1))
        wait_until(instances, SOON, "the instance")
        for path in ("/v1/agent/service/maintenance/web",
                     "/v1/agent/maintenance"):
            client.ok("PUT", path, enable="true", reason="upgrade")
            wait_until(lambda: instances() == 0, SOON, f"{path} on")
            client.ok("PUT", path, enable="false")
            wait_until(lambda: instances() == 1, SOON, f"{path} off")


def definitions_from_files():
    """Services and checks of configuration files are registered, and win over
    ones that were registered over HTTP before a restart."""
    config = SCRIPTS | {
        "service": {"name": "web", "port": 80, "tags": ["a"],
                    "checks": [{"id": "w", "args": ["/bin/true"],
                                "interval": "1s"}]},
        "check": {"id": "node-ttl", "name": "n", "ttl": "1h",
                  "status": "passing",
                  "deregister_critical_service_after": "90m"}}
    with folder() as home:
        server = Server(data_dir=str(home / "data"), folder=home)
        with server:
            client = server.client()
            for name, port in (("web", 1), ("other", 2)):
                client.ok("PUT", "/v1/agent/service/register", {
                    "Name": name, "Port": port, "Check": {
                        "TTL": "1h", "DeregisterCriticalServiceAfter": "2h"}})
            client.ok("PUT", "/v1/agent/check/pass/service:other")
            client.ok("PUT", "/v1/agent/service/maintenance/other",
                      enable="true")
            server.kill()
            server.config = config
            server.start()
            client = server.client()
            services = client.ok("GET", "/v1/agent/services")
            expect_equal({k: v["Port"] for k, v in services.items()},
                         {"web": 80, "other": 2}, "services after restart")
            await_status(client, "w", "passing")
            for check, wanted in (("node-ttl", "passing"),
                                  ("service:other", "passing"),
                                  ("_service_maintenance:other", "critical")):
                expect_equal(status(client, check), wanted, check)
            wait_until(lambda: client.ok("GET", "/v1/catalog/service/web")
                       [0]["ServicePort"] == 80, SOON, "the catalog")


def deregistered_checks_stop():
    """After a check or service is deregistered its script runs no more."""
    with folder() as home, Server(config=SCRIPTS) as server:
        client, trace = server.client(), home / "trace"
        client.ok("PUT", "/v1/agent/service/register", {
            "Name": "web", "Check": {"Interval": "1s", "Args": [
                "/bin/sh", "-c", f"echo x >> {trace}"]}})
        wait_until(trace.exists, SOON, "the first run")
        client.ok("PUT", "/v1/agent/service/deregister/web")
        time.sleep(0.3)  # one that was under way may end
        size = trace.stat().st_size
        time.sleep(1.5)
        expect_equal(trace.stat().st_size, size, "size of the trace")


TESTS = [http_check_of_nginx, http_status_codes, tcp_check, silent_server,
         ttl_check, script_exit_codes, scripts_are_off, hanging_script,
         timeout_is_shown, flooding_script, alias_check, maintenance,
         definitions_from_files, deregistered_checks_stop]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-k", default="", help="only tests with this in the "
                                               "name")
    return run_tests(TESTS, parser.parse_args().k)


if __name__ == "__main__":
    sys.exit(main())
