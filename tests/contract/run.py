#!/usr/bin/env python3
"""Compares the HTTP API with recorded answers of Consul 1.8.7.

Each area (a file in cases/) gets a server of its own, and areas run side by
side; within one, cases run one after the other. known.json has the cases that are
expected to fail, with the steps that do and why; one that passes all the same
is reported, too.

  run.py                       all areas
  run.py --area kv,txn -k cas  some cases
  run.py --url http://127.0.0.1:8500   against a server that already runs
  run.py --through follower   asks a follower of three servers instead
  run.py --through client     asks a client agent of three servers

cluster.json has the steps whose answers depend on the node that is asked.

The program is build/praetor or $PRAETOR. Exit code: 0 if nothing unexpected
happened, 1 if something did.
"""

import argparse
import concurrent.futures
import functools
import json
import pathlib
import random
import re
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from case import CONNECTION_ERRORS, Player, Target  # noqa: E402
from cluster_nodes import Cluster  # noqa: E402
from harness import Failure, Server, expect  # noqa: E402
from normalise import compare, server_names  # noqa: E402

# A node id of its own choice might begin as one that a case asks for.
AGENT = {"enable_script_checks": True,
         "node_id": "00000000-c0de-4000-8000-000000000001"}
# What -dev would add.
CLUSTER = {"enable_script_checks": True, "ui": True}
DIFFERENCES_SHOWN = 4
# A server per slice of an area that mostly waits.
SLICES = {"blocking": 4, "session": 4, "health": 2, "agent": 3}


def load(options):
    """The selected cases by area, each with its tier and recorded answers."""
    areas = {}
    for path in sorted((HERE / "cases").glob("*.json")):
        if options.area and path.stem not in options.area.split(","):
            continue
        document = json.loads(path.read_text())
        recorded = json.loads((HERE / "recorded" / path.name).read_text())
        cases = []
        for case in document["cases"]:
            case.setdefault("tier", document["tier"])
            case["recorded"] = recorded[case["name"]]
            if options.tier and case["tier"] not in options.tier.split(","):
                continue
            if re.search(options.k, case["name"]):
                cases.append(case)
        if cases:
            areas[path.stem] = cases
    return areas


def known_failures(role):
    """Cases that may fail, with steps and reason; `role`: asked through that
    node of a cluster, None for a server on its own."""
    known = json.loads((HERE / "known.json").read_text())
    if role is not None:
        more = json.loads((HERE / "cluster.json").read_text())
        known |= {name: x for name, x in more.items()
                  if role in x.get("roles", [role])}
    return known


def only_in(steps, problems):
    """Whether all problems are of these steps."""
    return all(any(line.startswith(f"step {step} ") for step in steps)
               for line in problems)


class Report:
    """Counts and prints outcomes. Thread-safe."""

    def __init__(self, known, verbose):
        self.known, self.verbose = known, verbose
        self.lock, self.by_tier = threading.Lock(), {}
        self.passed = self.failed = self.excused = 0

    def add(self, area, case, transcript, problems):
        name, known = case["name"], self.known.get(case["name"])
        with self.lock:
            sums = self.by_tier.setdefault(case["tier"], [0, 0])
            sums[0] += not problems
            sums[1] += 1
            if problems and known and only_in(known["steps"], problems):
                self.excused += 1
                outcome, problems = f"KNOWN ({known['reason']})", []
            elif known and not problems:
                self.failed += 1
                outcome = "UNEXPECTED PASS (take it out of known.json)"
            elif problems:
                self.failed += 1
                outcome = "FAIL"
            else:
                self.passed += 1
                outcome = "PASS"
            if self.verbose:
                print(json.dumps(transcript, indent=1, ensure_ascii=False))
            if outcome != "PASS" or self.verbose:
                print(f"{outcome} {area}/{case['tier']} {name}")
            for line in problems[:DIFFERENCES_SHOWN]:
                print("     " + line[:600])
            if len(problems) > DIFFERENCES_SHOWN:
                print(f"     ... {len(problems) - DIFFERENCES_SHOWN} more")
            sys.stdout.flush()

    def lose(self, area, failure):
        """A server could not be asked."""
        with self.lock:
            self.failed += 1
            print(f"FAIL {area}: {failure}")

    def finish(self):
        for tier, (passed, total) in sorted(self.by_tier.items()):
            print(f"{tier}: {passed} of {total}")
        print(f"{self.passed} passed, {self.failed} failed"
              + (f", {self.excused} known to fail" if self.excused else ""))
        return 1 if self.failed or not self.passed + self.excused else 0


def wear_in(target):
    """Lets a service come and go, as one had when the answers were recorded:
    since then an absent service has the index of the last one that went."""
    node = {"Node": "worn", "Address": "127.0.0.1"}
    for path, more in (("register", {"Service": {"Service": "worn"}}),
                       ("deregister", {})):
        target.send("PUT", f"/v1/catalog/{path}",
                    body=json.dumps(node | more).encode())


def play(area, cases, url, report):
    """Runs cases against the server at `url`, one after the other."""
    target = Target(url)
    wear_in(target)
    names = server_names(target.own, target.host, target.port)
    # Consul had this address when the answers were recorded.
    names.append((re.compile(re.escape(target.host)), "127.0.0.1"))
    run = f"d{random.getrandbits(24):06x}"
    for number, case in enumerate(cases):
        unique = f"{run}q{number:03d}"
        try:
            transcript, error = Player(target, case, unique, names).play()
            problems = [error] if error else []
            problems += compare(case["recorded"], transcript)
        except CONNECTION_ERRORS as failure:
            transcript, problems = [], [f"no answer: {failure!r}"]
        report.add(area, case, transcript,
                   [line.replace(unique, "NONCE") for line in problems])


def play_through(role, area, cases, report):
    """As play(), through a node of a new cluster."""
    try:
        with Cluster(config=CLUSTER) as cluster:
            cluster.start(3, 1 if role == "client" else 0)
            for node in cluster.nodes:
                node.says("Synced node info")
            node = {"leader": cluster.leader,
                    "follower": lambda: cluster.followers()[0],
                    "client": lambda: cluster.clients[0]}[role]()
            play(area, cases, node.url, report)
            for node in cluster.nodes:
                expect(node.alive(), f"{node.name} died: {node.log()[-1500:]}")
    except Failure as failure:
        report.lose(area, failure)


def play_on_own_server(area, cases, report):
    """As play(), against a new server. A server that dies fails the rest."""
    try:
        with Server(config=AGENT, name="contract") as server:
            server.await_synced()
            play(area, cases, server.url, report)
            if not server.alive():
                raise Failure(f"the server died: {server.log()[-1500:]}")
    except Failure as failure:
        report.lose(area, failure)


def slices(areas):
    """Areas cut into what runs side by side."""
    for area, cases in areas.items():
        count = SLICES.get(area, 1)
        for i in range(count):
            if cases[i::count]:
                yield area, cases[i::count]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--area", help="areas, separated by commas")
    parser.add_argument("--tier", help="T1, T2, T3, separated by commas")
    parser.add_argument("-k", default="", help="regex on names of cases")
    parser.add_argument("-v", action="store_true", help="print transcripts")
    parser.add_argument("--url", help="a running server with script checks")
    parser.add_argument("--through",
                        choices=("leader", "follower", "client"),
                        help="which node of a cluster to ask")
    parser.add_argument("--jobs", type=int, default=6,
                        help="servers at a time (default 6)")
    options = parser.parse_args()
    report = Report(known_failures(options.through), options.v)
    areas = load(options)
    if options.url:
        for area, cases in areas.items():
            play(area, cases, options.url, report)
        return report.finish()
    start = play_on_own_server if options.through is None else \
        functools.partial(play_through, options.through)
    work = sorted(slices(areas), key=lambda x: x[0] not in SLICES)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for done in [pool.submit(start, area, cases, report)
                     for area, cases in work]:
            done.result()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
