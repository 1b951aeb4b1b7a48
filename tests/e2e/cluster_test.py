#!/usr/bin/env python3
"""Datacenters of several real processes on loopback addresses.

Goal: servers and client agents find each other, any of them answers any
request, and what fails is noticed, replaced and taken back.
Method: each test starts a cluster of its own, asks it over HTTP and by the
command line, and ends processes with signals.
For partitions and load see chaos_test.py.
"""

import argparse
import json
import signal
import subprocess
import sys
import threading
import time

from cluster_nodes import LAN, RPC, Cluster, read, seconds_until, write
from cluster_tls import Authority, have_openssl
from harness import (binary, expect, expect_equal, folder, memory_limit_mb,
                     run_tests, wait_until)

GOSSIP_SECONDS = 10  # until all know what one knows, on a busy machine
DEAD_SECONDS = 25  # until a node that was killed is critical: design 6 s, median
ADOPT_SECONDS = 30  # until autopilot has acted: its period is 10 s
HAND_OVER_SECONDS = 2  # the lease that reads rest on, 1.2 s, has to end first
COORDINATE_SECONDS = 45  # a node tells it every 15 to 30 s
SYNC_SECONDS = 45  # until an agent has told servers all: 15 to 30 s after a try


def all_alive(cluster, nodes=None):
    """Waits until each node's `members` shows all of them, and none more that
    is alive."""
    nodes = nodes or cluster.nodes
    expected = {x.name for x in nodes}
    for node in nodes:
        wait_until(lambda n=node: {
            name for name, status in (n.members() or {}).items()
            if status == "alive"} == expected, GOSSIP_SECONDS,
            f"{node.name} to show {sorted(expected)} alive")


# -- forming -------------------------------------------------------------------


def any_start_order():
    """Three servers with -bootstrap-expect=3 and two clients become one
    datacenter, whoever starts first."""
    for order in ((2, 4, 0, 3, 1), (3, 4, 1, 0, 2)):
        with Cluster() as cluster:
            nodes = [cluster.add_server() for _ in range(3)] + [
                cluster.add_client() for _ in range(2)]
            for number in order:
                nodes[number].launch()
                time.sleep(0.2)
            cluster.await_formed()
            all_alive(cluster)
            leader = cluster.leader()
            for node in nodes:
                expect_equal(node.leader(), f"{leader.host}:{RPC}",
                             f"leader as seen by {node.name}")
                expect_equal(node.peers(), {
                    x.name: ("leader" if x is leader else "follower", True)
                    for x in cluster.servers}, f"peers by {node.name}")


def incomplete_cluster_waits():
    """Two of three expected servers elect nobody, and say so; the third
    completes them."""
    with Cluster() as cluster:
        nodes = [cluster.add_server() for _ in range(3)]
        for node in nodes[:2]:
            node.launch()
        for node in nodes[:2]:
            wait_until(lambda n=node: (n.members() or {}).get(
                "server1") == "alive", GOSSIP_SECONDS, "members")
        began = time.monotonic()
        answer = nodes[0].put("/v1/kv/a", "1")
        expect_equal((answer.status, answer.text), (500, "No cluster leader"),
                     "write without a leader")
        expect(time.monotonic() - began > 5, "it did not wait for a leader")
        nodes[2].launch()
        cluster.await_formed()


def article_second_server():
    """The article's last part: a second server joins the first with the
    article's options, or by `join`."""
    with Cluster() as cluster:
        first = cluster.add(name="consul-server01", flags=[
            "-bootstrap", "-ui"]).launch()
        cluster.await_formed([first])
        second = cluster.add(name="consul-server02", flags=[
            "-ui", "-enable-script-checks=true", "-datacenter=dc1",
            f"-join={first.host}:{LAN}"]).launch()
        await_pair(cluster, first, second)
        third = cluster.add(name="consul-server03").launch()
        third.says("Consul agent running")
        done = third.run("join", f"{first.host}:{LAN}")
        expect_equal((done.returncode, done.stdout), (
            0, "Successfully joined cluster by contacting 1 nodes.\n"), "join")
        wait_until(lambda: (first.peers() or {}).get("consul-server03")
                   == ("follower", True), ADOPT_SECONDS, "the third's vote")


def await_pair(cluster, first, second):
    """Both show two members and two voters, the first leads."""
    expected = {"consul-server01": ("leader", True),
                "consul-server02": ("follower", True)}
    for node in (first, second):
        all_alive(cluster)
        wait_until(lambda n=node: n.peers() == expected, ADOPT_SECONDS,
                   "two voters")
    lines = first.run("members").stdout.splitlines()
    expect_equal([x.split() for x in lines[1:3]], [
        [x.name, f"{x.host}:{LAN}", "alive", "server", "1.8.7", "2", "dc1",
         "<all>"] for x in (first, second)], "members")
    write(second, "article", "second")
    expect_equal(read(first, "article"), "second", "value at the first")


def join_errors():
    """`join` names each address that did not work, and fails only if none
    did."""
    with Cluster() as cluster:
        first = cluster.add(flags=["-bootstrap"]).launch()
        second = cluster.add().launch()
        cluster.await_formed([first])
        second.says("Consul agent running")
        nowhere = f"{first.host}:1"
        done = second.run("join", nowhere)
        expect_equal(done.returncode, 1, "exit code")
        expect(f"Error joining address '{nowhere}': Unexpected response code: "
               "500 (1 error occurred:" in done.stderr
               and "connection refused" in done.stderr
               and "Failed to join any nodes." in done.stderr, done.stderr)
        done = second.run("join", nowhere, f"{first.host}:{LAN}")
        expect_equal((done.returncode, done.stdout), (
            0, "Successfully joined cluster by contacting 1 nodes.\n"), "join")


# -- answering -----------------------------------------------------------------


def any_node_answers():
    """Each node, server or client, answers requests of all kinds alike."""
    with Cluster().start(3, 2) as cluster:
        for node in cluster.nodes:
            write(node, f"k/{node.name}", node.name)
        for node in cluster.nodes:
            for other in cluster.nodes:
                for mode in ({}, {"consistent": ""}):
                    expect_equal(read(node, f"k/{other.name}", **mode),
                                 other.name, f"{other.name} by {node.name}")
            register_and_find(cluster, node)
            watch_from(node, cluster.nodes[0])
            lock_by(node, cluster.nodes)
        answers = {json.dumps(x.ok("GET", "/v1/catalog/services"),
                              sort_keys=True) for x in cluster.nodes}
        expect_equal(len(answers), 1, "different services on nodes")


def coordinates():
    """All nodes say where they are; `rtt` and ?near= go by it."""
    with Cluster().start(3, 1) as cluster:
        names = sorted(x.name for x in cluster.nodes)
        asked = cluster.clients[0]
        wait_until(lambda: [x["Node"] for x in asked.ok(
            "GET", "/v1/coordinate/nodes")] == names, COORDINATE_SECONDS,
            "coordinates of all")
        done = asked.run("rtt", "server1")
        expect(done.returncode == 0 and done.stdout.startswith(
            f"Estimated server1 <-> {asked.name} rtt: ")
            and done.stdout.endswith(" ms (using LAN coordinates)\n"),
            done.stdout + done.stderr)
        for number, name in enumerate(names):
            asked.ok("PUT", "/v1/catalog/register", {
                "Node": f"far{number}", "Address": "192.0.2.1",
                "Service": {"Service": "spread"}})
            asked.ok("PUT", "/v1/coordinate/update", {
                "Node": f"far{number}", "Coord": {
                    "Vec": [100 - number] + [0] * 7, "Error": 1,
                    "Height": 0.001}})
        found = asked.ok("GET", "/v1/health/service/spread?near=_agent")
        expect_equal([x["Node"]["Node"] for x in found],
                     ["far3", "far2", "far1", "far0"], "order by distance")


def register_and_find(cluster, node):
    """A service that is registered with an agent is found through all."""
    name = f"web-{node.name}"
    node.ok("PUT", "/v1/agent/service/register", {
        "Name": name, "Port": 80, "Check": {"TTL": "10m"}})
    node.ok("PUT", f"/v1/agent/check/pass/service:{name}")
    for other in cluster.nodes:
        found = wait_until(
            lambda n=other: n.ok("GET", f"/v1/health/service/{name}?passing"),
            GOSSIP_SECONDS, f"{name} through {other.name}")
        expect_equal(found[0]["Node"]["Node"], node.name, "node")
        expect(name in other.ok("GET", "/v1/catalog/services"), "services")


def watch_from(node, writer):
    """A blocking query through `node` sees what is written elsewhere."""
    before = node.get(f"/v1/kv/watched/{node.name}")
    got = []
    watcher = threading.Thread(target=lambda: got.append(node.get(
        f"/v1/kv/watched/{node.name}", raw="", index=max(1, before.index),
        wait="20s")))
    watcher.start()
    time.sleep(0.1)
    began = time.monotonic()
    write(writer, f"watched/{node.name}", "seen")
    watcher.join()
    expect_equal((got[0].status, got[0].text), (200, "seen"), "watch")
    expect(got[0].index > before.index, "the index did not grow")
    expect(time.monotonic() - began < 2, "the watch woke late")


def lock_by(node, nodes):
    """A session made through one node holds a lock against all."""
    session = node.ok("PUT", "/v1/session/create", {
        "TTL": "60s", "LockDelay": "0s"})["ID"]
    expect(node.ok("PUT", f"/v1/kv/lock?acquire={session}", "x"), "acquire")
    for other in nodes:
        rival = other.ok("PUT", "/v1/session/create", {"LockDelay": "0s"})["ID"]
        expect(not other.ok("PUT", f"/v1/kv/lock?acquire={rival}", "y"),
               f"{other.name} took a lock that is held")
        expect_equal(other.ok("PUT", f"/v1/session/renew/{session}")[0]["ID"],
                     session, f"renewal through {other.name}")
        other.ok("PUT", f"/v1/session/destroy/{rival}")
    expect(nodes[-1].ok("PUT", f"/v1/kv/lock?release={session}"), "release")
    node.ok("PUT", f"/v1/session/destroy/{session}")


# -- leaders -------------------------------------------------------------------


class Writer(threading.Thread):
    """Writes one number after the other through a node, and remembers what was
    acknowledged and the longest time without a success."""

    def __init__(self, node, key):
        super().__init__()
        self.node, self.key, self.stop = node, key, False
        self.written, self.errors, self.longest_gap = 0, [], 0.0
        self.start()

    def run(self):
        client, last = self.node.client(), time.monotonic()
        while not self.stop:
            answer = client.put(f"/v1/kv/{self.key}", str(self.written + 1))
            now = time.monotonic()
            if answer.status == 200:
                self.longest_gap = max(self.longest_gap, now - last)
                self.written, last = self.written + 1, now
            else:
                self.errors.append((answer.status, answer.text))
            time.sleep(0.005)

    def __enter__(self):
        wait_until(lambda: self.written > 3, 10, "writes")
        return self

    def __exit__(self, *_):
        self.stop = True
        self.join()


def leader_killed():
    """A leader that is killed is replaced; no write that was acknowledged is
    lost, and those under way are done late but not refused."""
    with Cluster().start(3, 1) as cluster:
        times = []
        for _ in range(2):
            old = cluster.leader()
            with Writer(cluster.clients[0], "n") as writer:
                old.kill()
                rest = [x for x in cluster.servers if x is not old]
                took = seconds_until(
                    lambda r=rest, o=old: any(x.leader() in {
                        f"{y.host}:{RPC}" for y in r if y is not o} for x in r),
                    15, "a new leader")
                before = writer.written
                wait_until(lambda b=before, w=writer: w.written > b, 15,
                           "writes to go on")
            times.append((took, writer.longest_gap))
            expect_equal(writer.errors[:3], [], "writes that failed")
            for node in rest:
                expect_equal(int(read(node, "n")), writer.written, "value")
            old.launch()
            cluster.await_formed()
        print("     new leader after "
              + ", ".join(f"{t:.2f} s (no write for {g:.2f} s)"
                          for t, g in times))


def leader_stopped():
    """A leader that is stopped hands over first: hardly a pause, no error."""
    with Cluster().start(3, 1) as cluster:
        old = cluster.leader()
        with Writer(cluster.clients[0], "n") as writer:
            old.signal(signal.SIGTERM)
            old.wait()
            before = writer.written
            wait_until(lambda: writer.written > before, 15, "writes")
        expect("handing over the leadership" in old.log(), "log of the leader")
        expect_equal(writer.errors[:3], [], "writes that failed")
        expect(writer.longest_gap < HAND_OVER_SECONDS,
               f"no write for {writer.longest_gap:.2f} s")
        print(f"     no write for {writer.longest_gap:.2f} s")


# -- coming and going ----------------------------------------------------------


def leaving():
    """`leave` of a client and of a server, the leader too: exit code 0, the
    others show it as left, and catalog and Raft forget it."""
    with Cluster().start(3, 1) as cluster:
        for node in (cluster.clients[0], cluster.followers()[0],
                     cluster.leader()):
            done = node.run("leave")
            expect_equal((done.returncode, done.stdout), (
                0, "Graceful leave complete\n"), f"leave of {node.name}")
            expect_equal(node.wait(), 0, f"exit code of {node.name}")
            rest = [x for x in cluster.nodes if x.alive()]
            wait_until(lambda n=node, r=rest: all(
                (x.members() or {}).get(n.name) == "left" for x in r),
                GOSSIP_SECONDS, f"{node.name} to be shown as left")
            wait_until(lambda n=node, r=rest: n.name not in {
                row["Node"] for row in r[0].ok("GET", "/v1/catalog/nodes")},
                GOSSIP_SECONDS, f"the catalog to forget {node.name}")
            wait_until(lambda n=node, r=rest: n.name not in (
                r[0].peers() or [n.name]), GOSSIP_SECONDS,
                f"Raft to forget {node.name}")
        write(rest[0], "alone", "1")


def server_restarts():
    """A server that restarts on its data, by signal or by kill -9, is a voter
    again and has what was written meanwhile."""
    with Cluster().start(3) as cluster:
        for end in (lambda x: x.signal(signal.SIGTERM), lambda x: x.kill()):
            node = cluster.followers()[0]
            end(node)
            node.wait()
            other = [x for x in cluster.servers if x is not node]
            write(other[0], "meanwhile", str(node.starts))
            node.launch()
            wait_until(lambda n=node: n.leader() != "", 15, "a leader")
            wait_until(lambda n=node: read(n, "meanwhile", stale="")
                       == str(n.starts - 1), 10, "what was written meanwhile")
            wait_until(lambda n=node: (n.peers() or {}).get(
                n.name, (0, 0))[1], 10, "its vote")
        for node in cluster.servers:
            node.kill()
        for node in cluster.servers:
            node.launch()
        cluster.await_formed()
        expect_equal(read(node, "meanwhile"), "2", "after restart of all")


def left_server_comes_back():
    """A server that left joins again as the same node."""
    with Cluster().start(3) as cluster:
        node = cluster.followers()[0]
        node.ok("PUT", "/v1/agent/leave")
        expect_equal(node.wait(), 0, "exit code")
        other = cluster.leader()
        wait_until(lambda: node.name not in (other.peers() or [node.name]), 10,
                   "Raft to forget it")
        node.launch()
        wait_until(lambda: (other.peers() or {}).get(node.name)
                   == ("follower", True), ADOPT_SECONDS, "its vote")
        all_alive(cluster)


def client_outlives_servers():
    """A client agent keeps its registrations when all servers are gone, and
    tells new servers with empty disks."""
    with Cluster().start(3, 1) as cluster:
        agent = cluster.clients[0]
        agent.ok("PUT", "/v1/agent/service/register", {
            "Name": "kept", "Port": 80, "Check": {"TTL": "10m"}})
        agent.ok("PUT", "/v1/agent/check/pass/service:kept")
        find = "/v1/health/service/kept?passing"
        server = cluster.servers[0]
        wait_until(lambda: server.ok("GET", find), GOSSIP_SECONDS, "kept")
        for wiped in (False, True):
            for x in cluster.servers:
                x.kill()
                if wiped:
                    subprocess.run(["rm", "-rf", x.data_dir], check=True)
            agent.ok("PUT", "/v1/agent/service/register", {
                "Name": f"late-{wiped}", "Port": 81})
            expect("kept" in agent.ok("GET", "/v1/agent/services"), "services")
            for x in cluster.servers:
                x.launch()
            cluster.leader()
            for path in (find, f"/v1/health/service/late-{wiped}"):
                wait_until(lambda p=path: server.get(p).status == 200
                           and server.get(p).json, SYNC_SECONDS, path)


def client_killed():
    """A client that is killed becomes critical, and passing when it is
    back."""
    with Cluster().start(3, 2) as cluster:
        server, victim = cluster.servers[0], cluster.clients[0]
        victim.ok("PUT", "/v1/agent/service/register", {"Name": "on-victim"})
        wait_until(lambda: server.ok("GET", "/v1/health/service/on-victim"),
                   GOSSIP_SECONDS, "its service")
        victim.kill()
        took = seconds_until(lambda: server.health(victim.name) == "critical",
                             DEAD_SECONDS, "critical")
        expect_equal(server.members()[victim.name], "failed", "status")
        expect_equal(server.ok("GET", "/v1/health/service/on-victim?passing"),
                     [], "passing services")
        victim.launch()
        back = seconds_until(lambda: server.health(victim.name) == "passing",
                             GOSSIP_SECONDS, "passing")
        wait_until(lambda: server.ok(
            "GET", "/v1/health/service/on-victim?passing"), GOSSIP_SECONDS,
            "its service to pass")
        print(f"     critical after {took:.1f} s, passing {back:.1f} s after "
              "its restart")


def forced_leave():
    """`force-leave` turns a failed node into one that left and takes it out of
    the catalog; with -prune it is forgotten; an unknown one is an error."""
    with Cluster().start(3, 2) as cluster:
        server = cluster.servers[0]
        for flags, shown in (([], "left"), (["-prune"], None)):
            victim = [x for x in cluster.clients if x.alive()][0]
            victim.kill()
            wait_until(lambda v=victim: (server.members() or {}).get(
                v.name) == "failed", DEAD_SECONDS, "failed")
            done = server.run("force-leave", *flags, victim.name)
            expect_equal((done.returncode, done.stdout, done.stderr),
                         (0, "", ""), "force-leave")
            for x in cluster.servers:
                wait_until(lambda n=x, v=victim, s=shown: (n.members() or {
                    v.name: "?"}).get(v.name) == s, GOSSIP_SECONDS,
                    f"{victim.name} to be {shown}")
            wait_until(lambda v=victim: server.health(v.name) is None,
                       GOSSIP_SECONDS, "the catalog to forget it")
        done = server.run("force-leave", "nope")
        expect_equal((done.returncode, done.stderr), (
            1, "Error force leaving: Unexpected response code: 500 (agent: No "
            "node found with name 'nope')\n"), "unknown node")


def dead_server_removed():
    """Autopilot takes a dead server out of Raft while enough are left, and a
    new one takes its place."""
    with Cluster().start(3) as cluster:
        victim = cluster.followers()[0]
        victim.kill()
        server = cluster.leader()
        took = seconds_until(lambda: victim.name not in (
            server.peers() or [victim.name]), DEAD_SECONDS + ADOPT_SECONDS,
            "Raft to forget it", 0.2)
        expect_equal(len(server.peers()), 2, "peers")
        new = cluster.add(flags=cluster.retry_join(3)).launch()
        wait_until(lambda: (server.peers() or {}).get(new.name)
                   == ("follower", True), ADOPT_SECONDS, "the new one's vote")
        print(f"     removed after {took:.1f} s")


# -- who is let in -------------------------------------------------------------


def other_cluster_refused():
    """Two clusters do not merge: a join is refused, both sides say why, and
    nothing changes."""
    with Cluster() as cluster:
        pair = [cluster.add(flags=["-bootstrap"]).launch() for _ in range(2)]
        for x in pair:
            cluster.await_formed([x])
        done = pair[1].run("join", f"{pair[0].host}:{LAN}")
        expect(done.returncode == 1 and "cluster" in done.stderr, done.stderr)
        pair[0].says("it is of another cluster")
        for x in pair:
            expect_equal(list(x.members()), [x.name], "members")
            expect_equal(list(x.peers()), [x.name], "peers")


def other_key_refused():
    """A node with another gossip key, or without one, is refused; both sides
    say so."""
    key, other = (subprocess.run(
        [binary(), "keygen"], capture_output=True, text=True,
        check=True).stdout.strip() for _ in range(2))
    why = "No installed keys could decrypt the message"
    for flags in ([f"-encrypt={other}"], []):
        with Cluster() as cluster:
            first = cluster.add(flags=["-bootstrap",
                                       f"-encrypt={key}"]).launch()
            cluster.await_formed([first])
            node = cluster.add(server=False, flags=[
                f"-join={first.host}:{LAN}", *flags]).launch()
            expect_equal(node.wait(15), 1, "exit code")
            node.says(f"Failed to join {first.host}: {why}")
            first.says(f"memberlist: failed to receive: {why}")
            expect_equal(list(first.members()), [first.name], "members")


def other_authority_refused():
    """A server or client whose certificate is of another authority, or that has
    none, does not get in; both sides say so."""
    if not have_openssl():
        return "no openssl"
    with folder() as home, Cluster() as cluster:
        ours, theirs = Authority(home, "ours"), Authority(home, "theirs")
        first = cluster.add(config=ours.certify("first"),
                            flags=["-bootstrap"]).launch()
        cluster.await_formed([first])
        for config, server, here, there in (
                (theirs.certify("stranger"), True,
                 "the certificate of the other side is not trusted",
                 'Refused a connection: from=127.0.0.1 error="TLS: '),
                ({}, False,
                 "it does not speak TLS, which verify_incoming demands",
                 "refused: this node accepts connections with TLS only")):
            node = cluster.add(server=server, config=config, flags=[
                f"-join={first.host}:{LAN}"]).launch()
            node.says("Consul agent running")
            answer = node.put("/v1/kv/a", "1")
            expect_equal(answer.status, 500, "write")
            node.says(there)
            first.says(here)
        expect_equal(read(first, "a"), None, "a")


def tls_cluster():
    """With verify_incoming, verify_outgoing and verify_server_hostname a
    cluster works as without; new certificates are taken at a SIGHUP."""
    if not have_openssl():
        return "no openssl"
    with folder() as home, Cluster() as cluster:
        authority = Authority(home)
        for number in range(3):
            cluster.add_server(config=authority.certify(f"s{number}")).launch()
        client = authority.certify("client", "client.dc1.consul")
        cluster.add_client(config=client).launch()
        cluster.await_formed()
        for node in cluster.nodes:
            write(node, f"tls/{node.name}", "1")
            expect_equal(read(cluster.clients[0], f"tls/{node.name}"), "1",
                         "value")
        for number in range(3):
            authority.certify(f"s{number}")
        for node in cluster.servers:
            node.signal(signal.SIGHUP)
        for node in cluster.servers:
            write(node, f"tls/{node.name}", "2")
        cluster.leader().kill()
        write(cluster.clients[0], "tls/after", "3", seconds=20)


def encrypted_gossip():
    """With -encrypt the pool works, keys are rotated by `keyring`, and a node
    with the new key joins."""
    with Cluster() as cluster:
        keys = [subprocess.run([binary(), "keygen"], capture_output=True,
                               text=True, check=True).stdout.strip()
                for _ in range(2)]
        for _ in range(3):
            node = cluster.add_server(config={"encrypt": keys[0]}).launch()
        client = cluster.add_client(config={"encrypt": keys[0]}).launch()
        cluster.await_formed()
        all_alive(cluster)
        for flag, line in ((f"-install={keys[1]}", "Installing new gossip "
                            "encryption key..."),
                           (f"-use={keys[1]}", "Changing primary gossip "
                            "encryption key..."),
                           (f"-remove={keys[0]}", "Removing gossip encryption "
                            "key...")):
            done = node.run("keyring", flag)
            expect_equal((done.returncode, done.stdout), (0, f"==> {line}\n"),
                         f"keyring {flag}: {done.stderr}")
        listed = node.run("keyring", "-list").stdout
        expect(f"dc1 (LAN):\n  {keys[1]} [4/4]" in listed
               and keys[0] not in listed, listed)
        client.kill()
        client.launch()
        new = cluster.add_client(config={"encrypt": keys[1]}).launch()
        all_alive(cluster)
        write(new, "encrypted", "1")


# -- cost ----------------------------------------------------------------------


def idle_is_cheap():
    """An idle cluster of 3 + 2: each process takes less than 0.5 % of a core
    and 25 MB."""
    with Cluster().start(3, 2) as cluster:
        time.sleep(5)
        seconds = 20
        before = {x: x.cpu_seconds() for x in cluster.nodes}
        time.sleep(seconds)
        used = {x.name: ((x.cpu_seconds() - before[x]) / seconds * 100,
                         x.resident_mb()) for x in cluster.nodes}
        print("     " + ", ".join(f"{name}: {cpu:.2f} % {mb:.1f} MB"
                                  for name, (cpu, mb) in used.items()))
        for name, (cpu, megabytes) in used.items():
            expect(cpu < 0.5, f"{name} takes {cpu:.2f} % of a core")
            expect(megabytes < memory_limit_mb(25),
                   f"{name} takes {megabytes:.1f} MB")


TESTS = [any_start_order, incomplete_cluster_waits, article_second_server,
         join_errors, any_node_answers, coordinates, leader_killed, leader_stopped, leaving,
         server_restarts, left_server_comes_back, client_outlives_servers,
         client_killed, forced_leave, dead_server_removed,
         other_cluster_refused, other_key_refused, other_authority_refused,
         tls_cluster, encrypted_gossip, idle_is_cheap]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-k", default="", help="only tests with this in the "
                                               "name")
    return run_tests(TESTS, parser.parse_args().k)


if __name__ == "__main__":
    sys.exit(main())
