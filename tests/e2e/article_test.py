#!/usr/bin/env python3
"""The whole chain: containers start, registrator registers them, the template
watcher rewrites nginx's upstreams, nginx reloads, requests rotate.

Goal: a walk-through for Consul, registrator and consul-template, written for
the originals, works with praetor command by command.
Method: a real Docker Engine (started here if none runs), real nginx, a praetor
server, `registrator` in a container and `consul-template`, all on 127.0.0.1.
The expected files are those that the originals write (tests/e2e/article), with
addresses and ports replaced. What cannot run here is SKIPPED, and says why.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

import docker_engine
from harness import (Failure, Server, binary, expect, expect_equal, folder,
                     free_ports, run_tests, wait_until)

FILES = pathlib.Path(__file__).resolve().parent / "article"
HOST = socket.gethostname()
IP = "127.0.0.1"
SOON = 5  # seconds, on a busy machine
STATE = {}  # what the tests share: they are chapters of one walk


def has_templates():
    """Whether the binary renders templates."""
    got = subprocess.run([binary(), "template", "-version"], timeout=20,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return got.returncode == 0


class Walk:
    """Everything that runs."""

    def __init__(self, home, engine, server):
        self.home, self.engine, self.server = home, engine, server
        ports = free_ports(8)
        self.front, self.ports = ports[0], dict(zip(
            (83, 84, 85, 86, 88, 89), ports[1:]))
        self.nginx = home / "nginx"
        self.conf = self.nginx / "conf" / "vhost" / "kgc.conf"
        self.template = home / "nginx.ctmpl"
        self.watcher, self.api = None, server.client()

    # -- texts ----------------------------------------------------------------

    def local(self, text):
        """Addresses and paths of this run instead of the article's."""
        for port, mine in self.ports.items():
            text = text.replace(f"192.168.41.32:{port};", f"{IP}:{mine};")
        return text.replace("listen 8000;", f"listen {IP}:{self.front};") \
                   .replace("/var/log/nginx", str(self.nginx / "logs"))

    def expected(self, name):
        return self.local((FILES / f"kgc.conf.{name}").read_text())

    def rendered(self):
        return self.conf.read_text() if self.conf.exists() else None

    def await_file(self, name, seconds=SOON):
        try:
            wait_until(lambda: self.rendered() == self.expected(name), seconds,
                       "", 0.01)
        except Failure:
            raise Failure(f"kgc.conf is not kgc.conf.{name}, but:\n"
                          f"{self.rendered()}")

    # -- nginx ----------------------------------------------------------------

    def start_nginx(self):
        for path in ("conf/vhost", "logs", "sbin"):
            (self.nginx / path).mkdir(parents=True)
        (self.nginx / "conf" / "nginx.conf").write_text(
            "worker_processes 1; error_log logs/error.log; pid nginx.pid;\n"
            "events { worker_connections 256; }\n"
            "http { include vhost/*.conf; keepalive_timeout 0; }\n")
        script = self.nginx / "sbin" / "nginx"
        script.write_text(
            f'#!/bin/sh\necho "$@" >> {self.nginx}/calls\n'
            f'exec {shutil.which("nginx", path="/usr/sbin:/usr/bin")} '
            f'-p {self.nginx} -c conf/nginx.conf -e logs/error.log "$@"\n')
        script.chmod(0o755)
        subprocess.run([script], check=True)
        (self.nginx / "calls").write_text("")

    def stop_nginx(self):
        # Not by `nginx -s stop`: that refuses if the configuration is bad.
        file = self.nginx / "nginx.pid"
        if file.exists():
            os.kill(int(file.read_text()), signal.SIGTERM)

    def reloads(self):
        calls = (self.nginx / "calls").read_text().splitlines()
        expect(all(x == "-s reload" for x in calls), f"calls: {calls}")
        return len(calls)

    def ask(self):
        """One request through nginx: the text, or None."""
        try:
            line = http.client.HTTPConnection(IP, self.front, timeout=5)
            line.request("GET", "/index.html")
            answer = line.getresponse()
            text = answer.read().decode().strip()
            line.close()
            return text if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None

    def rotation(self, count):
        seen = {}
        for _ in range(count):
            text = self.ask()
            seen[text] = seen.get(text, 0) + 1
        return seen

    # -- containers -----------------------------------------------------------

    def run(self, number, port, image="nginx"):
        """docker run -itd -p PORT:80 --name test-0N -h test0N IMAGE"""
        return self.engine.docker(
            "run", "-itd", "-p", f"{IP}:{self.ports[port]}:80", "--name",
            f"test-0{number}", "-h", f"test0{number}", "--label",
            "praetor-test=1", self.engine.prefix + image)

    def text(self, number):
        self.engine.docker("exec", f"test-0{number}", "/bin/sh", "-c",
                           f"echo this is test{number} web "
                           "> /www/index.html")

    def registrator_log(self):
        got = subprocess.run(
            ["docker", "-H", f"unix://{self.engine.socket}", "logs",
             "registrator"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, timeout=20)
        return [x[20:] for x in got.stdout.splitlines()]

    def await_registrator(self, line, seconds=SOON):
        wait_until(lambda: line in self.registrator_log(), seconds,
                   f"registrator to say {line!r}; it said:\n"
                   + "\n".join(self.registrator_log()))

    # -- the template watcher -------------------------------------------------

    def start_watcher(self, *flags):
        link = self.home / "consul-template"
        if not link.exists():
            link.symlink_to(binary())
        self.watcher_log = self.home / "watcher.log"
        with open(self.watcher_log, "ab") as log:
            self.watcher = subprocess.Popen(
                [link, "--consul-addr", f"{IP}:{self.server.port}",
                 "--template", f"{self.template}:{self.conf}:"
                 f"{self.nginx}/sbin/nginx -s reload", "--log-level=info",
                 *flags], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

    def stop_watcher(self):
        if self.watcher is not None and self.watcher.poll() is None:
            self.watcher.send_signal(signal.SIGINT)
            try:
                return self.watcher.wait(10)
            except subprocess.TimeoutExpired:
                self.watcher.kill()
        return self.watcher and self.watcher.wait()


def needs(what):
    """Why a chapter cannot run, or None."""
    if STATE.get("skip"):
        return STATE["skip"]
    if what == "template" and not has_templates():
        return "this binary has no `template` command"
    return None


def chapter(what="docker"):
    """Skips what cannot run, with the reason."""
    def wrap(test):
        def run():
            return needs(what) or test(STATE["walk"])
        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run
    return wrap


# -- 1, 2: the server and registrator -----------------------------------------


@chapter()
def server_answers(walk):
    """Status, catalog, members and raft peers are as the walk-through shows
    them."""
    raft = f"{IP}:{walk.server.ports['-server-port']}"
    api = walk.api
    expect_equal(api.ok("GET", "/v1/status/leader"), raft, "leader")
    expect_equal(api.ok("GET", "/v1/status/peers"), [raft], "peers")
    # The leader registers its servers a moment after it was elected.
    wait_until(lambda: api.ok("GET", "/v1/catalog/services") == {"consul": []},
               SOON, "the catalog to have the service consul alone")
    nodes = api.ok("GET", "/v1/catalog/nodes")
    expect_equal([x["Node"] for x in nodes], ["consul-server01"], "nodes")
    wrong = api.get("/v1/catalog/nginx")
    expect_equal((wrong.status, wrong.text), (404, ""), "the mistaken URL")

    def cli(*args):
        return subprocess.run(
            [binary(), *args, f"-http-addr={IP}:{walk.server.port}"],
            stdout=subprocess.PIPE, text=True, timeout=20).stdout
    lines = cli("members").splitlines()
    expect(len(lines) == 2 and lines[1].split()[2:4] == ["alive", "server"],
           lines)
    expect(lines[1].startswith("consul-server01"), lines)
    peers = cli("operator", "raft", "list-peers").splitlines()
    expect(len(peers) == 2 and "leader" in peers[1] and "true" in peers[1],
           peers)
    info = cli("info")
    expect("leader = true" in info and f"leader_addr = {raft}" in info, info)


@chapter()
def registrator_starts(walk):
    """registrator, in its container, says what the original says."""
    walk.engine.docker(
        "run", "-d", "--name=registrator", "--net=host", "--label",
        "praetor-test=1", "-v", f"{walk.engine.socket}:/tmp/docker.sock",
        "--restart=always",
        walk.engine.prefix + "gliderlabs/registrator:latest", f"--ip={IP}",
        f"consul://{IP}:{walk.server.port}")
    key = walk.engine.docker("inspect", "-f", "{{.Id}}", "registrator")
    walk.await_registrator(f"ignored: {key[:12]} no published ports")
    raft = f"{IP}:{walk.server.ports['-server-port']}"
    expect_equal(walk.registrator_log()[1:], [
        f"Forcing host IP to {IP}",
        f"Using consul adapter: consul://{IP}:{walk.server.port}",
        "Connecting to backend (0/0)", f"consul: current leader  {raft}",
        "Listening for Docker events ...", "Syncing services on 1 containers",
        f"ignored: {key[:12]} no published ports"], "log")
    expect_equal(walk.api.ok("GET", "/v1/catalog/services"), {"consul": []},
                 "catalog")


# -- 3: four containers -------------------------------------------------------


@chapter()
def four_containers(walk):
    """Four containers are four services, with the catalog's fields exact."""
    for number, port, image in ((1, 83, "nginx"), (2, 84, "nginx"),
                                (3, 88, "httpd"), (4, 89, "httpd")):
        key = walk.run(number, port, image)
        walk.await_registrator(f"added: {key[:12]} {HOST}:test-0{number}:80")
    raw = walk.api.get("/v1/catalog/services").text
    expect_equal(raw, '{"consul":[],"httpd":[],"nginx":[]}', "services")
    got = walk.api.ok("GET", "/v1/catalog/service/nginx")
    address = {"Address": IP, "Port": walk.ports[83]}
    for changing in ("ID", "CreateIndex", "ModifyIndex"):
        got[0].pop(changing)
    node = {x: IP for x in ("lan", "lan_ipv4", "wan", "wan_ipv4")}
    expect_equal(got[0], {
        "Node": "consul-server01", "Address": IP, "Datacenter": "dc1",
        "TaggedAddresses": node, "NodeMeta": {"consul-network-segment": ""},
        "ServiceKind": "", "ServiceID": f"{HOST}:test-01:80",
        "ServiceName": "nginx", "ServiceTags": [], "ServiceAddress": IP,
        "ServiceTaggedAddresses": {"lan_ipv4": address, "wan_ipv4": address},
        "ServiceWeights": {"Passing": 1, "Warning": 1}, "ServiceMeta": {},
        "ServicePort": walk.ports[83], "ServiceEnableTagOverride": False,
        "ServiceProxy": {"MeshGateway": {}, "Expose": {}},
        "ServiceConnect": {}}, "the first instance of nginx")
    healthy = walk.api.ok("GET", "/v1/health/service/nginx?passing")
    expect_equal([x["Service"]["Port"] for x in healthy],
                 [walk.ports[83], walk.ports[84]], "healthy")
    for x in healthy:
        expect_equal([(c["CheckID"], c["Status"], c["Output"])
                      for c in x["Checks"]],
                     [("serfHealth", "passing", "Agent alive and reachable")],
                     "checks")
        expect_equal((x["Service"]["Tags"], x["Service"]["Meta"]), ([], None),
                     "tags and meta")
    expect_equal(sorted(walk.api.ok("GET", "/v1/agent/services")),
                 [f"{HOST}:test-0{n}:80" for n in (1, 2, 3, 4)], "ids")


# -- 4, 5: the template and traffic -------------------------------------------


@chapter("template")
def first_rendering(walk):
    """The first file is byte-equal, with one reload and the original's log."""
    walk.template.write_text(
        walk.local((FILES / "nginx.ctmpl").read_text()))
    walk.start_nginx()
    walk.start_watcher()
    walk.await_file("two")
    wait_until(lambda: walk.reloads() == 1, SOON, "the reload")
    expect_equal(oct(walk.conf.stat().st_mode & 0o777), "0o644", "mode")
    expect_equal([x.name for x in walk.conf.parent.iterdir()], ["kgc.conf"],
                 "files in vhost")
    target = f'"{walk.template}" => "{walk.conf}"'
    log = walk.watcher_log.read_text()
    for line in ("(runner) creating new runner (dry: false, once: false)",
                 "(runner) creating watcher", "(runner) starting",
                 "(runner) initiating run", f"(runner) rendered {target}",
                 f'(runner) executing command "{walk.nginx}/sbin/nginx '
                 f'-s reload" from {target}',
                 f"(child) spawning: {walk.nginx}/sbin/nginx -s reload"):
        expect(f"[INFO] {line}" in log, f"no {line!r} in:\n{log}")


@chapter("template")
def traffic_rotates(walk):
    """Requests through nginx go to the two containers in turn."""
    walk.text(1)
    walk.text(2)
    both = {"this is test1 web": 3, "this is test2 web": 3}
    wait_until(lambda: walk.rotation(6) == both, SOON, f"{both}")


# -- 6, 7: out and in ---------------------------------------------------------


@chapter("template")
def scale_out(walk):
    """Two more containers: two more renderings, two more reloads, and twelve
    requests are three for each of the four."""
    walk.run(5, 85)
    walk.await_file("three")
    walk.run(6, 86)
    walk.await_file("four")
    wait_until(lambda: walk.reloads() == 3, SOON, "reloads")
    walk.text(5)
    walk.text(6)
    each = {f"this is test{n} web": 3 for n in (1, 2, 5, 6)}
    wait_until(lambda: walk.rotation(12) == each, SOON, f"{each}")


@chapter("template")
def scale_in_and_restart(walk):
    """stop, start, restart, rm -f; HUP, pause and httpd containers change
    nothing."""
    docker = walk.engine.docker
    docker("stop", "-t", "1", "test-02")
    walk.await_file("after_stop_test-02")
    wait_until(lambda: walk.reloads() == 4, SOON, "the reload after stop")
    docker("start", "test-02")
    walk.await_file("four")
    wait_until(lambda: walk.reloads() == 5, SOON, "the reload after start")
    docker("restart", "-t", "1", "test-01")
    walk.await_file("four")
    time.sleep(1)
    expect(walk.reloads() <= 7, f"{walk.reloads()} reloads after restart")
    walk.await_file("four")
    before, stamp = walk.reloads(), walk.conf.stat().st_mtime_ns
    docker("pause", "test-05")
    docker("unpause", "test-05")
    docker("stop", "-t", "1", "test-03")
    wait_until(lambda: len(walk.api.ok(
        "GET", "/v1/catalog/service/httpd")) == 1, SOON, "httpd to go")
    time.sleep(1)
    expect_equal((walk.reloads(), walk.conf.stat().st_mtime_ns),
                 (before, stamp), "reloads and the file's time")
    docker("start", "test-03")


@chapter("template")
def speed(walk):
    """A change is visible through nginx less than a second after docker run
    returned (median of 10)."""
    spans = []
    docker = walk.engine.docker
    for _ in range(10):
        docker("rm", "-f", "test-06")
        walk.await_file("three")
        walk.run(6, 86)
        began = time.monotonic()
        wait_until(lambda: "nobody" in walk.rotation(4), SOON,
                   "the new container", 0.005)
        spans.append(time.monotonic() - began)
    walk.text(6)
    print(f"     visible after {statistics.median(spans) * 1000:.0f} ms "
          f"(median), {max(spans) * 1000:.0f} ms (worst)")
    expect(statistics.median(spans) < 1, f"seconds: {spans}")


# -- 8: faults ----------------------------------------------------------------


@chapter()
def registrator_restarts(walk):
    """docker restart registrator: it says `added` again, nothing changes."""
    before = walk.api.ok("GET", "/v1/agent/services")
    walk.engine.docker("restart", "-t", "2", "registrator")
    count = len(before)
    wait_until(lambda: sum(x.startswith("added: ") for x in
                           walk.registrator_log()) >= count + 4, 2 * SOON,
               "the lines `added`")
    expect_equal(walk.api.ok("GET", "/v1/agent/services"), before, "services")


@chapter("template")
def server_restarts(walk):
    """The server is killed and comes back: the file is untouched, and
    afterwards changes arrive again."""
    before, stamp = walk.reloads(), walk.conf.stat().st_mtime_ns
    walk.server.kill()
    time.sleep(5)
    walk.server.start()
    walk.api = walk.server.client()
    time.sleep(1)
    expect_equal((walk.reloads(), walk.conf.stat().st_mtime_ns),
                 (before, stamp), "reloads and the file's time")
    # The waiting request may end otherwise; the next ones are refused.
    said = [x for x in walk.watcher_log.read_text().splitlines()
            if "(retry attempt " in x]
    expect(any('(retry attempt 1 after "250ms")' in x for x in said)
           and any("connection refused" in x for x in said),
           f"retries in the log: {said}")
    walk.engine.docker("stop", "-t", "1", "test-02")
    walk.await_file("after_stop_test-02", 30)
    walk.engine.docker("start", "test-02")
    walk.await_file("four")


@chapter("template")
def watcher_signals(walk):
    """SIGHUP renders the same without a reload; Ctrl-C ends with code 12."""
    before = walk.reloads()
    walk.watcher.send_signal(signal.SIGHUP)
    wait_until(lambda: "Reloading configuration..." in
               walk.watcher_log.read_text(), SOON, "the reload")
    time.sleep(1)
    expect_equal(walk.reloads(), before, "reloads of nginx")
    walk.await_file("four")
    expect_equal(walk.stop_watcher(), 12, "exit code")
    expect("Cleaning up..." in walk.watcher_log.read_text(), "log")
    walk.start_watcher()


@chapter("template")
def nobody_left(walk):
    """With no nginx container the upstream is empty and real nginx refuses it.
    consul-template would end with code 14; ours says so and goes on, unless
    -exit-on-command-error is given."""
    walk.engine.docker("stop", "-t", "1", *(f"test-0{n}" for n in (1, 2, 5, 6)))
    walk.await_file("no_services")
    wait_until(lambda: "failed to execute command"
               in walk.watcher_log.read_text(), 15, "the failure in the log")
    expect(walk.watcher.poll() is None, "the watcher ended")


CHAPTERS = [server_answers, registrator_starts, four_containers,
            first_rendering, traffic_rotates, scale_out, scale_in_and_restart,
            speed, registrator_restarts, server_restarts, watcher_signals,
            nobody_left]


def why_not():
    """Why the walk cannot begin, or None."""
    if shutil.which("nginx", path="/usr/sbin:/usr/bin") is None:
        return "no nginx (package nginx-light)"
    if not os.path.exists("/bin/busybox"):
        return "no /bin/busybox (package busybox-static)"
    return docker_engine.missing()


def main(pattern):
    STATE["skip"] = why_not()
    if STATE["skip"]:
        print(f"*** THE ARTICLE IS NOT TESTED HERE: {STATE['skip']} ***")
        return run_tests(CHAPTERS, pattern) if pattern else skip_all()
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(docker_engine.engine())
        except Failure as failure:
            print(f"*** THE ARTICLE IS NOT TESTED HERE: Docker does not run: "
                  f"{failure} ***")
            return skip_all()
        home = stack.enter_context(folder())
        server = stack.enter_context(Server(
            str(home / "data"), folder=home, name="consul-server01",
            flags=["-ui"]).start())
        server.await_synced()
        walk = STATE["walk"] = Walk(home, engine, server)
        try:
            return run_tests(CHAPTERS, pattern)
        finally:
            walk.stop_watcher()
            walk.stop_nginx()


def skip_all():
    print(f"0 passed, 0 failed, {len(CHAPTERS)} SKIPPED")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="",
                        help="run only chapters whose name contains this")
    sys.exit(main(parser.parse_args().pattern))
