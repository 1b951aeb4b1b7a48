#!/usr/bin/env python3
"""registrator and the tasks of a Docker Swarm.

Goal: the tasks of a Swarm's service are found under its name, at their
addresses on the overlay network, and come and go with it.
Method: a real Docker Engine as a Swarm of one, in a network of its own. What
cannot run here is SKIPPED, and says why.
"""

import os
import subprocess
import sys

import docker_engine
from harness import (Failure, Server, binary, expect_equal, folder, run_tests,
                     wait_until)

ADDRESS = "10.77.0.1"  # the Swarm's own, on the loopback interface
SERVICE = '{{index .Config.Labels "com.docker.swarm.service.name"}}'
SOON = 20  # seconds: the Swarm takes its time


def tasks_are_registered():
    """Each task is an instance of its service, with its address on the overlay;
    scaled away, it is gone."""
    reason = docker_engine.missing()
    if reason:
        return reason
    subprocess.run(["ip", "addr", "add", f"{ADDRESS}/32", "dev", "lo"],
                   check=True)
    with docker_engine.engine(own=True) as engine, folder() as home, \
            Server(folder=home).start() as server:
        try:
            engine.docker("swarm", "init", "--advertise-addr", ADDRESS)
            engine.docker("network", "create", "-d", "overlay", "backend")
        except Failure as failure:
            return f"no Swarm here: {failure}"
        with open(home / "registrator.log", "w") as log:
            registrator = subprocess.Popen(
                [binary(), "registrator", "-internal", "-network", "backend",
                 "-name-from", SERVICE, f"consul://127.0.0.1:{server.port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "DOCKER_HOST": f"unix://{engine.socket}"})
        try:
            walk(engine, server.client())
        except Failure as failure:
            raise Failure(f"{failure}\n"
                          f"{(home / 'registrator.log').read_text()}")
        finally:
            registrator.terminate()
            registrator.wait(10)
            engine.docker("swarm", "leave", "--force", check=False)
    return None


def walk(engine, api):
    engine.docker("service", "create", "-d", "--no-resolve-image", "--name",
                  "web", "--network", "backend", "-p", "8099:80", "--replicas",
                  "2", "nginx")

    def found(count):
        now = api.ok("GET", "/v1/catalog/service/web")
        return now if len(now) == count else None
    wait_until(lambda: found(2), SOON, "two tasks")
    addresses = set()
    for key in engine.docker("ps", "-q").split():
        addresses.add(engine.docker(
            "inspect", "-f", "{{.NetworkSettings.Networks.backend.IPAddress}}",
            key))
    expect_equal({(x["ServiceAddress"], x["ServicePort"]) for x in found(2)},
                 {(x, 80) for x in addresses}, "addresses")
    engine.docker("service", "scale", "-d", "web=1")
    wait_until(lambda: found(1), SOON, "one task to go")
    engine.docker("service", "rm", "web")
    wait_until(lambda: found(0) == [], SOON, "the service to go")


TESTS = [tasks_are_registered]


def main():
    if os.geteuid() != 0:
        print("*** SWARM IS NOT TESTED HERE: a network of its own needs root "
              "***")
        print(f"0 passed, 0 failed, {len(TESTS)} SKIPPED")
        return 0
    if not docker_engine.in_own_network():
        return docker_engine.enter_own_network()
    return run_tests(TESTS)


if __name__ == "__main__":
    sys.exit(main())
