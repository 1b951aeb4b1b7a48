#!/usr/bin/env python3
"""Servers under load are killed, stopped, restarted and cut off.

Goal: whatever happens, answers are those of one register per key, nothing that
was acknowledged is lost, watches end with the last value, and the cluster
becomes whole again.
Method: clients write, compare-and-set and read a few keys through all servers
and note when each request began and ended. Meanwhile one fault after the other
happens and heals. At the end the history of each key is searched for an order
that explains it (linearizable.py).

Partitions need root and `ip netns`; without, they are left out, and the
output says so. Timing differs between runs, so a rerun of a --seed may need
several attempts.
"""

import argparse
import base64
import collections
import os
import random
import shutil
import signal
import sys
import threading
import time

import cluster_networks as networks
from cluster_nodes import NO_ANSWER, Cluster
from harness import Failure, expect, wait_until
from linearizable import Op, TooHard, linearizable, self_test

KEYS, CLIENTS = 8, 6
PAUSE = 0.03  # between requests of one client: below 200 requests a second
WHOLE_SECONDS = 60  # from the end of the last fault to full health
PATIENCE = 12  # longer than a server waits for a leader


class Namespaced(Cluster):
    """A cluster with a network namespace for each node."""

    def enter(self, node):
        return networks.inside(self.nodes.index(node) + 1)


class Client(threading.Thread):
    """Sends requests of all kinds through all servers, one at a time."""

    def __init__(self, number, test):
        super().__init__(daemon=True)
        self.number, self.test = number, test
        self.random = random.Random(f"{test.seed}-{number}")
        self.history, self.count = collections.defaultdict(list), 0
        self.indexes = {}
        self.start()

    def run(self):
        while not self.test.over:
            node = self.random.choice(self.test.cluster.servers)
            key = f"k{self.random.randrange(KEYS)}"
            kind = self.random.choice(("get", "get", "consistent", "put",
                                       "cas"))
            if kind == "put":
                self.put(node, key)
            elif kind == "cas":
                self.cas(node, key)
            else:
                self.get(node, key, {} if kind == "get" else {
                    "consistent": ""})
            time.sleep(PAUSE)

    def value(self):
        self.count += 1
        return f"{self.number}.{self.count}"

    def note(self, key, begin, end, *rest):
        self.history[key].append(Op(begin, end, *rest, self.number))

    def get(self, node, key, mode):
        begin = time.monotonic()
        answer = node.get(f"/v1/kv/{key}", seconds=PATIENCE, raw="", **mode)
        if answer.status not in (200, 404):
            return None
        got = answer.text if answer.status == 200 else None
        self.note(key, begin, time.monotonic(), "get", None, None, got)
        return answer.index, got

    def put(self, node, key):
        begin, value = time.monotonic(), self.value()
        answer = node.put(f"/v1/kv/{key}", value, seconds=PATIENCE)
        known = answer.status == 200
        self.note(key, begin, time.monotonic() if known else None, "put", value,
                  None, True)

    def cas(self, node, key):
        """Values are never repeated, so an index stands for a value."""
        begin = time.monotonic()
        found = node.get(f"/v1/kv/{key}", seconds=PATIENCE)
        if found.status not in (200, 404):
            return
        row = found.json[0] if found.status == 200 else None
        old = row and row_value(row)
        self.note(key, begin, time.monotonic(), "get", None, None, old)
        begin, value = time.monotonic(), self.value()
        answer = node.put(f"/v1/kv/{key}", value, seconds=PATIENCE,
                          cas=row["ModifyIndex"] if row else 0)
        known = answer.status == 200
        self.note(key, begin, time.monotonic() if known else None, "cas", value,
                  old, answer.text.strip() == "true")


class Watcher(threading.Thread):
    """Follows one key by blocking queries through changing servers."""

    def __init__(self, number, test):
        super().__init__(daemon=True)
        self.key, self.test = f"k{number % KEYS}", test
        self.random = random.Random(f"{test.seed}-w{number}")
        self.index, self.last, self.fault = 1, None, ""
        self.start()

    def run(self):
        while not self.test.closed:
            node = self.random.choice(self.test.cluster.servers)
            answer = node.get(f"/v1/kv/{self.key}", seconds=PATIENCE, raw="",
                              index=self.index, wait="2s")
            if answer.status not in (200, 404):
                time.sleep(0.1)
                continue
            if answer.index < self.index:
                self.fault = (f"watch of {self.key} through {node.name}: index "
                              f"{answer.index} after {self.index}")
            self.index = max(1, answer.index)
            self.last = answer.text if answer.status == 200 else None


def row_value(row):
    return base64.b64decode(row["Value"] or "").decode()


class Chaos:
    """One run."""

    def __init__(self, options, cluster):
        self.seed, self.cluster = options.seed, cluster
        self.random = random.Random(self.seed)
        self.deadline = time.monotonic() + options.minutes * 60
        self.over = self.closed = False
        self.faults = collections.Counter()

    def run(self):
        clients = [Client(n, self) for n in range(CLIENTS)]
        watchers = [Watcher(n, self) for n in range(KEYS)]
        choices = [self.kill, self.kill_leader, self.freeze, self.restart]
        if networks.entered():
            choices += [self.isolate, self.isolate_leader, self.one_way]
        while time.monotonic() < self.deadline:
            fault = self.random.choice(choices)
            self.faults[fault.__name__] += 1
            fault()
            time.sleep(self.random.uniform(0.5, 3))
        self.rolling_restart()
        self.become_whole()
        self.over = True
        for x in clients:
            x.join()
        self.check(clients, watchers)

    # -- faults ----------------------------------------------------------------

    def pick(self):
        return self.random.choice(self.cluster.servers)

    def leader_or_any(self):
        try:
            return self.cluster.leader(seconds=3)
        except Failure:
            return self.pick()

    def hold(self):
        time.sleep(self.random.uniform(0.2, 6))

    def kill(self, node=None):
        node = node or self.pick()
        node.kill()
        self.hold()
        node.launch()

    def kill_leader(self):
        self.kill(self.leader_or_any())

    def freeze(self):
        node = self.leader_or_any() if self.random.random() < 0.5 \
            else self.pick()
        node.signal(signal.SIGSTOP)
        self.hold()
        node.signal(signal.SIGCONT)

    def restart(self):
        node = self.pick()
        node.signal(signal.SIGTERM)
        node.wait(20)
        node.launch()

    def isolate(self, node=None):
        """A minority with `node` is cut off from the rest."""
        servers = self.cluster.servers
        node = node or self.pick()
        few = {node} | set(self.random.sample(
            servers, self.random.randint(0, (len(servers) - 1) // 2 - 1)))
        for x in servers:
            for y in servers:
                if (x in few) != (y in few):
                    networks.cut(servers.index(x) + 1, servers.index(y) + 1)
        self.hold()
        self.heal()

    def isolate_leader(self):
        self.isolate(self.leader_or_any())

    def one_way(self):
        """One server does not hear the others, but is heard."""
        servers = self.cluster.servers
        deaf = servers.index(self.pick()) + 1
        for n in range(1, len(servers) + 1):
            if n != deaf:
                networks.cut(deaf, n)
        self.hold()
        self.heal()

    def heal(self):
        for n in range(1, len(self.cluster.servers) + 1):
            networks.heal(n)

    def rolling_restart(self):
        for node in self.cluster.servers:
            node.signal(signal.SIGTERM)
            node.wait(20)
            node.launch()
            self.become_whole()

    # -- afterwards ------------------------------------------------------------

    def become_whole(self):
        """Waits until all servers are alive, voters, and passing."""
        cluster = self.cluster
        cluster.await_formed(seconds=WHOLE_SECONDS)
        names = {x.name for x in cluster.servers}
        for node in cluster.servers:
            wait_until(lambda n=node: n.members() == dict.fromkeys(
                names, "alive"), WHOLE_SECONDS, f"members by {node.name}", 0.3)
        wait_until(lambda: {k for k, v in (cluster.servers[0].peers() or {})
                            .items() if v[1]} == names, WHOLE_SECONDS,
                   "all servers to be voters", 0.3)
        for node in cluster.servers:
            wait_until(lambda n=node: n.health() == "passing", WHOLE_SECONDS,
                       f"{node.name} to pass", 0.3)

    def check(self, clients, watchers):
        total = unknown = 0
        for number in range(KEYS):
            key = f"k{number}"
            history = [x for c in clients for x in c.history[key]]
            final = None
            for node in self.cluster.servers:
                begin = time.monotonic()
                answer = node.get(f"/v1/kv/{key}", raw="")
                expect(answer.status in (200, 404), f"last read of {key}")
                final = answer.text if answer.status == 200 else None
                history.append(Op(begin, time.monotonic(), "get", None, None,
                                  final, "end"))
            total += len(history)
            unknown += sum(x.end is None for x in history)
            self.judge(key, history)
            for x in watchers:
                if x.key == key:
                    wait_until(lambda w=x, f=final: w.last == f, 10,
                               f"the watch of {key} to show {final}")
        self.closed = True
        for x in watchers:
            expect(not x.fault, x.fault)
        print(f"{total} operations ({unknown} of unknown outcome), faults: "
              + ", ".join(f"{k} {v}" for k, v in sorted(self.faults.items())))

    def judge(self, key, history):
        try:
            good = linearizable(history)
        except TooHard:
            print(f"INCONCLUSIVE: {key}, {len(history)} operations")
            return
        if good:
            return
        path = self.cluster.folder / f"{key}.history"
        path.write_text("\n".join(map(str, sorted(
            history, key=lambda x: x.begin))))
        raise Failure(f"the history of {key} is not linearizable: {path}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--servers", type=int, default=3)
    parser.add_argument("--seed", type=int,
                        default=random.randrange(1_000_000))
    options = parser.parse_args()
    if not networks.entered() and os.geteuid() == 0 and shutil.which("ip") \
            and shutil.which("iptables"):
        return networks.enter(options.servers)
    if not networks.entered():
        print("SKIPPED partitions: they need root, ip and iptables")
    expect(self_test(), "the checker is broken")
    os.environ["PRAETOR_KEEP"] = "1"
    cluster = Namespaced(addresses=networks.address) if networks.entered() \
        else Cluster()
    try:
        with cluster:
            cluster.start(options.servers)
            Chaos(options, cluster).run()
    except (Failure, *NO_ANSWER) as failure:
        print(f"FAIL: {failure}\nrerun: chaos_test.py --minutes "
              f"{options.minutes} --servers {options.servers} --seed "
              f"{options.seed}; logs and data: {cluster.folder}")
        print("0 passed, 1 failed")
        return 1
    print(f"seed {options.seed}\n1 passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
