#!/usr/bin/env python3
"""The recorded template cases, with a server as the source of the data.

Goal: `praetor template` renders from a server over HTTP what consul-template
0.19.3 rendered from Consul 1.8.7.
Method: tests/template/cases/consul/recorded.json. Each case gets a server of
its own, is prepared with its requests and rendered once. The server is praetor;
with `--consul PROGRAM`, or $CONSUL_PROGRAM, it is a real Consul.
"""

import argparse
import concurrent.futures
import http.client
import json
import os
import pathlib
import re
import subprocess
import sys

from harness import (Client, Failure, Server, binary, expect,
                     folder, free_ports, run_tests, wait_until)

CASES = pathlib.Path(__file__).parents[1] / "template/cases/consul"
NODE = "consul-server01"
AT_ONCE = 4  # they mostly wait
END_SECONDS = 30
BLOCKS_SECONDS = 4  # what has not rendered by then waits for data


class RealConsul:
    """A Consul in development mode, on 127.0.0.1."""

    def __init__(self, program, home):
        self.home = home
        self.port, server, lan, wan = free_ports(4)
        self.args = [program, "agent", "-dev", f"-node={NODE}",
                     "-bind=127.0.0.1", f"-http-port={self.port}",
                     f"-server-port={server}", f"-serf-lan-port={lan}",
                     f"-serf-wan-port={wan}", "-dns-port=-1", "-grpc-port=-1"]

    def __enter__(self):
        with open(self.home / "consul.log", "wb") as log:
            self.process = subprocess.Popen(
                self.args, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

        def ready():
            client = Client(self.port, 5)
            try:
                return client.get("/v1/health/service/consul").json != []
            except (OSError, http.client.HTTPException, Failure):
                return False
            finally:
                client.close()
        wait_until(ready, END_SECONDS, "Consul")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def source(home):
    program = os.environ.get("CONSUL_PROGRAM")
    return RealConsul(program, home) if program else \
        Server(folder=home, name=NODE)


def prepare(port, calls):
    client = Client(port)
    try:
        for call in calls:
            body = call.get("body")
            body = body.encode() if isinstance(body, str) else body
            client.ok(call["method"], call["path"], body)
    finally:
        client.close()


def configuration(case, home):
    """Files of the case and its block; returns where the template lies."""
    text = case["template"]
    for number, (mark, content) in enumerate(case.get("files", {}).items()):
        path = home / f"file{number}"
        path.write_text(content)
        text = text.replace(mark, str(path))
    template = home / "in.ctmpl"
    template.write_text(text)
    block = {"source": str(template), "destination": str(home / "out"),
             **case.get("config", {})}
    (home / "c.json").write_text(json.dumps({"template": [block]}))
    return template


def flaw_of(case, home):
    """Runs one case. Returns what differs, or None."""
    with source(home) as server:
        prepare(server.port, case.get("setup", []))
        template = configuration(case, home)
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("CONSUL")} | case.get("env", {})
        process = subprocess.Popen(
            [binary(), "template", f"-consul-addr=127.0.0.1:{server.port}",
             "-once", "-config", str(home / "c.json")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env=env, text=True, start_new_session=True)
        try:
            _, errors = process.communicate(
                timeout=BLOCKS_SECONDS if "blocks" in case else END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None if "blocks" in case else "it waits for data"
        return compare(case, home, template, process.returncode,
                       errors.replace(f"127.0.0.1:{server.port}",
                                      "127.0.0.1:23500"), server.port)


def compare(case, home, template, code, errors, port):
    out = home / "out"
    got = out.read_bytes().decode(errors="surrogateescape").replace(f"127.0.0.1:{port}", "127.0.0.1:23500") \
        if out.exists() else None
    if "blocks" in case:
        return f"it did not wait: {code}, {got!r}, {errors}"
    if "error" in case:
        wanted = case["error"].replace("<SOURCE>", str(template))
        said = errors.split("[ERR] (cli) ", 1)[-1].rstrip("\n")
        same = (said, code) == (wanted, case["exit"])
        return None if same else f"{code}, {said!r} instead of {wanted!r}"
    if code != 0:
        return f"exit code {code}: {errors}"
    if "output_regex" in case:
        same = re.fullmatch(case["output_regex"], got or "", re.DOTALL)
        return None if same else repr(got)
    return None if got == case["output"] else \
        f"{got!r} instead of {case['output']!r}"


def recorded():
    """Every recorded case comes out as it did with consul-template."""
    cases = json.loads((CASES / "recorded.json").read_text())

    def one(case):
        with folder() as home:
            return flaw_of(case, home)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        flaws = list(pool.map(one, cases))
    wrong = [f"{x['name']}: {flaw}" for x, flaw in zip(cases, flaws) if flaw]
    expect(not wrong, f"{len(wrong)} of {len(cases)} differ:\n"
           + "\n".join(wrong))
    print(f"     {len(cases)} cases")


TESTS = [recorded]

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pattern", nargs="?", default="",
                        help="run only tests whose name contains this")
    parser.add_argument("--consul", metavar="PROGRAM",
                        help="a real Consul as the source")
    options = parser.parse_args()
    if options.consul:
        os.environ["CONSUL_PROGRAM"] = options.consul
    sys.exit(run_tests(TESTS, options.pattern))
