#!/usr/bin/env python3
"""registrator against a fake Docker Engine and a real praetor server.

Goal: whatever happens to engine, registry, events and registrator itself, in
the end exactly the services of the running containers are registered, and
nobody else's service was touched.
Method: the engine is fake_docker.py on a unix socket; the registry is a praetor
server in development mode. The full comparison, which takes place every 30 s,
is shortened with -resync where a test waits for it.
"""

import argparse
import base64
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

from fake_docker import FakeDocker
from harness import (Client, Failure, Server, binary, expect, expect_equal,
                     folder, free_ports, run_tests, wait_until)
from tls_proxy import Certificates, Proxy, have_openssl

HOST = socket.gethostname()
SOON = 5  # seconds for what takes milliseconds, on a busy machine
IP = "10.9.8.7"


class Registrator:
    """One registrator process."""

    def __init__(self, home, uri, *flags, engine=None, env=None):
        self.path = pathlib.Path(home) / "registrator.log"
        self.args = [binary(), "registrator", *flags] + ([uri] if uri else [])
        self.env = {**os.environ, "DOCKER_HOST": f"unix://{engine}",
                    "TZ": "UTC", **(env or {})}
        self.process = None

    def start(self):
        with open(self.path, "ab") as log:
            self.process = subprocess.Popen(
                self.args, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.env, start_new_session=True)
        return self

    def stop(self, number=signal.SIGTERM):
        if self.process is None or self.process.poll() is not None:
            return self.process and self.process.returncode
        self.process.send_signal(number)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failure("registrator does not end")

    def log(self):
        return self.path.read_text(errors="replace")

    def lines(self):
        """The log without times."""
        return [x[20:] for x in self.log().splitlines()]

    def await_line(self, text, seconds=SOON):
        wait_until(lambda: text in self.log(), seconds,
                   f"{text!r} in the log:\n{self.log()[-3000:]}", 0.01)

    def __enter__(self):
        return self.start() if self.process is None else self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@contextlib.contextmanager
def world(*flags, start=True, seed=1, config=None):
    """An engine, a server, and a registrator between them."""
    with folder() as home, FakeDocker(home / "docker.sock", seed) as docker, \
            Server(folder=home, config=config) as server:
        server.await_synced()
        it = Registrator(home, f"consul://127.0.0.1:{server.port}",
                         "-ip", IP, *flags, engine=home / "docker.sock")
        with it:
            if start:
                it.await_line("Syncing services")
            yield docker, server, it


def registered(server):
    """Ids of all services of the agent but its own."""
    return set(server.client().ok("GET", "/v1/agent/services"))


def await_services(server, expected, seconds=SOON):
    expected = set(expected)
    try:
        wait_until(lambda: registered(server) == expected, seconds, "", 0.02)
    except Failure:
        got = registered(server)
        raise Failure(f"after {seconds} s missing: {sorted(expected - got)}, "
                      f"too many: {sorted(got - expected)}")


def ident(name, port=80):
    return f"{HOST}:{name}:{port}"


def ids(docker):
    """What should be registered: port 80 of everything that runs."""
    with docker.lock:
        return {ident(x["name"]) for x in docker.containers.values()
                if x["running"] and x["ports"]}


# -- command line -------------------------------------------------------------


def command_line():
    """Flags are those of the original, with its texts and exit codes."""
    def run(*args):
        got = subprocess.run([binary(), "registrator", *args], timeout=20,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True)
        return got.returncode, got.stdout, got.stderr
    rows = [
        (["consul://x", "--ip"], 2, "Extra unparsed arguments:\n  --ip\n"
         "Options should come before the registry URI argument."),
        ([], 2, "Missing required argument for registry URI."),
        (["-bogus", "consul://x"], 2, "flag provided but not defined: -bogus"),
        (["-ttl", "5", "consul:"], 1, "-ttl and -ttl-refresh must be "
         "specified together or not at all"),
        (["-ttl=5", "-ttl-refresh=5", "consul:"], 1,
         "-ttl must be greater than -ttl-refresh"),
        (["-retry-interval", "0", "consul:"], 1,
         "-retry-interval must be greater than 0"),
        (["-deregister", "never", "consul:"], 1,
         '-deregister must be "always" or "on-success"'),
        (["foo://x"], 1, "unrecognized adapter: foo://x"),
        (["consul://host:port"], 1, "bad adapter uri: consul://host:port"),
        (["consulkv://127.0.0.1"], 1, "bad adapter uri"),
        (["skydns2://127.0.0.1"], 1, "dns domain required"),
        (["-tags", "{{nope}}", "consul:"], 1,
         '-tags: template: tags:1: function "nope" not defined'),
        (["-name-from", "{{.ID", "consul:"], 1,
         "-name-from: template: tags:1: unclosed action"),
        (["-internal=x", "consul:"], 2, 'invalid boolean value "x"'),
    ]
    for args, code, text in rows:
        got = run(*args)
        expect_equal(got[0], code, f"exit code of {args}")
        expect(text in got[2], f"{args}: no {text!r} in {got[2]!r}")
    code, out, _ = run("--version")
    expect(code == 0 and out.startswith("v"), f"--version: {out!r}")
    code, out, _ = run("-h")
    expect(code == 0 and "-useIpFromLabel" in out, "-h")


def program_name():
    """Under the name `registrator` the binary takes registrator's arguments."""
    with folder() as home:
        link = home / "registrator"
        link.symlink_to(binary())
        got = subprocess.run([link, "--version"], stdout=subprocess.PIPE,
                             timeout=20, text=True)
        expect(got.stdout.startswith("v"), got.stdout)


# -- the life of a container --------------------------------------------------


def start_sequence():
    """The start is told in the original's lines, and a container is registered
    with the original's fields."""
    with world() as (docker, server, it):
        empty = docker.run("registrator", ports={}, mode="host")
        key = docker.run("test-01", ports={"80/tcp": 83})
        await_services(server, [ident("test-01")])
        it.await_line("added")
        raft = f"127.0.0.1:{server.ports['-server-port']}"
        expect_equal(it.lines()[1:], [
            "Forcing host IP to 10.9.8.7",
            f"Using consul adapter: consul://127.0.0.1:{server.port}",
            "Connecting to backend (0/0)",
            f"consul: current leader  {raft}",
            "Listening for Docker events ...",
            "Syncing services on 0 containers",
            f"ignored: {empty[:12]} no published ports",
            f"added: {key[:12]} {HOST}:test-01:80"], "log")
        expect(it.lines()[0].startswith("Starting registrator v"), "first")
        got = server.client().ok("GET", "/v1/catalog/service/nginx")
        expect_equal(len(got), 1, "instances")
        for name, value in {
                "ServiceID": ident("test-01"), "ServiceName": "nginx",
                "ServiceTags": [], "ServiceAddress": IP, "ServicePort": 83,
                "ServiceMeta": {}, "ServiceEnableTagOverride": False,
                "ServiceWeights": {"Passing": 1, "Warning": 1}}.items():
            expect_equal(got[0][name], value, name)
        checks = server.client().ok("GET", "/v1/health/service/nginx?passing")
        expect_equal([c["CheckID"] for c in checks[0]["Checks"]],
                     ["serfHealth"], "checks")


def life_cycle():
    """stop, start and rm are followed; HUP, pause and the like are not."""
    with world() as (docker, server, it):
        a = docker.run("aa", ports={"80/tcp": 83})
        b = docker.run("bb", ports={"80/tcp": 84})
        await_services(server, ids(docker))
        docker.end(a)
        await_services(server, [ident("bb")])
        it.await_line(f"removed: {a[:12]} {ident('aa')}")
        docker.boot(a)
        await_services(server, ids(docker))
        for action in ("kill", "pause", "unpause", "exec_create: sh",
                       "exec_die", "attach"):
            docker.emit(action, b, signal="1")
        docker.remove(b)
        await_services(server, [ident("aa")])
        added = it.log().count("added: ")
        expect_equal(added, 3, "lines `added`")


def renamed():
    """A renamed container changes its id; nothing of the old one stays."""
    with world() as (docker, server, it):
        a = docker.run("old", ports={"80/tcp": 83})
        await_services(server, [ident("old")])
        docker.rename(a, "new")
        await_services(server, [ident("new")])


def metadata_and_checks():
    """Names, tags, attributes and checks of a container reach Consul."""
    with world() as (docker, server, it):
        docker.run("redis.0", "redis", {"6379/tcp": 10000}, [
            "SERVICE_NAME=db", "SERVICE_TAGS=master,backups",
            "SERVICE_REGION=us2", "SERVICE_CHECK_TCP=true",
            "SERVICE_CHECK_INTERVAL=15s",
            "SERVICE_CHECK_INITIAL_STATUS=passing"])
        docker.run("web", "nginx", {"80/tcp": 83, "443/tcp": 84}, [
            "SERVICE_443_ID=https.12345", "SERVICE_443_NAME=https",
            "SERVICE_443_SNI=enabled", "SERVICE_80_NAME=http",
            "SERVICE_80_CHECK_1_HTTP=/a", "SERVICE_80_CHECK_2_TTL=30s"])
        await_services(server, [ident("redis.0", 6379), ident("web"),
                                "https.12345"])
        got = server.client().ok("GET", "/v1/agent/services")
        db = got[ident("redis.0", 6379)]
        expect_equal((db["Service"], db["Tags"], db["Port"]),
                     ("db", ["master", "backups"], 10000), "db")
        expect_equal(db["Meta"]["region"], "us2", "meta")
        expect_equal(got["https.12345"]["Meta"],
                     {"registrator": HOST, "sni": "enabled"},
                     "meta of a service with an id of its own")
        checks = server.client().ok("GET", "/v1/agent/checks")
        expect_equal(set(checks), {f"service:{ident('redis.0', 6379)}",
                                   f"service:{ident('web')}:1",
                                   f"service:{ident('web')}:2"}, "checks")
        expect_equal(checks[f"service:{ident('redis.0', 6379)}"]["Status"],
                     "passing", "initial status")


def docker_health():
    """SERVICE_CHECK_DOCKER makes the container's HEALTHCHECK a check."""
    with world() as (docker, server, it):
        key = docker.run("aa", ports={"80/tcp": 83},
                         env=["SERVICE_CHECK_DOCKER=true"])
        await_services(server, [ident("aa")])

        def status():
            checks = server.client().ok("GET", "/v1/agent/checks")
            return checks[f"service:{ident('aa')}"]["Status"]
        for text, verdict in (("healthy", "passing"),
                              ("unhealthy", "critical"),
                              ("healthy", "passing")):
            docker.health(key, text)
            wait_until(lambda: status() == verdict, SOON, f"status {verdict}")


def early():
    """With -early a service leaves when docker stop begins."""
    with world("-early") as (docker, server, it):
        key = docker.run("aa", ports={"80/tcp": 83})
        await_services(server, [ident("aa")])
        docker.emit("kill", key, signal="15")
        await_services(server, [])
        docker.end(key)
        docker.boot(key)
        await_services(server, [ident("aa")])


def on_success():
    """With -deregister on-success a container that failed stays, until it is
    removed; also over a restart of registrator."""
    with world("-deregister", "on-success", "-resync", "1") as (
            docker, server, it):
        good = docker.run("good", ports={"80/tcp": 83})
        bad = docker.run("bad", ports={"80/tcp": 84})
        killed = docker.run("killed", ports={"80/tcp": 85})
        await_services(server, ids(docker))
        docker.end(good, 0)
        docker.end(killed, 137)
        docker.end(bad, 3)
        await_services(server, [ident("bad")])
        it.stop()
        it.start()
        time.sleep(2.5)  # two comparisons
        await_services(server, [ident("bad")])
        docker.remove(bad)
        await_services(server, [])


# -- ownership ----------------------------------------------------------------


def ownership():
    """What a dead container left is removed; strangers' services stay, even
    with an id and an address of exactly our form."""
    with folder() as home, FakeDocker(home / "docker.sock") as docker, \
            Server(folder=home).start() as server:
        api = server.client()

        def register(service, meta=None):
            api.ok("PUT", "/v1/agent/service/register",
                   {"ID": service, "Name": "s", "Port": 1,
                    "Address": IP, "Meta": meta or {}})
        strangers = {"web", "web:1", "otherhost:test-01:80", "custom"}
        for service in strangers:
            register(service, {"registrator": "otherhost"})
        same_form = {ident("stranger"), ident("stranger", 81)}
        for service in same_form:
            register(service)
        register("ghost-id", {"registrator": HOST})
        docker.run("aa", ports={"80/tcp": 83})
        ghost = docker.run("ghost", ports={"80/tcp": 84})
        uri = f"consul://127.0.0.1:{server.port}"
        with Registrator(home, uri, "-ip", IP,
                         engine=home / "docker.sock") as it:
            await_services(server, strangers | same_form | ids(docker))
            marks = lambda: set(api.get("/v1/kv/registrator/?keys").json)
            wait_until(lambda: marks() == {f"registrator/{HOST}/{x}"
                                           for x in ids(docker)}, SOON,
                       "the marks")
            it.stop(signal.SIGKILL)
            docker.remove(ghost, silent=True)
            it.start()
            await_services(server, strangers | same_form | {ident("aa")})
            it.await_line(f"dangling: {ident('ghost')}")
            it.await_line(f"{ident('ghost')} removed")
            wait_until(lambda: marks() == {f"registrator/{HOST}/{ident('aa')}"},
                       SOON, "the mark of the ghost to go")
            it.stop()
        with Registrator(home, uri, "-ip", IP, "-cleanup",
                         engine=home / "docker.sock") as it:
            await_services(server, strangers | {ident("aa")})


def left_by_the_original():
    """What gliderlabs/registrator registered for containers that run is taken
    over, and removed with them."""
    with folder() as home, FakeDocker(home / "docker.sock") as docker, \
            Server(folder=home).start() as server:
        key = docker.run("aa", ports={"80/tcp": 83})
        server.client().ok("PUT", "/v1/agent/service/register", {
            "ID": ident("aa"), "Name": "nginx", "Port": 83, "Address": IP})
        with Registrator(home, f"consul://127.0.0.1:{server.port}", "-ip", IP,
                         engine=home / "docker.sock") as it:
            it.await_line("added: ")
            it.stop(signal.SIGKILL)
            docker.end(key)
            it.start()
            await_services(server, [])


def host_name_changes():
    """After the host got another name, what it registered for a container that
    runs has the new one only; of other hosts nothing is touched."""
    if os.geteuid() != 0:
        return "only root can give itself another host name"
    with folder() as home, FakeDocker(home / "docker.sock") as docker, \
            Server(folder=home).start() as server:
        api = server.client()
        docker.run("aa", ports={"80/tcp": 83})
        api.ok("PUT", "/v1/agent/service/register", {
            "ID": "third:bb:80", "Name": "s", "Port": 1, "Address": IP})
        api.ok("PUT", "/v1/kv/registrator/third/third:bb:80", "f00")
        uri = f"consul://127.0.0.1:{server.port}"
        old = Registrator(home, uri, "-ip", IP, engine=home / "docker.sock")
        old.args = ["unshare", "--uts", "sh", "-c",
                    'hostname before && exec "$@"', "sh", *old.args]
        with old:
            await_services(server, ["before:aa:80", "third:bb:80"])
            wait_until(lambda: api.get(
                "/v1/kv/registrator/before/before:aa:80").status == 200, SOON,
                "the mark")
        with Registrator(home, uri, "-ip", IP, engine=home / "docker.sock"):
            await_services(server, [ident("aa"), "third:bb:80"])
            wait_until(lambda: set(api.get("/v1/kv/registrator/?keys").json) == {
                f"registrator/{HOST}/{ident('aa')}",
                "registrator/third/third:bb:80"}, SOON, "the marks")


def address_by_interface():
    """-ip may name an interface; one that has no address is waited for, and a
    template that nobody knows is refused."""
    with world("-ip", '{{ GetInterfaceIP "lo" }}') as (docker, server, it):
        docker.run("aa", ports={"80/tcp": 83})
        await_services(server, ids(docker))
        found = server.client().ok("GET", "/v1/agent/services")
        expect_equal(found[ident("aa")]["Address"], "127.0.0.1", "address")
        expect("Forcing host IP to 127.0.0.1" in it.log(), it.log())
    with world("-ip", '{{ GetInterfaceIP "none0" }}') as (docker, server, it):
        docker.run("aa", ports={"80/tcp": 83})
        it.await_line("service on port 80: -ip has no address yet")
        await_services(server, [])
    got = subprocess.run([binary(), "registrator", "-ip", "{{ GetMoon }}",
                          "consul:"], stderr=subprocess.PIPE, text=True,
                         timeout=20, check=False)
    expect_equal(got.returncode, 1, "exit code")
    expect("-ip: cannot evaluate {{ GetMoon }}" in got.stderr, got.stderr)


def deregister_at_end():
    """With -deregister-at-end a stop takes out everything of ours and no more,
    also what is kept because it failed."""
    with world("-deregister-at-end", "-deregister", "on-success") as (
            docker, server, it):
        api = server.client()
        api.ok("PUT", "/v1/agent/service/register", {"Name": "web", "Port": 1})
        keys = [docker.run(f"c{n}", ports={"80/tcp": 83 + n})
                for n in range(100)]
        await_services(server, ids(docker) | {"web"})
        docker.end(keys[0], 1)
        expect_equal(it.stop(), 0, "exit code")
        await_services(server, ["web"])
        expect_equal(api.get("/v1/kv/registrator/?keys").status, 404, "marks")


def without_marks():
    """A Consul that takes no keys gets services all the same; nothing is
    removed then that this process did not register."""
    config = {"acl": {"enabled": False}, "http_config": {
        "block_endpoints": ["/v1/kv"]}}
    with world(config=config) as (docker, server, it):
        a = docker.run("aa", ports={"80/tcp": 83})
        await_services(server, ids(docker))
        it.await_line("ownership cannot be marked, leftovers will stay")
        docker.end(a)
        await_services(server, [])
        docker.boot(a)
        await_services(server, ids(docker))
        it.stop(signal.SIGKILL)
        docker.end(a)
        it.start()
        it.await_line("Syncing services on 0 containers")
        time.sleep(0.5)
        await_services(server, [ident("aa")])


def templates():
    """-tags and -name-from may be templates over the container; one that fails
    is said, and the others are served."""
    tags = '{{.Config.Hostname}},{{matchFirstElement "^STAGE=" .Config.Env}}'
    with world("-tags", tags, "-name-from",
               '{{index (split "-" .Config.Hostname) 0}}') as (
                   docker, server, it):
        docker.run("web-1", ports={"80/tcp": 83}, env=["STAGE=a\\,b"])
        await_services(server, ids(docker))
        got = server.client().ok("GET", "/v1/agent/services")
        got = got[ident("web-1")]
        expect_equal((got["Service"], got["Tags"]),
                     ("web", ["web-1", "STAGE=a,b"]), "name and tags")
    with world("-tags", '{{index .Config.Env 1}}') as (docker, server, it):
        docker.run("bad", ports={"80/tcp": 83}, env=["A=1"])
        docker.run("good", ports={"80/tcp": 84}, env=["A=1", "B=2"])
        await_services(server, [ident("good")])
        it.await_line("bad: -tags: template: tags:1:2: executing")


# -- inside an agent ----------------------------------------------------------


@contextlib.contextmanager
def agent(home, docker, *lines, start=True):
    """A server that hosts registrator."""
    path = home / "registrator.hcl"
    path.write_text(block(docker, *lines))
    server = Server(folder=home, flags=[f"-config-file={path}"])
    server.start() if start else server.launch()
    with server:
        yield server, path


def block(docker, *lines):
    return ('actor "registrator" {\n  docker_host = "unix://%s"\n  %s\n}\n'
            % (docker.path, "\n  ".join(lines)))


def inside_an_agent():
    """An agent registers by message what runs in Docker; it follows reloads,
    leaves strangers alone, and comes back with nothing lost."""
    with folder() as home, FakeDocker(home / "docker.sock") as docker:
        a = docker.run("aa", ports={"80/tcp": 83})
        with agent(home, docker, f'ip = "{IP}"', 'tags = ["x", "y"]') as (
                server, path):
            await_services(server, ids(docker))
            got = server.client().ok("GET", "/v1/catalog/service/nginx")[0]
            expect_equal((got["ServiceID"], got["ServiceAddress"],
                          got["ServicePort"], got["ServiceTags"]),
                         (ident("aa"), IP, 83, ["x", "y"]), "the service")
            api = server.client()
            api.ok("PUT", "/v1/agent/service/register",
                   {"ID": ident("by-hand"), "Name": "s", "Address": IP})
            docker.run("bb", ports={"80/tcp": 84}, env=[
                "SERVICE_CHECK_TTL=30s", "SERVICE_CHECK_INITIAL_STATUS=passing"])
            await_services(server, ids(docker) | {ident("by-hand")})
            expect_equal(api.ok("GET", "/v1/agent/checks")[
                f"service:{ident('bb')}"]["Status"], "passing", "the check")
            docker.end(a)
            await_services(server, [ident("bb"), ident("by-hand")])
            path.write_text(block(docker, f'ip = "{IP}"', 'ignore = "b?"'))
            server.signal(signal.SIGHUP)
            await_services(server, [ident("by-hand")])
            path.write_text(block(docker, 'bogus = 1'))
            server.signal(signal.SIGHUP)
            wait_until(lambda: "has invalid keys: bogus" in server.log(), SOON,
                       "the bad block in the log")
            docker.boot(a)
            await_services(server, [ident("aa"), ident("by-hand")])
            path.write_text("")
            server.signal(signal.SIGHUP)
            wait_until(lambda: server.log().count("Reloading") == 3, SOON,
                       "the third reload")
            registered(server)  # by the thread that reloads: that is over
            docker.end(a)
            time.sleep(0.5)
            await_services(server, [ident("aa"), ident("by-hand")])
            expect(server.alive(), "the agent ended")
            server.signal(signal.SIGTERM)
            server.wait(10)


def inside_an_agent_faults():
    """An engine that is away is waited for, and one that restarts is followed:
    the agent goes on."""
    with folder() as home:
        docker = FakeDocker(home / "docker.sock")
        with agent(home, docker, f'ip = "{IP}"') as (server, path):
            wait_until(lambda: "connecting again in" in server.log(), SOON,
                       "the complaint")
            docker.run("aa", ports={"80/tcp": 83})
            docker.start()
            await_services(server, ids(docker), 15)
            docker.stop()
            docker.run("bb", ports={"80/tcp": 84}, silent=True)
            docker.start()
            await_services(server, ids(docker), 15)
            docker.stop()
            server.signal(signal.SIGTERM)
            server.wait(10)


def inside_an_agent_bad_input():
    """What a block has wrong ends the start with file and line."""
    rows = [('bogus = 1', "'actor.registrator' has invalid keys: bogus"),
            ('internal = "maybe"', "is not a boolean"),
            ('ttl = 5', "-ttl and -ttl-refresh must be specified together"),
            ('deregister = "never"', '-deregister must be'),
            ('tags = "{{nope}}"', r'function \"nope\" not defined'),
            ('ip = "{{ GetMoon }}"', '-ip: cannot evaluate {{ GetMoon }}'),
            ('docker_host = "ftp://x"', "unix:///PATH or tcp://HOST:PORT")]
    with folder() as home, FakeDocker(home / "docker.sock") as docker:
        for line, words in rows:
            with agent(home, docker, line, start=False) as (server, path):
                expect_equal(server.wait(10), 1, f"exit code of {line}")
                expect("registrator.hcl" in server.log() and
                       words in server.log(),
                       f"{line}: {server.log()[-400:]}")


def unchanged_is_not_written():
    """Comparisons and restarts do not write what is registered already."""
    with world("-resync", "1") as (docker, server, it):
        docker.run("aa", ports={"80/tcp": 83})
        await_services(server, [ident("aa")])
        index = lambda: server.client().get("/v1/catalog/services").index
        time.sleep(0.5)
        before = index()
        time.sleep(2.5)
        it.stop()
        it.start()
        wait_until(lambda: it.log().count("added: ") == 2, SOON, "added again")
        time.sleep(1.5)
        expect_equal(index(), before, "index of the catalog")


# -- faults -------------------------------------------------------------------


def engine_restarts():
    """The engine dies and comes back with other containers: the registry
    follows, and meanwhile nothing is lost."""
    with world() as (docker, server, it):
        keep = docker.run("keep", ports={"80/tcp": 83})
        lost = docker.run("lost", ports={"80/tcp": 84})
        await_services(server, ids(docker))
        docker.stop()
        it.await_line("event stream ended")
        docker.remove(lost, silent=True)
        docker.run("new", ports={"80/tcp": 85}, silent=True)
        time.sleep(1)
        await_services(server, [ident("keep"), ident("lost")])
        docker.start()
        await_services(server, [ident("keep"), ident("new")], 10)
        docker.run("later", ports={"80/tcp": 86})
        await_services(server, ids(docker))
        docker.end(keep)
        await_services(server, ids(docker))
        expect(it.process.poll() is None, "registrator ended")


def registrator_restarts():
    """kill -9 of registrator: no ghosts and no duplicates afterwards."""
    with world() as (docker, server, it):
        a = docker.run("aa", ports={"80/tcp": 83})
        docker.run("bb", ports={"80/tcp": 84})
        await_services(server, ids(docker))
        it.stop(signal.SIGKILL)
        docker.remove(a)
        docker.run("cc", ports={"80/tcp": 85})
        time.sleep(0.5)
        await_services(server, [ident("aa"), ident("bb")])
        it.start()
        await_services(server, ids(docker))
        expect_equal(it.stop(), 0, "exit code after SIGTERM")
        await_services(server, ids(docker))


def server_away(seconds=30):
    """The server is down for 30 s: nothing is lost, and it converges."""
    with folder() as home, FakeDocker(home / "docker.sock") as docker, \
            Server(str(home / "data"), folder=home) as server:
        server.await_synced()
        a = docker.run("aa", ports={"80/tcp": 83})
        with Registrator(home, f"consul://127.0.0.1:{server.port}", "-ip", IP,
                         engine=home / "docker.sock") as it:
            await_services(server, ids(docker))
            server.kill()
            began = time.monotonic()
            docker.end(a)
            docker.run("bb", ports={"80/tcp": 84})
            docker.boot(a)
            gone = docker.run("gone", ports={"80/tcp": 85})
            docker.remove(gone)
            it.await_line("registry unreachable", 15)
            time.sleep(max(0, seconds - (time.monotonic() - began)))
            server.start()
            await_services(server, ids(docker), 15)
            it.await_line("registry reachable again")
            docker.run("cc", ports={"80/tcp": 86})
            await_services(server, ids(docker))
            expect(it.process.poll() is None, "registrator ended")


def server_forgets():
    """A server that lost everything gets it again at the next comparison."""
    with world("-resync", "1") as (docker, server, it):
        docker.run("aa", ports={"80/tcp": 83})
        await_services(server, ids(docker))
        server.client().ok("PUT", f"/v1/agent/service/deregister/{ident('aa')}")
        await_services(server, ids(docker))
        server.kill()
        server.start()  # development mode: nothing was kept
        await_services(server, ids(docker), 15)


def lossy_events():
    """Of the events 20 % are dropped, delayed and repeated each: one comparison
    puts all right."""
    with world("-resync", "3", seed=7) as (docker, server, it):
        docker.drop = docker.delay = docker.repeat = 0.2
        chance, known = random.Random(7), []
        for number in range(60):
            if known and chance.random() < 0.4:
                key = known.pop(chance.randrange(len(known)))
                docker.remove(key)
            elif known and chance.random() < 0.3:
                key = chance.choice(known)
                docker.end(key)
                docker.boot(key)
            else:
                known.append(docker.run(f"c-{number}",
                                        ports={"80/tcp": 20000 + number}))
            time.sleep(0.01)
        time.sleep(1.6)  # the last delayed event
        await_services(server, ids(docker), 3 + SOON)


def many_containers():
    """200 containers come and go at random: the catalog is exactly right."""
    with world("-resync", "5", seed=11) as (docker, server, it):
        chance, known = random.Random(11), []
        for number in range(200):
            known.append(docker.run(f"c-{number}",
                                    ports={"80/tcp": 20000 + number}))
        for _ in range(300):
            key = chance.choice(known)
            if docker.containers[key]["running"]:
                docker.end(key, chance.choice([0, 1, 137]))
            else:
                docker.boot(key)
        await_services(server, ids(docker), 20)
        ports = {x["ServiceID"]: x["ServicePort"] for x in
                 server.client().ok("GET", "/v1/catalog/service/nginx")}
        expect_equal(ports, {ident(x["name"]): x["ports"]["80/tcp"]
                             for x in docker.containers.values()
                             if x["running"]}, "the catalog")


# -- bad input ----------------------------------------------------------------


def engine_unreachable():
    """No engine at start: one clear line, exit code 1."""
    with folder() as home, Server(folder=home) as server:
        it = Registrator(home, f"consul://127.0.0.1:{server.port}",
                         engine=home / "none.sock").start()
        wait_until(lambda: it.process.poll() is not None, SOON, "the end")
        expect_equal(it.process.returncode, 1, "exit code")
        expect(f"dial unix {home}/none.sock: connect: no such file" in it.log(),
               it.log())


def registry_unreachable():
    """No registry at start: as many attempts as were asked for, then exit code
    1."""
    with folder() as home, FakeDocker(home / "docker.sock"):
        it = Registrator(home, "consul://127.0.0.1:1", "-retry-attempts", "2",
                         "-retry-interval", "50",
                         engine=home / "docker.sock").start()
        wait_until(lambda: it.process.poll() is not None, SOON, "the end")
        expect_equal(it.process.returncode, 1, "exit code")
        lines = [x for x in it.lines() if x.startswith("Connecting")]
        expect_equal(lines, [f"Connecting to backend ({n}/2)"
                             for n in range(3)], "attempts")
        expect("connection refused" in it.log(), it.log())


def engine_answers_rubbish():
    """An engine that answers rubbish at start is refused, later survived."""
    with world() as (docker, server, it):
        docker.run("aa", ports={"80/tcp": 83})
        await_services(server, ids(docker))
        docker.rubbish = True
        docker.run("bb", ports={"80/tcp": 84})
        it.await_line("unable to inspect container")
        docker.rubbish = False
        docker.run("cc", ports={"80/tcp": 85})
        wait_until(lambda: ident("cc") in registered(server), SOON, "cc")
        expect(ident("aa") in registered(server), "aa was lost")
        docker.rubbish = True
        it.stop()
        it.start()
        wait_until(lambda: it.process.poll() is not None, SOON, "the end")
        expect_equal(it.process.returncode, 1, "exit code")
        expect("does not tell its version" in it.log(), it.log()[-500:])


def bad_containers():
    """Containers with nonsense in their labels are named in the log; the others
    are served."""
    with world("-resync", "1") as (docker, server, it):
        odd = docker.run("odd", ports={"80/tcp": 83}, labels={
            "SERVICE_CHECK_HTTP": "/", "SERVICE_CHECK_INTERVAL": "often",
            "SERVICE_BAD KEY": "x", "SERVICE_LONG": "x" * 600})
        docker.run("portless", env=["SERVICE_PORT=many"])
        docker.run("refused", ports={"80/tcp": 85}, env=["SERVICE_IP=0.0.0.0"])
        broken = docker.run("broken", ports={"80/tcp": 86}, silent=True)
        docker.broken.add(broken)
        docker.emit("start", broken)
        docker.run("aa", ports={"80/tcp": 84})
        await_services(server, [ident("odd"), ident("aa")])
        for text in (
                f'warning: {odd[:12]} odd: check_interval "often" is no duration',
                f'warning: {odd[:12]} odd: metadata "bad key" contains invalid',
                f'warning: {odd[:12]} odd: metadata "long" has a value of more',
                'portless: SERVICE_PORT "many" is no port',
                f"register failed: {ident('refused')} (container refused) "
                "Unexpected response code: 400 (Invalid service address)",
                f"unable to inspect container: {broken[:12]}"):
            it.await_line(text)
        docker.broken.clear()
        await_services(server, [ident("odd"), ident("aa"), ident("broken")])


# -- other registries ---------------------------------------------------------


def consulkv():
    """consulkv writes IP:PORT to PREFIX/NAME/ID, and removes what it owns."""
    with folder() as home, FakeDocker(home / "docker.sock") as docker, \
            Server(folder=home).start() as server:
        api = server.client()
        api.ok("PUT", f"/v1/kv/pre/nginx/{ident('ghost')}", "10.0.0.1:1")
        api.ok("PUT", "/v1/kv/pre/nginx/other:ghost:80", "10.0.0.1:1")
        a = docker.run("aa", ports={"80/tcp": 83})
        with Registrator(home, f"consulkv://127.0.0.1:{server.port}/pre",
                         "-ip", IP, engine=home / "docker.sock") as it:
            def keys():
                got = server.client().get("/v1/kv/pre/?recurse").json
                return {x["Key"]: base64.b64decode(x["Value"]).decode()
                        for x in got}
            other = {"pre/nginx/other:ghost:80": "10.0.0.1:1"}
            wait_until(lambda: keys() == {
                f"pre/nginx/{ident('aa')}": f"{IP}:83", **other}, SOON, "aa")
            docker.end(a)
            wait_until(lambda: keys() == other, SOON, "removal")


def consul_unix():
    """consul-unix talks to an agent's socket."""
    with folder() as home, FakeDocker(home / "docker.sock") as docker:
        config = {"addresses": {"http": f"127.0.0.1 unix://{home}/http.sock"}}
        with Server(folder=home, config=config).start() as server:
            docker.run("aa", ports={"80/tcp": 83})
            with Registrator(home, f"consul-unix://{home}/http.sock", "-ip",
                             IP, engine=home / "docker.sock"):
                await_services(server, [ident("aa")])


def consul_tls():
    """consul-tls speaks TLS with certificates of both sides, and always
    verifies."""
    if not have_openssl():
        return "no openssl"
    with folder() as home, FakeDocker(home / "docker.sock") as docker, \
            Server(folder=home).start() as server:
        at = Certificates(home)
        env = {"CONSUL_CACERT": at.file("ca.pem"),
               "CONSUL_CLIENT_CERT": at.file("client.pem"),
               "CONSUL_CLIENT_KEY": at.file("client-key.pem"),
               "CONSUL_HTTP_SSL_VERIFY": "false"}  # must not matter
        a = docker.run("aa", ports={"80/tcp": 83})
        with Proxy(server.port, at, mutual=True) as proxy:
            uri = f"consul-tls://localhost:{proxy.port}"
            with Registrator(home, uri, "-ip", IP, env=env,
                             engine=home / "docker.sock") as it:
                await_services(server, ids(docker))
                docker.end(a)
                await_services(server, [])
                expect(it.process.poll() is None, "registrator ended")
            accepted = proxy.accepted
            with Registrator(home, uri, "-ip", IP, engine=home / "docker.sock",
                             env=env | {"CONSUL_CACERT": at.file("other.pem")}
                             ) as it:
                wait_until(lambda: it.process.poll() is not None, SOON, "end")
                expect_equal(it.process.returncode, 1, "exit code")
                expect("certificate" in it.log(), it.log()[-300:])
            expect_equal(proxy.accepted, accepted, "connections")
    return None


def docker_over_tcp():
    """DOCKER_HOST=tcp://HOST:PORT, plain and with TLS as docker's own client has
    it."""
    if not have_openssl():
        return "no openssl"
    with folder() as home, FakeDocker(home / "docker.sock") as docker, \
            Server(folder=home).start() as server:
        at = Certificates(home)
        (home / "cert").mkdir()
        for name, source in (("ca", "ca"), ("cert", "client"),
                             ("key", "client-key")):
            shutil.copy(home / f"{source}.pem", home / "cert" / f"{name}.pem")
        tls = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": f"{home}/cert"}
        uri = f"consul://127.0.0.1:{server.port}"
        for certificates, more in ((None, {}), (at, tls)):
            with Proxy(docker.path, certificates, mutual=True) as proxy:
                env = {"DOCKER_HOST": f"tcp://localhost:{proxy.port}", **more}
                with Registrator(home, uri, "-ip", IP, env=env):
                    key = docker.run("aa", ports={"80/tcp": 83})
                    await_services(server, ids(docker))
                    docker.remove(key)
                    await_services(server, [])
        with Proxy(docker.path, at) as proxy:
            shutil.copy(home / "other.pem", home / "cert" / "ca.pem")
            env = {"DOCKER_HOST": f"tcp://localhost:{proxy.port}", **tls}
            with Registrator(home, uri, env=env) as it:
                wait_until(lambda: it.process.poll() is not None, SOON, "end")
                expect("certificate" in it.log(), it.log()[-300:])
            expect_equal(proxy.accepted, 0, "connections")
    return None


class Etcd:
    """Debian's etcd with both of its APIs, on 127.0.0.1."""

    def __init__(self, home):
        self.port, peer = free_ports(2)
        url, other = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{peer}"
        self.args = [
            "etcd", "--enable-v2", "--data-dir", f"{home}/etcd", "--name", "a",
            "--listen-client-urls", url, "--advertise-client-urls", url,
            "--listen-peer-urls", other, "--initial-advertise-peer-urls",
            other, "--initial-cluster", f"a={other}"]
        self.home = home

    def __enter__(self):
        with open(self.home / "etcd.log", "wb") as log:
            self.process = subprocess.Popen(self.args, stdout=log, stderr=log,
                                            start_new_session=True)

        def healthy():
            try:
                return self.ask("GET", "/health").get("health") == "true"
            except OSError:
                return False
        wait_until(healthy, 20, "etcd")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def ask(self, method, path, body=None):
        client = Client(self.port, 5)
        try:
            return client.call(method, path, body).json
        finally:
            client.close()

    def keys2(self, prefix):
        """All keys of version 2: value and whether they expire."""
        out = {}

        def walk(node):
            if "value" in node:
                out[node["key"]] = (node["value"], "ttl" in node)
            for x in node.get("nodes", []):
                walk(x)
        got = self.ask("GET", f"/v2/keys{prefix}?recursive=true")
        walk(got.get("node", {}))
        return out

    def keys3(self, prefix):
        def text(x):
            return base64.b64encode(x.encode()).decode()
        got = self.ask("POST", "/v3/kv/range", {
            "key": text(prefix), "range_end": text(prefix + "\x7f")})
        return {base64.b64decode(x["key"]).decode():
                (base64.b64decode(x["value"]).decode(), "lease" in x)
                for x in got.get("kvs", [])}


def etcd_registry(scheme, path, prefix, value, keys):
    """What all etcd registries have in common."""
    if shutil.which("etcd") is None:
        return "no etcd (package etcd-server)"
    with folder() as home, FakeDocker(home / "docker.sock") as docker, \
            Etcd(home) as etcd:
        def stored():
            return getattr(etcd, keys)(prefix)
        a = docker.run("aa", ports={"80/tcp": 83})
        uri = f"{scheme}://127.0.0.1:{etcd.port}/{path}"
        expected = {f"{prefix}/nginx/{ident('aa')}": value}
        with Registrator(home, uri, "-ip", IP,
                         engine=home / "docker.sock") as it:
            wait_until(lambda: stored() == {k: (v, False) for k, v in
                                            expected.items()}, SOON,
                       f"{expected}; there is {stored()}; {it.log()}")
            docker.end(a)
            wait_until(lambda: stored() == {}, SOON, "removal")
            docker.boot(a)
            wait_until(stored, SOON, "the key")
        with Registrator(home, uri, "-ip", IP, "-ttl", "3", "-ttl-refresh",
                         "1", engine=home / "docker.sock") as it:
            docker.end(a)
            wait_until(lambda: stored() == {}, SOON, "removal")
            docker.boot(a)
            wait_until(lambda: stored() == {k: (v, True) for k, v in
                                            expected.items()}, SOON, "a TTL")
            time.sleep(4)
            expect(stored(), "not refreshed: the key is gone")
            expect("refreshed: " in it.log(), it.log())
            it.stop(signal.SIGKILL)
            wait_until(lambda: stored() == {}, 8, "the key to expire")
    return None


def etcd_2():
    """etcd: the keys of version 2 hold IP:PORT, expire and are refreshed."""
    return etcd_registry("etcd", "pre", "/pre", f"{IP}:83", "keys2")


def etcd_3():
    """etcd3: the same keys in version 3, with leases."""
    return etcd_registry("etcd3", "pre", "/pre", f"{IP}:83", "keys3")


def skydns2():
    """skydns2: the domain is reversed, and the value is an object."""
    return etcd_registry("skydns2", "cluster.local", "/skydns/local/cluster",
                         f'{{"host":"{IP}","port":83}}', "keys2")


class ZooKeeper:
    """Debian's ZooKeeper on 127.0.0.1, and a client that reads nodes."""

    SCRIPT = "/usr/share/zookeeper/bin/zkServer.sh"

    def __init__(self, home):
        self.home = home
        self.port = free_ports(1)[0]
        (home / "zoo").mkdir()
        (home / "zoo.cfg").write_text(
            f"tickTime=500\ndataDir={home}/zoo\nclientPort={self.port}\n"
            "clientPortAddress=127.0.0.1\nadmin.enableServer=false\n"
            "maxSessionTimeout=40000\n")

    def __enter__(self):
        with open(self.home / "zoo.log", "wb") as log:
            self.process = subprocess.Popen(
                [self.SCRIPT, "start-foreground", str(self.home / "zoo.cfg")],
                stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, "ZOO_LOG_DIR": str(self.home),
                     "JMXDISABLE": "true"})

        def ready():
            expect(self.process.poll() is None, "ZooKeeper ended: "
                   + (self.home / "zoo.log").read_text()[-800:])
            try:
                return self.read(8, "/")[0] == 0
            except (OSError, struct.error):
                return False
        wait_until(ready, 60, "ZooKeeper", 0.5)
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def read(self, kind, path):
        """One request in a session of its own: code and body."""
        def text(x):
            return struct.pack(">i", len(x)) + x

        def receive(line):
            head, got = line.recv(4, socket.MSG_WAITALL), b""
            size = struct.unpack(">i", head)[0]
            while len(got) < size:
                got += line.recv(size - len(got))
            return got
        with socket.create_connection(("127.0.0.1", self.port), 5) as line:
            line.sendall(text(struct.pack(">iqiq", 0, 0, 4000, 0)
                              + text(bytes(16)) + b"\0"))
            receive(line)
            line.sendall(text(struct.pack(">ii", 1, kind)
                              + text(path.encode()) + b"\0"))
            got = receive(line)
            line.sendall(text(struct.pack(">ii", 2, -11)))
            return struct.unpack(">i", got[12:16])[0], got[16:]

    def children(self, path):
        code, body = self.read(8, path)
        if code != 0:
            return None
        out, at = [], 4
        for _ in range(struct.unpack(">i", body[:4])[0]):
            size = struct.unpack(">i", body[at:at + 4])[0]
            out.append(body[at + 4:at + 4 + size].decode())
            at += 4 + size
        return sorted(out)

    def data(self, path):
        code, body = self.read(4, path)
        size = struct.unpack(">i", body[:4])[0] if code == 0 else 0
        return body[4:4 + size].decode()


def zookeeper():
    """zookeeper: an ephemeral node with the original's JSON; it goes with the
    container, and with registrator's session."""
    if not os.path.exists(ZooKeeper.SCRIPT) or shutil.which("java") is None:
        return "no ZooKeeper (package zookeeper)"
    with folder() as home, FakeDocker(home / "docker.sock") as docker, \
            ZooKeeper(home) as keeper:
        a = docker.run("aa", ports={"80/tcp": 83}, env=[
            "SERVICE_TAGS=x", "SERVICE_REGION=us"])
        with Registrator(home, f"zookeeper://127.0.0.1:{keeper.port}/base",
                         "-ip", IP, engine=home / "docker.sock") as it:
            wait_until(lambda: keeper.children("/base/nginx") == [f"{IP}:83"],
                       SOON, "the node")
            expect_equal(json.loads(keeper.data(f"/base/nginx/{IP}:83")), {
                "Name": "nginx", "IP": IP, "PublicPort": 83, "PrivatePort": 80,
                "ContainerID": "aa", "Tags": ["x"], "Attrs": {"region": "us"}},
                "the node")
            docker.end(a)
            wait_until(lambda: keeper.children("/base") == [], SOON, "removal")
            docker.boot(a)
            wait_until(lambda: keeper.children("/base/nginx") == [f"{IP}:83"],
                       SOON, "the node")
            time.sleep(12)  # longer than a session lasts without a sign of life
            expect_equal(keeper.children("/base/nginx"), [f"{IP}:83"], "later")
            it.stop(signal.SIGKILL)
            wait_until(lambda: keeper.children("/base/nginx") == [], 20,
                       "the node to go with the session")
    return None


TESTS = [command_line, program_name, start_sequence, life_cycle, renamed,
         metadata_and_checks, docker_health, early, on_success, ownership,
         left_by_the_original, host_name_changes, address_by_interface,
         deregister_at_end, without_marks, templates, inside_an_agent,
         inside_an_agent_faults, inside_an_agent_bad_input,
         unchanged_is_not_written, engine_restarts, registrator_restarts,
         server_away, server_forgets, lossy_events, many_containers,
         engine_unreachable, registry_unreachable, engine_answers_rubbish,
         bad_containers, consulkv, consul_unix, consul_tls,
         docker_over_tcp, etcd_2, etcd_3, skydns2,
         zookeeper]

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="",
                        help="run only tests whose name contains this")
    sys.exit(run_tests(TESTS, parser.parse_args().pattern))
