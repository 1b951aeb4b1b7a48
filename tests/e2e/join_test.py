#!/usr/bin/env python3
"""A new server joins a cluster that has much state.

Goal: while the state is on its way, writes take at most twice as long as before
(the median); a new server that is killed half way goes on where it was; in the
end it has everything.
Method: three servers are filled, so that their logs do not reach back to the
beginning. A fourth joins while small keys are written, one after the other; a
fifth joins and is killed.

  join_test.py --size 1GB    as large as that (default 100MB)
"""

import argparse
import concurrent.futures
import contextlib
import hashlib
import re
import statistics
import sys
import threading
import time

from cluster_nodes import Cluster, seconds_until, write
from harness import Failure, expect, expect_equal, run_tests, wait_until

VALUE_BYTES = 64 * 1024
WRITERS = 4
BEFORE_SECONDS = 5  # of measuring before the new server comes
PAUSE = 0.005  # between measured writes
SLOWER_MAX = 2  # median during the transfer, compared to that before
HALF = 0.5  # of the state is there when the new server is killed
SECONDS_PER_MB = 0.5  # for anything that is proportional to the state
RECEIVES = re.compile(r"receiving another server's state: .*")
UNITS = {"KB": 1e3, "MB": 1e6, "GB": 1e9}
size_bytes = 100e6


def patience():
    return 30 + size_bytes / 1e6 * SECONDS_PER_MB


def value(number):
    """The bytes of a key; cannot be compressed."""
    return hashlib.shake_128(str(number).encode()).digest(VALUE_BYTES)


def fill(cluster):
    """Writes the state."""
    leader, count = cluster.leader(), int(size_bytes / VALUE_BYTES)

    def put(numbers):
        client = leader.client()
        for n in numbers:
            answer = client.put(f"/v1/kv/large/{n:06}", value(n))
            expect_equal((answer.status, answer.text), (200, "true"), "put")
        client.close()
    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        for x in [pool.submit(put, range(w, count, WRITERS))
                  for w in range(WRITERS)]:
            x.result()
    write(leader, "large/~", "the last one")
    return count


class Measured(threading.Thread):
    """Writes small keys all the time, and notes when and how long."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node, self.over, self.took, self.failure = node, False, [], None
        self.start()

    def run(self):
        client, number = self.node.client(), 0
        while not self.over:
            begin, number = time.monotonic(), number + 1
            answer = client.put("/v1/kv/measured", str(number))
            if (answer.status, answer.text) != (200, "true"):
                self.failure = f"{answer.status} {answer.text}"
                return
            self.took.append((begin, time.monotonic() - begin))
            time.sleep(PAUSE)

    def median(self, since, until):
        took = [x for begin, x in self.took if since <= begin < until]
        expect(len(took) >= 20, f"only {len(took)} writes were measured")
        return statistics.median(took)


def has_all(node):
    """Whether `node` itself has the last of what was written."""
    answer = node.get("/v1/kv/large/~", raw="", stale="")
    return answer.status == 200 and answer.text == "the last one"


def check_values(node, count):
    for n in range(0, count, max(1, count // 50)):
        answer = node.get(f"/v1/kv/large/{n:06}", raw="", stale="")
        expect(answer.status == 200 and answer.body == value(n),
               f"large/{n:06} at {node.name}: {answer.status}")
    keys = node.ok("GET", "/v1/kv/large/?keys&stale")
    expect_equal(len(keys), count + 1, f"keys at {node.name}")


def received_bytes(node):
    """Size of the databases of the state that are there."""
    size = 0
    for file in node.data_dir.glob("**/state*/*.ldb"):
        with contextlib.suppress(FileNotFoundError):  # compacted meanwhile
            size += file.stat().st_size
    return size


def writes_go_on_and_killed_goes_on():
    """Writes go on while the state travels; a server that is killed half way
    does not begin again."""
    with Cluster().start(3) as cluster:
        took = time.monotonic()
        count = fill(cluster)
        print(f"  {count} values of {VALUE_BYTES} bytes in "
              f"{time.monotonic() - took:.1f} s")
        joins_beside_writes(cluster, count)
        goes_on(cluster, count)


def joins_beside_writes(cluster, count):
    writer = Measured(cluster.leader())
    time.sleep(BEFORE_SECONDS)
    fourth = cluster.add_server().launch()
    begin = time.monotonic()
    took = seconds_until(lambda: has_all(fourth), patience(),
                         "the fourth server to have all", 0.05)
    end = time.monotonic()
    writer.over = True
    writer.join()
    expect(not writer.failure, f"a write failed: {writer.failure}")
    expect("taking over another server's state" in fourth.log(),
           "the fourth got the log, not the state")
    check_values(fourth, count)
    before, during = writer.median(0, begin), writer.median(begin, end)
    worst = max(x for t, x in writer.took if t >= begin)
    print(f"  transfer {took:.1f} s; median of writes before "
          f"{before * 1e3:.2f} ms, during {during * 1e3:.2f} ms, worst "
          f"{worst * 1e3:.0f} ms")
    expect(during <= SLOWER_MAX * before, "writes are slower than that")


def goes_on(cluster, count):
    fifth = cluster.add_server().launch()
    wait_until(lambda: received_bytes(fifth) >= HALF * size_bytes, patience(),
               "half of the state", 0.01)
    fifth.kill()
    half = received_bytes(fifth)
    expect("taking over" not in fifth.log(), "it was too late to kill it")
    fifth.launch()
    wait_until(lambda: has_all(fifth), patience(),
               "the fifth server to have all")
    check_values(fifth, count)
    lines = RECEIVES.findall(fifth.log())
    print(f"  killed with {half / 1e6:.0f} MB; then: {lines}")
    expect(lines and all("from_chunk=0" not in x for x in lines),
           "it began again")


TESTS = (writes_go_on_and_killed_goes_on,)


def parse_size(text):
    for unit, factor in UNITS.items():
        if text.upper().endswith(unit):
            return float(text[:-2]) * factor
    raise argparse.ArgumentTypeError("a number with KB, MB or GB")


def main():
    global size_bytes
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=parse_size, default=size_bytes)
    size_bytes = parser.parse_args().size
    return run_tests(TESTS)


if __name__ == "__main__":
    sys.exit(main())
