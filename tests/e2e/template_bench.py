#!/usr/bin/env python3
"""How fast a change becomes a file, and what idle templates cost.

Prints medians of `--changes` changes: over HTTP, and inside an agent; then the
processor time that `--processes` idle processes take. Exits 1 if a bound of
the header of BOUNDS is missed.
"""

import argparse
import contextlib
import os
import pathlib
import statistics
import subprocess
import sys
import time

from harness import Server, folder, wait_until
from template_test import TEMPLATE, Run, program, put

BOUNDS = {"over HTTP": 0.100, "inside an agent": 0.020}
IDLE_SECONDS = 10
IDLE_SHARE_MAX = 0.20  # of one processor, for all processes together


def change_to_file(server, path, count):
    """Seconds from sending a change to seeing it in the file, each."""
    client, times = server.client(), []
    for i in range(count):
        text = f"v=c{i}\n"
        began = time.perf_counter()
        client.ok("PUT", "/v1/kv/a", f"c{i}")
        while path.read_text() != text:
            time.sleep(0.0005)
        times.append(time.perf_counter() - began)
        time.sleep(0.15)
    client.close()
    return times


def over_http(count):
    with folder() as home, Server() as server:
        put(server.port, "/v1/kv/a", "0")
        with Run(home, server.port, "-template=in:out",
                 files=TEMPLATE) as run:
            run.await_text("v=0\n")
            return change_to_file(server, home / "out", count)


def inside_an_agent(count):
    with folder() as home:
        (home / "in").write_text(TEMPLATE["in"])
        config = {"actor": {"template": {"source": str(home / "in"),
                                         "destination": str(home / "out")}}}
        with Server(config=config, folder=home) as server:
            put(server.port, "/v1/kv/a", "0")
            wait_until(lambda: (home / "out").exists(), 10, "the file")
            return change_to_file(server, home / "out", count)


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        parts = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")")[1]
        total += sum(map(int, parts.split()[11:13]))
    return total / os.sysconf("SC_CLK_TCK")


def idle(count):
    """Share of one processor, and resident megabytes of one process."""
    with folder() as home, Server() as server, contextlib.ExitStack() as all_:
        put(server.port, "/v1/kv/a", "0")
        (home / "in").write_text(TEMPLATE["in"])
        processes = []
        for i in range(count):
            x = subprocess.Popen(
                program() + [f"-consul-addr=127.0.0.1:{server.port}",
                             f"-template=in:out{i}"], cwd=home)
            all_.callback(lambda x=x: (x.kill(), x.wait()))
            processes.append(x)
        wait_until(lambda: sum(x.name.startswith("out")
                               for x in home.iterdir()) >= count, 120,
                   "all files")
        pids = [x.pid for x in processes]
        before = cpu_seconds(pids)
        time.sleep(IDLE_SECONDS)
        share = (cpu_seconds(pids) - before) / IDLE_SECONDS
        text = pathlib.Path(f"/proc/{pids[0]}/status").read_text()
        kb = [int(x.split()[1]) for x in text.splitlines()
              if x.startswith("VmRSS")][0]
        return share, kb / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=50)
    parser.add_argument("--processes", type=int, default=200)
    args = parser.parse_args()
    missed = False
    for name, measure in (("over HTTP", over_http),
                          ("inside an agent", inside_an_agent)):
        times = sorted(measure(args.changes))
        median = statistics.median(times)
        missed |= median > BOUNDS[name]
        print(f"change to file, {name}: median {median * 1e3:.1f} ms, "
              f"95 % {times[len(times) * 95 // 100] * 1e3:.1f} ms "
              f"(bound {BOUNDS[name] * 1e3:.0f} ms)", flush=True)
    share, megabytes = idle(args.processes)
    missed |= share > IDLE_SHARE_MAX
    print(f"{args.processes} idle processes: {share * 100:.1f} % of one "
          f"processor (bound {IDLE_SHARE_MAX * 100:.0f} %), "
          f"{megabytes:.1f} MB resident each")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
