#!/usr/bin/env python3
"""Kills a server with -9 in the midst of writes, again and again.

Goal: nothing that was acknowledged is lost, nothing is half there, and indexes
never go back.
Method: writers of all kinds run concurrently; each keeps a model of what was
acknowledged and of the one write that was under way. At a random moment the
process is killed and started anew on the same directory, sometimes killed
while it recovers, too. Then all models are compared with what the server has.
In each second round checkpoints and log cuts happen all the time.

Rerun a failure with the printed --seed; its data directory is kept. Timing
differs between runs, so a rerun may need several attempts.
"""

import argparse
import base64
import http.client
import pathlib
import random
import shutil
import sys
import tempfile
import threading
import time

from harness import Failure, Server, expect

NO_ANSWER = (OSError, http.client.HTTPException)
CALM = {"raft_snapshot_threshold": 16384}
FIERCE = {"raft_snapshot_threshold": 40, "raft_snapshot_interval": "1ms",
          "raft_trailing_logs": 20}
KILLED_WHILE_STARTING = 0.15  # of all rounds
KEYS_PER_WRITER = 60


class Register:
    """One place that is written over and over: what it must hold after the
    last acknowledged write, or after the one whose answer never came."""

    def __init__(self):
        self.allowed = [None]

    def write(self, value, send):
        """Calls send(); if that raises, both outcomes stay possible."""
        self.allowed.append(value)
        send()
        self.allowed = [value]

    def check(self, what, got):
        expect(got in self.allowed,
               f"{what} is {got!r}, but was acknowledged as one of "
               f"{self.allowed!r}")
        self.allowed = [got]


class View:
    """All that a server has, read once after a restart."""

    def __init__(self, client):
        rows = client.get("/v1/kv/", recurse="")
        self.rows = {row["Key"]: row
                     for row in (rows.json if rows.status == 200 else [])}
        sessions = client.get("/v1/session/list")
        self.sessions = {row["ID"]: row for row in sessions.json}
        nodes = client.get("/v1/catalog/nodes")
        self.nodes = {row["Node"] for row in nodes.json}
        self.indexes = {"kv": rows.index, "sessions": sessions.index,
                        "nodes": nodes.index}
        self.local = client.ok("GET", "/v1/agent/services")
        self.client = client

    def value(self, key):
        row = self.rows.get(key)
        return row and base64.b64decode(row["Value"] or "").decode()

    def services(self, node):
        if node not in self.nodes:
            return {}
        found = self.client.ok("GET", f"/v1/catalog/node/{node}")
        return found["Services"]


class Writer:
    """Base of all writers. `step` sends one request; `check` compares the model
    with a View."""

    def __init__(self, name, rng):
        self.name, self.rng, self.count, self.acknowledged = name, rng, 0, 0

    def next(self):
        self.count += 1
        return self.count


class PutWriter(Writer):
    """Puts unique values and deletes keys."""

    def __init__(self, name, rng):
        super().__init__(name, rng)
        self.keys = {}

    def step(self, client):
        number = self.next()
        key = f"{self.name}/{self.rng.randrange(KEYS_PER_WRITER)}"
        model = self.keys.setdefault(key, Register())
        if self.rng.random() < 0.1:
            model.write(None, lambda: client.ok("DELETE", f"/v1/kv/{key}"))
            return
        value = f"{number}" + "x" * self.rng.randrange(300)
        model.write(value, lambda: expect(
            client.ok("PUT", f"/v1/kv/{key}", value) is True, "put: false"))

    def check(self, view):
        for key, model in self.keys.items():
            model.check(key, view.value(key))


class CounterWriter(Writer):
    """Increments a counter that several writers share, by check-and-set.
    Neither what was acknowledged nor what was read may be lost."""

    shared = {}  # counter -> acknowledged values

    def __init__(self, name, rng):
        super().__init__(name, rng)
        self.key = "counter/" + name.split("-")[1]
        self.seen = CounterWriter.shared.setdefault(self.key, [])
        self.shown = 0

    def step(self, client):
        answer = client.get(f"/v1/kv/{self.key}")
        row = answer.json[0] if answer.status == 200 else None
        value = int(base64.b64decode(row["Value"])) if row else 0
        self.shown = max(self.shown, value)
        won = client.ok("PUT", f"/v1/kv/{self.key}", str(value + 1),
                        cas=row["ModifyIndex"] if row else 0)
        if won:
            self.seen.append(value + 1)

    def check(self, view):
        expect(len(set(self.seen)) == len(self.seen),
               f"{self.key}: two check-and-sets won with the same index")
        got = int(view.value(self.key) or 0)
        highest = max(self.shown, *self.seen[-1:], 0)
        expect(got >= highest, f"{self.key} is {got}, but {highest} was "
                               f"acknowledged or read")


class LockWriter(Writer):
    """Creates sessions, takes and gives back one lock, destroys sessions."""

    def __init__(self, name, rng):
        super().__init__(name, rng)
        self.lock, self.session = Register(), None
        self.gone, self.doubtful = [], []

    def step(self, client):
        key = f"/v1/kv/{self.name}/lock"
        if self.session is None:
            self.session = client.ok("PUT", "/v1/session/create",
                                     {"LockDelay": "0s"})["ID"]
            return
        act = self.rng.random()
        if act < 0.2:
            session, self.session = self.session, None
            self.doubtful.append(session)
            held = self.lock.allowed[-1] == session
            if not held:
                client.ok("PUT", f"/v1/session/destroy/{session}")
            else:
                self.lock.write(None, lambda: client.ok(
                    "PUT", f"/v1/session/destroy/{session}"))
            self.doubtful.remove(session)
            self.gone = self.gone[-20:] + [session]
        elif self.lock.allowed[-1] == self.session:
            self.lock.write(None, lambda: expect(client.ok(
                "PUT", key, release=self.session), "release: false"))
        else:
            self.lock.write(self.session, lambda: expect(client.ok(
                "PUT", key, acquire=self.session), "acquire: false"))

    def check(self, view):
        row = view.rows.get(f"{self.name}/lock", {})
        self.lock.check(f"{self.name}/lock's session", row.get("Session"))
        for session in self.gone:
            expect(session not in view.sessions,
                   f"destroyed session {session} is back")
        if self.session:
            expect(self.session in view.sessions,
                   f"session {self.session} is lost")
        for session in self.doubtful:  # take it up again if it survived
            if session in view.sessions:
                self.session = session
        self.doubtful = []


class CatalogWriter(Writer):
    """Registers and deregisters services of a node of its own."""

    def __init__(self, name, rng):
        super().__init__(name, rng)
        self.ports = {}

    def step(self, client):
        number = self.next()
        service = f"s{self.rng.randrange(10)}"
        model = self.ports.setdefault(service, Register())
        if self.rng.random() < 0.2:
            body = {"Node": self.name, "ServiceID": service}
            return model.write(None, lambda: client.ok(
                "PUT", "/v1/catalog/deregister", body))
        port = 1 + number % 60000
        body = {"Node": self.name, "Address": "10.0.0.1",
                "Service": {"ID": service, "Service": "web", "Port": port},
                "Check": {"CheckID": f"c-{service}", "Name": "c",
                          "Status": "passing", "ServiceID": service}}
        model.write(port, lambda: client.ok("PUT", "/v1/catalog/register",
                                            body))

    def check(self, view):
        found = view.services(self.name)
        for service, model in self.ports.items():
            model.check(f"{self.name}/{service}",
                        found.get(service, {}).get("Port"))


class TransactionWriter(Writer):
    """Writes two keys and a node in one transaction: all or nothing."""

    def __init__(self, name, rng):
        super().__init__(name, rng)
        self.model, self.highest = Register(), 0

    def step(self, client):
        value = str(self.next())
        text = base64.b64encode(value.encode()).decode()
        verbs = [{"KV": {"Verb": "set", "Key": f"{self.name}/{x}",
                         "Value": text}} for x in "ab"]
        verbs.append({"Node": {"Verb": "set", "Node": {
            "Node": f"{self.name}-{value}", "Address": "10.0.0.2"}}})
        if self.count > 1:
            verbs.append({"Node": {"Verb": "delete", "Node": {
                "Node": f"{self.name}-{self.count - 1}"}}})

        def send():
            done = client.ok("PUT", "/v1/txn", verbs)["Results"]
            index = done[0]["KV"]["ModifyIndex"]
            expect(index > self.highest,
                   f"index {index} follows {self.highest}")
            self.highest = index
        self.model.write(value, send)

    def check(self, view):
        a, b = (view.value(f"{self.name}/{x}") for x in "ab")
        expect(a == b, f"half a transaction: {a!r} and {b!r}")
        self.model.check(self.name, a)
        nodes = {x for x in view.nodes if x.startswith(self.name + "-")}
        expect(nodes == ({f"{self.name}-{a}"} if a else set()),
               f"{self.name}: keys say {a}, nodes are {nodes}")
        self.count = int(a or 0)  # the next one deletes that node


class AgentWriter(Writer):
    """Registers services with the agent, which keeps them itself."""

    def __init__(self, name, rng):
        super().__init__(name, rng)
        self.ports = {}

    def step(self, client):
        service = f"{self.name}-{self.rng.randrange(5)}"
        model = self.ports.setdefault(service, Register())
        if self.rng.random() < 0.2 and model.allowed[-1] is not None:
            return model.write(None, lambda: client.ok(
                "PUT", f"/v1/agent/service/deregister/{service}"))
        port = 1 + self.next() % 60000
        model.write(port, lambda: client.ok(
            "PUT", "/v1/agent/service/register",
            {"Name": service, "Port": port}))

    def check(self, view):
        for service, model in self.ports.items():
            model.check(service, view.local.get(service, {}).get("Port"))


class IndexReader(Writer):
    """Reads, and remembers indexes: what was shown is never taken back."""

    PATHS = {"kv": "/v1/kv/?keys", "sessions": "/v1/session/list",
             "nodes": "/v1/catalog/nodes"}

    def __init__(self, name, rng):
        super().__init__(name, rng)
        self.seen = dict.fromkeys(self.PATHS, 0)

    def step(self, client):
        name = self.rng.choice(list(self.PATHS))
        self.see(name, client.get(self.PATHS[name]).index)

    def see(self, name, index):
        expect(index >= self.seen[name], f"X-Consul-Index of {name} went "
               f"back from {self.seen[name]} to {index}")
        self.seen[name] = index

    def check(self, view):
        for name, index in view.indexes.items():
            self.see(name, index)


class Crashes:
    """The rounds of one run."""

    def __init__(self, server, rng):
        self.server, self.rng = server, rng
        CounterWriter.shared.clear()
        kinds = [("put-1", PutWriter), ("put-2", PutWriter),
                 ("put-3", PutWriter), ("counter-1", CounterWriter),
                 ("counter-1", CounterWriter), ("lock-1", LockWriter),
                 ("lock-2", LockWriter), ("catalog-1", CatalogWriter),
                 ("txn-1", TransactionWriter), ("agent-1", AgentWriter),
                 ("reader-1", IndexReader)]
        self.writers = [kind(name, random.Random(rng.random()))
                        for name, kind in kinds]
        self.highest, self.errors = 0, []

    def round(self, number):
        self.server.config = FIERCE if number % 2 else CALM
        if self.rng.random() < KILLED_WHILE_STARTING:
            self.server.launch()
            time.sleep(self.rng.uniform(0, 0.3))
            self.server.kill()
        self.server.start()
        self.verify()
        moment = threading.Event()
        threads = [threading.Thread(target=self.write, args=(w, moment))
                   for w in self.writers]
        for thread in threads:
            thread.start()
        time.sleep(self.rng.uniform(0.02, 0.35))
        moment.set()  # from now on a missing answer is no fault
        self.server.kill()
        for thread in threads:
            thread.join()
        if self.errors:
            raise Failure("; ".join(self.errors))

    def write(self, writer, moment):
        client = self.server.client()
        try:
            while True:
                writer.step(client)
                writer.acknowledged += 1
        except NO_ANSWER as error:
            if not moment.is_set():
                self.errors.append(f"{writer.name}: {error!r}")
        except Exception as error:
            self.errors.append(f"{writer.name}: {error!r}")
        finally:
            client.close()

    def verify(self):
        client = self.server.client()
        view = View(client)
        for row in view.rows.values():
            expect(row.get("Session") in {None, *view.sessions},
                   f"{row['Key']} is locked by nobody: {row}")
            self.highest = max(self.highest, row["ModifyIndex"])
        for writer in self.writers:
            writer.check(view)
        client.ok("PUT", "/v1/kv/probe", str(self.highest))
        probe = client.ok("GET", "/v1/kv/probe")[0]["ModifyIndex"]
        expect(probe > self.highest, f"a write got index {probe}; "
                                     f"{self.highest} was given before")
        self.highest = probe
        client.close()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60,
                        help="kills (default 60, about a minute; full 200)")
    parser.add_argument("--seed", type=int,
                        default=random.SystemRandom().randrange(10 ** 6))
    options = parser.parse_args()
    home = pathlib.Path(tempfile.mkdtemp(prefix="praetor-crash-"))
    server = Server(data_dir=str(home / "data"), folder=home)
    crashes = Crashes(server, random.Random(options.seed))
    done = 0
    try:
        for done in range(options.rounds):
            crashes.round(done)
        server.start()
        crashes.verify()
    except Failure as failure:
        print(f"FAIL round {done}: {failure}\n     data: {home}\n     rerun: "
              f"{sys.argv[0]} --rounds {options.rounds} "
              f"--seed {options.seed}")
        print(f"{done} passed, 1 failed")
        return 1
    finally:
        server.kill()
        for writer in crashes.writers:
            print(f"{writer.name}: {writer.acknowledged} acknowledged")
        writes = sum(w.acknowledged for w in crashes.writers
                     if not isinstance(w, IndexReader))
        print(f"all: {writes} acknowledged writes, highest index "
              f"{crashes.highest}")
    shutil.rmtree(home)
    print(f"{options.rounds} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
