#!/usr/bin/env python3
"""Goal: the README's tour works line by line.
Method: take its console blocks, run each command in one shell, compare what it
prints; `...` in an expected line stands for anything. Ports and the data
directory are replaced by free ones, so that nothing of the user is touched.

usage: tour_test.py [-v]
"""

import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = "--end-of-command--"
COMMAND_SECONDS_MAX = 300


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tour():
    """Yields (command, expected lines) of all console blocks."""
    text = (ROOT / "README.md").read_text()
    for block in re.findall(r"```console\n(.*?)```", text, re.S):
        command, expected = None, []
        for line in block.splitlines():
            if line.startswith("$ "):
                if command:
                    yield command, expected
                command, expected = line[2:], []
            else:
                expected.append(line)
        if command:
            yield command, expected


def matches(expected, got):
    if len(expected) != len(got):
        return False
    patterns = [re.escape(e.rstrip()).replace(r"\.\.\.", ".*") for e in expected]
    return all(re.fullmatch(p, g.rstrip()) for p, g in zip(patterns, got))


class Shell:
    def __init__(self, env):
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            cwd=ROOT, env=env)

    def run(self, command):
        end = f"\necho; echo {MARK}\n"
        limited = command if command.endswith("&") else \
            f"timeout {COMMAND_SECONDS_MAX} bash -c {quote(command)}"
        self.process.stdin.write(limited + end)
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            if line.strip() == MARK:
                break
            # The shell's own remark about the server that the tour kills.
            if not re.match(r"bash: line \d+: +\d+ Killed", line):
                lines.append(line.rstrip("\n"))
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def main():
    verbose = "-v" in sys.argv
    if {"-h", "--help"} & set(sys.argv):
        print(__doc__)
        return 0
    folder = tempfile.mkdtemp(prefix="praetor-tour-")
    http, web = free_port(), free_port()
    replacements = [
        ("./tools/start", f"./tools/start -http-port={http}"),
        ("localhost:8500", f"127.0.0.1:{http}"), ("8080", str(web)),
        ("/tmp/praetor-tour", folder + "/nginx"),
        ("/tmp/praetor.log", folder + "/praetor.log"),
        (".praetor-data", folder + "/data")]
    env = dict(os.environ, PRAETOR_DATA=folder + "/data",
               CONSUL_HTTP_ADDR=f"127.0.0.1:{http}")
    shell = Shell(env)
    passed = failed = 0
    try:
        for command, expected in tour():
            for old, new in replacements:
                command = command.replace(old, new)
            got = shell.run(command)
            if verbose:
                print("$", command, *got, sep="\n")
            if matches(expected, got):
                passed += 1
                continue
            failed += 1
            print("FAILED: $", command, "expected:", *expected, "got:", *got,
                  sep="\n  ")
            if failed > 2:
                break
    finally:
        shell.close()
        for name in ("data/pid", "nginx/nginx.pid"):
            file = pathlib.Path(folder, name)
            if file.exists():
                subprocess.run(["kill", file.read_text().strip()], check=False)
        if failed:
            print(f"kept: {folder}")
        else:
            subprocess.run(["rm", "-rf", folder], check=False)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
