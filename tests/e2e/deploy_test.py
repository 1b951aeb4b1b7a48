#!/usr/bin/env python3
"""What is in deploy/ works as it stands: units, samples, image, compose file
and the walk-through are checked and run.

Goal: nobody who follows deploy/README.md meets a line that was never executed.
Method: in a network of its own, so that the usual ports are free, every command
line of the units runs with the sample configurations; a real Docker Engine
builds the images (debian:12-slim is stood in for by stand_in_image.py) and
docker-compose starts the whole system. What cannot run here is SKIPPED, and
says why.
"""

import argparse
import configparser
import contextlib
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys

import docker_engine
import stand_in_image
from harness import (REPO, Client, Failure, binary, expect, expect_equal,
                     folder, run_tests, wait_until)

DEPLOY = REPO / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
INSTALLED = "/usr/local/bin/praetor"
SOON = 15  # seconds, on a busy machine
STATE = {}  # the engine that some tests share


def run(*args, check=True, seconds=60, **how):
    """Runs a program. Returns what it printed, stderr included."""
    got = subprocess.run(list(args), stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=seconds,
                         check=False, **how)
    if check and got.returncode != 0:
        raise Failure(f"{shlex.join(map(str, args))}: exit code "
                      f"{got.returncode}:\n{got.stdout[-1500:]}")
    return got.stdout


def get(port, path, status=200):
    """The body of an answer of 127.0.0.1 with that status, or None."""
    client = Client(port, 5)
    try:
        answer = client.get(path)
        return answer.text if answer.status == status else None
    except (OSError, Failure):
        return None
    finally:
        client.close()


# -- units --------------------------------------------------------------------


class Unit:
    """One unit, run as systemd would: the same words, variables and signal."""

    def __init__(self, path, home):
        parser = configparser.RawConfigParser(strict=False)
        parser.optionxform = str
        self.path, self.home, self.process = path, home, None
        text = path.read_text()
        self.environment = dict(
            x.split("=", 1) for x in re.findall("(?m)^Environment=(.*)$", text))
        parser.read_string(text)
        self.service = parser["Service"]

    def words(self):
        out = []
        for word in self.service["ExecStart"].split():
            if word.startswith("$"):
                out += self.environment[word[1:]].split()
            else:
                out.append(word)
        return [self.placed(x) for x in out]

    def placed(self, text):
        """Paths of an installed system, below our own folder."""
        for there, here in ((INSTALLED, binary()),
                            ("/etc/praetor/", f"{self.home}/etc/praetor/")):
            text = text.replace(there, here)
        return text

    def start(self, **environment):
        self.log = self.home / f"{self.path.stem}.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.words(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env={
                    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                    **self.environment, **environment})

    def said(self, text):
        expect(self.process.poll() is None, f"{self.path.name} ended with "
               f"{self.process.poll()}:\n{self.log.read_text()[-1500:]}")
        return text in self.log.read_text()

    def stop(self):
        """systemctl stop: its signal, and an end that counts as success."""
        name = self.service.get("KillSignal", "SIGTERM")
        self.process.send_signal(getattr(signal, name))
        code = self.process.wait(int(self.service.get("TimeoutStopSec", 30)))
        good = [0, *map(int, self.service.get("SuccessExitStatus",
                                              "").split())]
        expect(code in good or code == -signal.SIGTERM, f"{self.path.name}: "
               f"{name} ends it with {code}; success is {good}:\n"
               f"{self.log.read_text()[-1500:]}")

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def place_samples(home):
    """The samples as installed, with the folders of this run in them."""
    etc = home / "etc" / "praetor"
    etc.mkdir(parents=True)
    for path in [*DEPLOY.glob("*.hcl"), DEPLOY / "nginx.ctmpl"]:
        text = path.read_text()
        for there in ("/etc/praetor/", "/etc/nginx/"):
            text = text.replace(there, f"{home}{there}")
        name = "client-data" if path.stem == "client" else "data"
        text = text.replace("/var/lib/praetor", f"{home}/{name}")
        (etc / path.name).write_text(text)


@contextlib.contextmanager
def units(*names):
    """Units by name, not started; ended afterwards."""
    with folder() as home:
        place_samples(home)
        made = [Unit(DEPLOY / "systemd" / f"praetor-{x}.service", home)
                for x in names]
        try:
            yield made
        finally:
            for x in made:
                x.kill()


def units_are_units():
    """systemd finds nothing to say about the units and the user."""
    if shutil.which("systemd-analyze") is None:
        return "no systemd-analyze (package systemd)"
    with folder() as home:
        for unit in UNITS:
            copy = home / unit.name
            copy.write_text(unit.read_text().replace(INSTALLED, binary()))
            said = run("systemd-analyze", "verify", "--man=no", str(copy))
            expect_equal(said, "", unit.name)
        said = run("systemd-sysusers", "--dry-run", f"--root={home}",
                   str(DEPLOY / "systemd" / "praetor.sysusers"))
        expect("praetor" in said, said)
    users = {x for unit in UNITS for x in re.findall(
        "(?m)^(?:User|Group)=(.*)$", unit.read_text())}
    expect_equal(users, {"praetor"}, "users of the units")


def server_unit():
    """The server's command line leads, reloads by signal, and stops as
    systemctl stops it."""
    with units("server") as (server,):
        server.start()
        wait_until(lambda: server.said("agent: Synced node info"), SOON, "start")
        expect_equal(get(8500, "/v1/status/leader"), '"127.0.0.1:8300"',
                     "leader")
        reload = server.service["ExecReload"].replace(
            "$MAINPID", str(server.process.pid)).split()
        run(*reload)
        wait_until(lambda: server.said("eloading"), SOON, "the reload")
        server.stop()


def client_unit():
    """The client's command line joins what retry_join names, on a host of its
    own."""
    with units("server", "client") as (server, client):
        for name, address in (("client", "127.0.0.2"), ("server", "127.0.0.1")):
            path = client.home / "etc" / "praetor" / f"{name}.hcl"
            path.write_text(re.sub('(?m)^((?:bind|client)_addr = ").*"',
                                   rf'\g<1>{address}"', path.read_text()))
        server.start()
        client.start()
        wait_until(lambda: client.said("Synced node info") and "docker01" in
                   (get(8500, "/v1/catalog/nodes") or ""), SOON, "the client")
        client.stop()
        server.stop()


def template_unit():
    """The watcher's command line renders what nginx takes, and stops."""
    with units("server", "template") as (server, watcher):
        server.start()
        made = watcher.home / "etc" / "nginx" / "conf.d" / "backend.conf"
        config = watcher.home / "etc" / "praetor" / "template.hcl"
        config.write_text(config.read_text().replace(
            '"nginx -s reload"', f'"touch {watcher.home}/reloaded"'))
        wait_until(lambda: server.said("Synced node info"), SOON, "start")
        client = Client(8500)
        client.ok("PUT", "/v1/agent/service/register",
                  {"Name": "nginx", "Port": 8081, "Address": "127.0.0.1"})
        client.close()
        watcher.start()
        wait_until(lambda: (watcher.home / "reloaded").exists(), SOON,
                   "the command")
        expect("server 127.0.0.1:8081;" in made.read_text(), made.read_text())
        expect_equal(oct(made.stat().st_mode & 0o777), "0o644", "mode")
        main = watcher.home / "nginx.conf"
        main.write_text(f"pid {watcher.home}/pid; events {{}} http {{ "
                        f"access_log off; include {made}; }}\n")
        if (nginx := shutil.which("nginx", path=stand_in_image.PATH)):
            run(nginx, "-t", "-c", str(main), "-e", f"{watcher.home}/errors")
        watcher.stop()
        server.stop()


def registrator_unit():
    """registrator's command line registers what runs, and stops."""
    if STATE["skip"]:
        return STATE["skip"]
    engine = STATE["engine"]
    with units("server", "registrator") as (server, registrator):
        server.start()
        registrator.start(DOCKER_HOST=f"unix://{engine.socket}")
        engine.docker("run", "-d", "-p", "127.0.0.1:8081:80", "--label",
                      "praetor-test=1", "--name", "web-1", "nginx")
        wait_until(lambda: registrator.said(":web-1:80"), SOON, "`added`")
        registrator.stop()
        expect("web-1:80" in get(8500, "/v1/agent/services"), "services")
        engine.docker("rm", "-f", "web-1")
        server.stop()


# -- samples ------------------------------------------------------------------


def samples_are_valid():
    """praetor validate takes the agents' samples, praetor template parses its
    own, as the heads of the files say."""
    with folder() as home:
        place_samples(home)
        etc = home / "etc" / "praetor"
        for name in ("server", "client"):
            text = (DEPLOY / f"{name}.hcl").read_text()
            expect(f"praetor validate deploy/{name}.hcl" in text, text)
            said = run(binary(), "validate", str(DEPLOY / f"{name}.hcl"))
            expect("Configuration is valid!" in said, said)
        run(binary(), "template", f"-config={etc}/template.hcl", "-parse-only")


# -- Docker -------------------------------------------------------------------


def commands_of(path, program):
    """Command lines of `program` in a file's comments or text, joined."""
    text = re.sub(r"\\\n#?", " ", path.read_text())
    return [x.strip(" #") for x in text.splitlines()
            if re.match(rf"[# ]*{program} ", x)]


def images_build():
    """The Containerfile's commands build both images; the small one has nothing
    but the binary and its libraries, and runs as nobody in particular."""
    if STATE["skip"] or stand_in_image.missing():
        return STATE["skip"] or stand_in_image.missing()
    engine, home = STATE["engine"], STATE["engine"].home
    stand_in_image.make(home / "base", binary())
    engine.import_image("debian:12-slim", home / "base")
    shutil.rmtree(home / "base")
    tree = home / "tree"  # as in a checkout after ./tools/build
    for name in ("build", "tools", "deploy"):
        (tree / name).mkdir(parents=True)
    shutil.copy(binary(), tree / "build" / "praetor")
    shutil.copy(REPO / "tools" / "install-packages", tree / "tools")
    shutil.copy(DEPLOY / "Containerfile", tree / "deploy")
    build, = commands_of(DEPLOY / "Containerfile", "tar")
    environment = {**os.environ, "DOCKER_HOST": f"unix://{engine.socket}"}
    for flags in ("-t praetor", "--target front -t praetor-front"):
        run("sh", "-c", build.replace("-t praetor", flags), cwd=tree,
            env=environment)
    shutil.rmtree(tree)
    said = engine.docker("run", "--rm", "--net=none", "praetor", "version")
    expect(said.startswith("Consul v"), said)
    for name, first in (("registrator", "v"), ("consul-template", "consul-t")):
        said = engine.docker("run", "--rm", "--net=none", "--entrypoint",
                             f"/bin/{name}", "praetor", "--version")
        expect(said.startswith(first), f"{name}: {said}")
    expect_equal(engine.docker("inspect", "-f", "{{.Config.User}}", "praetor"),
                 "65532:65532", "user")
    number = engine.docker("create", "praetor")
    listed = run("sh", "-c", f"docker export {number} | tar -t",
                 env=environment).splitlines()
    engine.docker("rm", number)
    programs = [x for x in listed if re.fullmatch("usr/s?bin/.+", x)]
    expect_equal(sorted(programs), sorted(f"usr/bin/{x}" for x in (
        "consul", "consul-template", "praetor", "registrator")), "programs")


def compose():
    """The command that reads compose files, or None."""
    if shutil.which("docker-compose"):
        return ["docker-compose"]
    got = subprocess.run(["docker", "compose", "version"], check=False,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return ["docker", "compose"] if got.returncode == 0 else None


def compose_file():
    """The compose file's system comes up: three servers agree, a container
    started by hand is reached through nginx, and leaves again."""
    tool = compose()
    if tool is None:
        return "no docker-compose (package docker-compose)"
    file = [*tool, "-p", "praetor", "-f", str(DEPLOY / "compose/compose.yaml")]
    run(*file, "config")
    if STATE["skip"]:
        return "only its syntax was checked: " + STATE["skip"]
    engine = STATE["engine"]
    if not engine.docker("images", "-q", "praetor-front"):
        return "only its syntax was checked: there are no images"
    # The engine's socket is where the file expects it, but not on this host.
    with folder() as home:
        text = (DEPLOY / "compose/compose.yaml").read_text()
        for there, here in (("/var/run/docker.sock:", f"{engine.socket}:"),
                            ("../nginx.ctmpl", f"{DEPLOY}/nginx.ctmpl")):
            expect(there in text, f"no {there} in the compose file")
            text = text.replace(there, here)
        (home / "compose.yaml").write_text(text)
        file[-1] = str(home / "compose.yaml")
        environment = {**os.environ, "DOCKER_HOST": f"unix://{engine.socket}",
                       "DOCKER_GROUP": str(os.stat(engine.socket).st_gid)}
        try:
            run(*file, "up", "-d", env=environment)
            walk_compose(engine)
        except Failure as failure:
            log = run(*file, "logs", "--tail=15", check=False, env=environment)
            raise Failure(f"{failure}\n{log[-6000:]}")
        finally:
            run(*file, "down", "-v", "-t", "2", env=environment)


def walk_compose(engine):
    wait_until(lambda: (get(8500, "/v1/status/peers") or "").count(":8300") == 3,
               2 * SOON, "three servers")
    wait_until(lambda: get(8000, "/index.html", 502) is not None, SOON,
               "nginx, with nobody behind it")
    engine.docker("run", "-d", "-p", "127.0.0.1:8083:80", "--label",
                  "praetor-test=1", "--name", "test-01", "nginx")
    wait_until(lambda: (get(8000, "/index.html") or "").strip() == "nobody",
               SOON, "the container behind nginx")
    services = get(8500, "/v1/catalog/services")
    expect_equal(services, '{"consul":[],"nginx":[]}', "services")
    engine.docker("rm", "-f", "test-01")
    wait_until(lambda: get(8500, "/v1/catalog/services") == '{"consul":[]}',
               SOON, "the service to go")


def walk_through():
    """deploy/article goes through all of its steps; requests rotate."""
    if STATE["skip"]:
        return STATE["skip"]
    said = run(str(DEPLOY / "article"), "--fast", seconds=100, env={
        **os.environ, "DOCKER_HOST": f"unix://{STATE['engine'].socket}",
        "PRAETOR": binary(), "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
    for number, count in ((1, 6), (2, 4), (3, 4)):
        expect(said.count(f"this is test{number} web") >= 2,
               f"test{number} is not in:\n{said}")
    expect(said.endswith("Everything that was started ends now.\n"), said)


TESTS = [samples_are_valid, units_are_units, server_unit, client_unit,
         template_unit, registrator_unit, walk_through, images_build,
         compose_file]


def main(pattern):
    if os.geteuid() != 0:
        print("*** DEPLOY IS NOT TESTED HERE: a network of its own needs "
              "root ***")
        print(f"0 passed, 0 failed, {len(TESTS)} SKIPPED")
        return 0
    if not docker_engine.in_own_network():
        return docker_engine.enter_own_network()
    with contextlib.ExitStack() as stack:
        try:
            STATE["skip"] = docker_engine.missing()
            if STATE["skip"] is None:
                STATE["engine"] = stack.enter_context(
                    docker_engine.engine(own=True))
        except Failure as failure:
            STATE["skip"] = f"Docker does not run: {failure}"
        if STATE["skip"]:
            print(f"*** IMAGES ARE NOT TESTED HERE: {STATE['skip']} ***")
        return run_tests(TESTS, pattern)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="",
                        help="run only tests whose name contains this")
    sys.exit(main(parser.parse_args().pattern))
