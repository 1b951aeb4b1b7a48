#!/usr/bin/env python3
"""Servers under load are killed, stopped, frozen, slowed down, made to hand
over and cut off.

Goal: whatever happens, answers are those of one register per key, nothing that
was acknowledged is lost, watches miss nothing, locks have one holder, sessions
last as long as they are renewed, and the cluster becomes whole again.
Method: users of several kinds (chaos_clients.py) ask all servers and a client
agent, and note when each request began and ended. Meanwhile one fault after the
other happens and heals. At the end the history of each key is searched for an
order that explains it (linearizable.py).

Partitions need root and `ip netns`, slow disks a C compiler; without, they are
left out, and the output says so. Timing differs between runs, so a rerun of a
--seed may need several attempts.
"""

import argparse
import collections
import os
import random
import shutil
import signal
import sys
import time

import chaos_clients as users
import cluster_networks as networks
from cluster_nodes import NO_ANSWER, Cluster
from harness import Failure, expect, wait_until
from linearizable import Op, TooHard, linearizable, self_test
from slow_disk import SlowDisks

CLIENTS, LOCKERS = 6, 3
WHOLE_SECONDS = 60  # from the end of the last fault to full health
CALM_SECONDS = 6  # of use without faults, at the end
COMMON, RARE = 6, 1  # how often faults are chosen


class Unlucky(Cluster):
    """A cluster whose disks can be slow; with networks, each node has a
    network namespace."""

    def __init__(self):
        super().__init__(addresses=networks.address if networks.entered()
                         else None)
        self.disks = SlowDisks(self.folder)

    def enter(self, node):
        return networks.inside(self.nodes.index(node) + 1) \
            if networks.entered() else []

    def environment(self, node):
        return self.disks.environment(node)


class Chaos:
    """One run."""

    def __init__(self, options, cluster):
        self.seed, self.cluster = options.seed, cluster
        self.random = random.Random(self.seed)
        self.deadline = time.monotonic() + options.minutes * 60
        self.over, self.calm = False, None
        self.faults = collections.Counter()
        self.choices = {
            self.kill: COMMON, self.kill_leader: COMMON, self.freeze: COMMON,
            self.stop: COMMON, self.transfer: COMMON, self.leave: RARE,
            self.kill_many: RARE, self.rolling_restart: RARE}
        if cluster.disks.possible():
            self.choices[self.slow_disk] = COMMON
        if networks.entered():
            self.choices |= {self.isolate: COMMON, self.one_way: COMMON,
                             self.isolate_leader: COMMON}

    @property
    def targets(self):
        return self.cluster.nodes

    def run(self):
        self.cluster.nodes[-1].ok("PUT", "/v1/catalog/register", {
            "Node": users.HOLDER, "Address": "192.0.2.1"})
        clients = [users.Client(n, self) for n in range(CLIENTS)]
        watchers = [users.Watcher(n, self) for n in range(users.KEYS)]
        lockers = [users.Locker(n, self) for n in range(LOCKERS)]
        appender = users.Appender(0, self)
        others = [appender, users.Follower(0, self, appender),
                  users.Keeper(0, self), users.Keeper(1, self)]
        self.everybody = clients + watchers + lockers + others
        while time.monotonic() < self.deadline:
            self.do(*self.random.choices(list(self.choices),
                                         self.choices.values()))
            self.expect_no_fault()
            time.sleep(self.random.uniform(0.5, 3))
        self.do(self.rolling_restart)
        self.become_whole()
        self.calm = time.monotonic()
        time.sleep(CALM_SECONDS)
        self.over = True
        for x in self.everybody:
            x.join()
        self.check(clients, watchers)
        for x in self.everybody:
            x.check()
        print(f"locks taken {users.check_locks(lockers)}, keys added "
              f"{len(appender.acknowledged)}, sessions renewed "
              f"{sum(x.renewals for x in others[2:])}")

    def do(self, fault):
        self.faults[fault.__name__] += 1
        print(f"{time.strftime('%H:%M:%S')} {fault.__name__}", flush=True)
        fault()

    def expect_no_fault(self):
        for x in self.everybody:
            expect(not x.fault, x.fault)

    # -- faults ----------------------------------------------------------------

    def pick(self):
        return self.random.choice(self.cluster.servers)

    def leader_or_any(self):
        try:
            return self.cluster.leader(seconds=3)
        except Failure:
            return self.pick()

    def any_or_leader(self):
        return self.leader_or_any() if self.random.random() < 0.5 \
            else self.pick()

    def hold(self):
        time.sleep(self.random.uniform(0.2, 6))

    def kill(self, node=None):
        node = node or self.pick()
        node.kill()
        self.hold()
        node.launch()

    def kill_leader(self):
        self.kill(self.leader_or_any())

    def kill_many(self):
        """More than may fail, or all: nobody answers until they are back."""
        servers = self.cluster.servers
        some = self.random.sample(servers, self.random.randint(
            len(servers) // 2 + 1, len(servers)))
        for node in some:
            node.kill()
        self.hold()
        for node in some:
            node.launch()

    def freeze(self):
        node = self.any_or_leader()
        node.signal(signal.SIGSTOP)
        self.hold()
        node.signal(signal.SIGCONT)

    def stop(self, node=None):
        """A clean stop; a leader hands over first."""
        node = node or self.any_or_leader()
        node.signal(signal.SIGTERM)
        node.wait(20)
        self.hold()
        node.launch()

    def leave(self):
        """A server leaves the cluster, and comes back."""
        node = self.any_or_leader()
        wait_until(lambda: node.leader() or not node.alive(), WHOLE_SECONDS,
                   f"{node.name} to know a leader")
        node.run("leave")
        node.wait(20)
        self.hold()
        node.launch()

    def transfer(self):
        """By hand, while all goes well or just after another fault."""
        self.pick().run("operator", "raft", "transfer-leader")

    def slow_disk(self):
        """Syncs of one server take long; something else may happen, too."""
        node = self.any_or_leader()
        self.cluster.disks.delay(node, self.random.choice((20, 200, 1000,
                                                           4000)))
        self.hold()
        if self.random.random() < 0.3:
            self.do(self.random.choice((self.kill_leader, self.freeze,
                                        self.transfer)))
        self.cluster.disks.heal(node)

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
        """All, one after the other, as for a new version."""
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
        names = {x.name for x in cluster.nodes}
        servers = {x.name for x in cluster.servers}
        for node in cluster.nodes:
            wait_until(lambda n=node: n.members() == dict.fromkeys(
                names, "alive"), WHOLE_SECONDS, f"members by {node.name}", 0.3)
        wait_until(lambda: {k for k, v in (cluster.servers[0].peers() or {})
                            .items() if v[1]} == servers, WHOLE_SECONDS,
                   "all servers to be voters", 0.3)
        for node in cluster.nodes:
            wait_until(lambda n=node: n.health() == "passing", WHOLE_SECONDS,
                       f"{node.name} to pass", 0.3)

    def check(self, clients, watchers):
        total = unknown = 0
        for number in range(users.KEYS):
            key = f"k{number}"
            history = [x for c in clients for x in c.history[key]]
            for x in watchers:
                if x.key == key:
                    x.finish()
                    x.check_prompt([y for y in history if y.kind != "get"])
                    history += x.history[key]
            final = [self.last_read(node, key) for node in self.cluster.nodes]
            history += final
            total += len(history)
            unknown += sum(x.end is None for x in history)
            self.judge(key, history)
            for x in watchers:
                expect(x.key != key or x.last == final[0].outcome,
                       f"{x.name} ended with {x.last}, not {final[0].outcome}")
        print(f"{total} operations ({unknown} of unknown outcome), faults: "
              + ", ".join(f"{k} {v}" for k, v in sorted(self.faults.items())))

    def last_read(self, node, key):
        begin = time.monotonic()
        answer = node.get(f"/v1/kv/{key}", raw="")
        expect(answer.status in (200, 404), f"last read of {key}")
        return Op(begin, time.monotonic(), "get", None, None,
                  answer.text if answer.status == 200 else None, "end")

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
        return networks.enter(options.servers + 1)
    if not networks.entered():
        print("SKIPPED partitions: they need root, ip and iptables")
    expect(self_test(), "the checker is broken")
    os.environ["PRAETOR_KEEP"] = "1"
    cluster = Unlucky()
    if not cluster.disks.possible():
        print("SKIPPED slow disks: they need a C compiler")
    try:
        with cluster:
            cluster.start(options.servers, 1)
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
