"""Who uses a cluster while faults happen to it (chaos_test.py), and what each
of them demands. All ask a random node for each request, on a connection of its
own. `test` has `seed`, `cluster`, `targets`, `over` (no more requests) and
`calm` (from when on no more faults happen; None before).
"""

import base64
import collections
import random
import threading
import time
import traceback

from harness import expect, wait_until
from linearizable import Op

KEYS, LOCKS = 8, 2
PAUSE = 0.03  # between requests of one client: below 200 requests a second
PATIENCE = 12  # longer than a server waits for a leader
WAKE_SECONDS = 1.5  # from a change to the answers that waited for it, no faults
TTL = 10  # the shortest that sessions can have
HOLDER = "holder"  # a node that no agent owns, for sessions that must not end


class User(threading.Thread):
    """What they have in common: a thread that does work() until the end."""

    def __init__(self, kind, number, test):
        super().__init__(daemon=True)
        self.name, self.test, self.fault = f"{kind}{number}", test, ""
        self.number, self.count = number, 0
        self.random = random.Random(f"{test.seed}-{self.name}")
        self.start()

    def run(self):
        while not self.test.over and not self.fault:
            try:
                self.work()
            except Exception:  # or the test would go on without it
                self.demand(False, traceback.format_exc())
            time.sleep(PAUSE)

    def node(self):
        return self.random.choice(self.test.targets)

    def value(self):
        """Values are never repeated."""
        self.count += 1
        return f"{self.name}.{self.count}"

    def demand(self, condition, text):
        """Notes the first thing that must not be, with when and who."""
        if not condition and not self.fault:
            self.fault = f"{self.name} at {time.strftime('%H:%M:%S')}: {text}"

    def session(self, **more):
        """A new session that only its TTL, if any, may end; or None."""
        got = self.node().put("/v1/session/create", {
            "Node": HOLDER, "LockDelay": "0s", "Checks": [], **more},
            seconds=PATIENCE)
        return got.json["ID"] if got.status == 200 else None

    def check(self):
        """After the end: all that can only be said then."""
        expect(not self.fault, self.fault)


class Client(User):
    """Writes, compares-and-sets and reads the keys."""

    def __init__(self, number, test):
        self.history = collections.defaultdict(list)
        super().__init__("c", number, test)

    def work(self):
        key = f"k{self.random.randrange(KEYS)}"
        kind = self.random.choice(("get", "get", "consistent", "put", "cas"))
        if kind == "put":
            self.put(self.node(), key)
        elif kind == "cas":
            self.cas(self.node(), key)
        else:
            self.get(self.node(), key, {} if kind == "get" else {
                "consistent": ""})

    def note(self, key, begin, end, *rest):
        self.history[key].append(Op(begin, end, *rest, self.name))

    def get(self, node, key, mode):
        begin = time.monotonic()
        answer = node.get(f"/v1/kv/{key}", seconds=PATIENCE, raw="", **mode)
        if answer.status in (200, 404):
            self.note(key, begin, time.monotonic(), "get", None, None,
                      answer.text if answer.status == 200 else None)

    def put(self, node, key):
        begin, value = time.monotonic(), self.value()
        answer = node.put(f"/v1/kv/{key}", value, seconds=PATIENCE)
        known = answer.status == 200
        self.note(key, begin, time.monotonic() if known else None, "put", value,
                  None, True)

    def cas(self, node, key):
        """An index stands for a value, as values are never repeated."""
        begin = time.monotonic()
        found = node.get(f"/v1/kv/{key}", seconds=PATIENCE)
        if found.status not in (200, 404):
            return
        row = found.json[0] if found.status == 200 else None
        old = row and base64.b64decode(row["Value"] or "").decode()
        self.note(key, begin, time.monotonic(), "get", None, None, old)
        begin, value = time.monotonic(), self.value()
        answer = node.put(f"/v1/kv/{key}", value, seconds=PATIENCE,
                          cas=row["ModifyIndex"] if row else 0)
        known = answer.status == 200
        self.note(key, begin, time.monotonic() if known else None, "cas", value,
                  old, answer.text.strip() == "true")


class Watcher(User):
    """Follows one key by blocking queries. What it sees counts as reads; its
    index never goes back; without faults, it sees changes at once."""

    def __init__(self, number, test):
        self.key, self.index, self.last = f"k{number % KEYS}", 1, None
        self.history = collections.defaultdict(list)
        super().__init__("w", number, test)

    def work(self):
        node, begin = self.node(), time.monotonic()
        answer = node.get(f"/v1/kv/{self.key}", seconds=PATIENCE, raw="",
                          index=self.index, wait="2s")
        if answer.status not in (200, 404):
            return False
        self.demand(answer.index >= self.index,
                    f"{self.key} through {node.name}: index {answer.index} "
                    f"after {self.index}")
        self.index = max(1, answer.index)
        self.last = answer.text if answer.status == 200 else None
        self.history[self.key].append(Op(
            begin, time.monotonic(), "get", None, None, self.last, self.name))
        return True

    def finish(self):
        """Nothing changes any more; one more watch shows the last value."""
        wait_until(self.work, PATIENCE, f"the last watch of {self.key}")

    def check_prompt(self, writes):
        """No write that began while a watch was open and ended well before
        its answer."""
        reads = [x for x in self.history[self.key]
                 if self.test.calm and x.begin > self.test.calm]
        for read in reads:
            for x in writes:
                expect(not (x.outcome and x.end is not None
                            and read.begin + 0.3 < x.begin
                            and x.end < read.end - WAKE_SECONDS),
                       f"{self.name} woke late: {read} though {x}")


class Appender(User):
    """Adds keys below one prefix."""

    def __init__(self, number, test):
        self.acknowledged = []
        super().__init__("a", number, test)

    def work(self):
        key = f"log/{self.number}/{self.value()}"
        answer = self.node().put(f"/v1/kv/{key}", "", seconds=PATIENCE)
        if answer.status == 200:
            self.acknowledged.append(key)
        time.sleep(0.1)


class Follower(User):
    """Watches the keys that an appender adds: none that was acknowledged is
    missing, and none goes away."""

    def __init__(self, number, test, appender):
        self.appender, self.index, self.keys = appender, 1, set()
        super().__init__("f", number, test)

    def work(self):
        self.look({"index": self.index, "wait": "2s"})

    def look(self, query):
        must = set(self.appender.acknowledged) | self.keys
        node = self.node()
        answer = node.get(f"/v1/kv/log/{self.appender.number}/", keys="",
                          seconds=PATIENCE, **query)
        if answer.status not in (200, 404):
            return False
        keys = set(answer.json) if answer.status == 200 else set()
        lost = must - keys
        self.demand(not lost, f"through {node.name}: missing {sorted(lost)}")
        self.index, self.keys = max(1, answer.index), keys
        return True

    def check(self):
        wait_until(lambda: self.look({}), PATIENCE, "the last keys")
        super().check()


class Locker(User):
    """Takes locks, and gives them back: by release, or with the session."""

    def __init__(self, number, test):
        self.held = []  # key, LockIndex, session, from, to
        super().__init__("l", number, test)

    def work(self):
        session = self.session()
        if session is None:
            return
        key = f"lock/{self.random.randrange(LOCKS)}"
        for _ in range(30):
            got = self.node().put(f"/v1/kv/{key}", self.value(),
                                  seconds=PATIENCE, acquire=session)
            if got.status != 200 or got.text == "true" or self.test.over:
                break
            time.sleep(PAUSE)
        if got.status == 200 and got.text == "true":
            self.hold(key, session, time.monotonic())
        self.destroy(session)

    def hold(self, key, session, since):
        """Nobody else has it until it is given back."""
        time.sleep(self.random.uniform(0, 0.5))
        node = self.node()
        row = node.get(f"/v1/kv/{key}", seconds=PATIENCE)
        number = None
        if row.status in (200, 404):
            owner = row.json[0].get("Session") if row.status == 200 else None
            self.demand(owner == session, f"{key} through {node.name} is "
                        f"{owner}'s, not {session}'s")
            number = owner == session and row.json[0]["LockIndex"]
        self.held.append((key, number, session, since, time.monotonic()))
        if self.random.random() < 0.5:
            node = self.node()
            got = node.put(f"/v1/kv/{key}", self.value(), seconds=PATIENCE,
                           release=session)
            self.demand(got.status != 200 or got.text == "true",
                        f"release of {key} through {node.name}: {got.text}")

    def destroy(self, session):
        """Until it is sure."""
        while self.node().put(f"/v1/session/destroy/{session}",
                              seconds=PATIENCE).status != 200:
            time.sleep(PAUSE)


class Keeper(User):
    """Holds a lock by a session with a TTL: as long as it renews in time it
    has both; some time after it stopped, neither."""

    def __init__(self, number, test):
        self.abandoned = []  # sessions
        self.renewals = 0
        super().__init__("t", number, test)

    def work(self):
        begin = time.monotonic()
        session, key = self.session(TTL=f"{TTL}s"), f"lease/{self.number}"
        if session is None:
            return
        self.abandoned.append(session)
        got = self.node().put(f"/v1/kv/{key}", self.value(), seconds=PATIENCE,
                              acquire=session)
        mine = got.status == 200 and got.text == "true"
        end = begin + self.random.uniform(5, 60)
        while time.monotonic() < min(end, begin + TTL) and not self.test.over:
            begin = max(begin, self.renew(session))
            self.look(key, session if mine else None, begin + TTL)
            time.sleep(self.random.uniform(0.5, 3))

    def renew(self, session):
        """Returns when it was surely not older than, 0 if it failed."""
        node, begin = self.node(), time.monotonic()
        got = node.put(f"/v1/session/renew/{session}", seconds=PATIENCE)
        if got.status != 200:
            return 0
        self.renewals += 1
        return begin

    def look(self, key, session, until):
        if session is None:
            return
        node = self.node()
        row = node.get(f"/v1/kv/{key}", seconds=PATIENCE)
        if row.status in (200, 404) and time.monotonic() < until:
            owner = row.json[0].get("Session") if row.status == 200 else None
            self.demand(owner == session, f"{key} through {node.name} is "
                        f"{owner}'s, not {session}'s, whose time is not over")

    def check(self):
        super().check()

        def gone():
            got = self.node().get("/v1/session/list")
            return got.status == 200 and not {
                x["ID"] for x in got.json} & set(self.abandoned)
        wait_until(gone, 3 * TTL + 10, "sessions to end that nobody renews", 1)


def check_locks(lockers):
    """No two had a lock at a time, and no number of a lock went twice."""
    held = sorted((x for l in lockers for x in l.held), key=lambda x: x[3])
    numbers, last = {}, {}
    for key, number, session, since, until in held:
        before = last.get(key)
        expect(before is None or before[1] <= since,
               f"two have {key} at a time: {before and before[0]} until "
               f"{before and before[1]}, {session} since {since}")
        last[key] = (session, until)
        if number:
            other = numbers.setdefault((key, number), session)
            expect(other == session, f"lock {number} of {key} is "
                   f"{other}'s and {session}'s")
    return len(held)
