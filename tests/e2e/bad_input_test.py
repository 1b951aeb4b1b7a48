#!/usr/bin/env python3
"""What a server does with wrong configurations, broken disks and hostile
clients.

Goal: it refuses with one clear sentence and the right exit code, changes
nothing that it refuses, and no client can bring it down.
Method: a real process each. Disk tests mount small tmpfs file systems, which
needs root; without it they are SKIPPED.
"""

import argparse
import contextlib
import hashlib
import http.client
import os
import random
import shutil
import socket
import subprocess
import sys
import time
import uuid

from harness import (Failure, Server, binary, expect, expect_equal, folder,
                     memory_limit_mb, run_tests, wait_until)

EXIT_REFUSED = 1
EXIT_DISK_FAILED = 74
NO_ANSWER = (OSError, http.client.HTTPException)
RESIDENT_MB_MAX = 256
HALF_OPEN = 2000

# name of file, content, what the error must say
BAD_FILES = [
    ("unknown.json", '{\n  "datacentre": "x"\n}\n',
     ["unknown.json", "datacentre", "line 2", "datacenter?"]),
    ("unknown.hcl", 'node_name = "a"\nports {\n  htp = 3\n}\n',
     ["unknown.hcl", "ports.htp", "line 3", "http?"]),
    ("type.json", '{\n  "ports": {"http": "many"}\n}\n',
     ["type.json", "ports.http", "line 2", "int"]),
    ("type.hcl", 'server = "perhaps"\n', ["type.hcl", "server", "line 1"]),
    ("syntax.hcl", 'ports {\n  http = 3\n', ["syntax.hcl", "3:1"]),
    ("syntax.json", '{"server": true', ["syntax.json"]),
    ("range.json", '{"ports": {"http": 99999}}', ["ports.http", "99999"]),
    ("binary.json", "\x00\x01\x02", ["binary.json"]),
    ("deep.json", "[" * 100000, ["deep.json"]),
    ("level.json", '{"log_level": "loud"}', ["loud"]),
]


def refused(command, seconds=10):
    """Runs what must not start. Returns all that it said."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=seconds,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode(errors="replace")
    expect_equal(done.returncode, EXIT_REFUSED, f"exit code; it said {text}")
    return text


def expect_said(text, words, what):
    for word in words:
        expect(word in text, f"{what}: {word!r} is not in {text!r}")


@contextlib.contextmanager
def mounted(path, options):
    """A tmpfs at `path`. Raises PermissionError where that is not allowed."""
    path.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none",
                           path], capture_output=True)
    if done.returncode != 0:
        raise PermissionError(done.stderr.decode())
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def digest(directory):
    """Names and contents of all files, except logs and locks of LevelDB."""
    return {str(p.relative_to(directory)):
            hashlib.sha256(p.read_bytes()).hexdigest()
            for p in sorted(directory.rglob("*"))
            if p.is_file() and not p.name.startswith(("LOG", "LOCK"))}


# -- configuration -----------------------------------------------------------

def bad_files():
    """A wrong configuration file stops the start; the error names file, line
    and the nearest key."""
    with folder() as home:
        for name, content, words in BAD_FILES:
            path = home / name
            path.write_text(content)
            text = refused([binary(), "agent", "-dev",
                            f"-config-file={path}"])
            expect_said(text, words, name)


def bad_flags():
    """Wrong flags and missing files stop the start."""
    with folder() as home:
        for flags, words in [
                (["-config-file=/does/not/exist.hcl"],
                 ["/does/not/exist.hcl"]),
                (["-node-id=zz"], ["NodeID"]),
                (["-bogus"], ["bogus"]),
                (["-http-port=x"], ["http-port"]),
                (["extra"], ["extra"])]:
            expect_said(refused([binary(), "agent", "-dev", *flags]), words,
                        str(flags))
        expect_said(refused([binary(), "agent", "-server", "-bind=127.0.0.1"]),
                    ["data_dir"],
                    "no data directory")


def port_in_use():
    """A port in use stops the start; the error names the address."""
    with folder() as home, socket.socket() as other:
        server = Server(data_dir=str(home / "data"), folder=home)
        other.bind(("127.0.0.1", server.port))
        other.listen()
        text = refused(server.command())
        expect_said(text, [f"127.0.0.1:{server.port}", "in use"], "port")


# -- data directory ----------------------------------------------------------

def data_dir_is_a_file():
    """A file in place of the data directory stops the start, unchanged."""
    with folder() as home:
        path = home / "data"
        path.write_text("precious")
        text = refused(Server(data_dir=str(path), folder=home).command())
        expect_said(text, [str(path)], "file as directory")
        expect_equal(path.read_text(), "precious", "the file")


def data_dir_read_only():
    """A data directory that cannot be written stops the start."""
    with folder() as home:
        try:
            with mounted(home / "disk", "ro,size=1m") as disk:
                text = refused(Server(data_dir=str(disk),
                                      folder=home).command())
                expect_said(text, [str(disk), "Read-only"], "read-only")
        except PermissionError as error:
            return f"needs the right to mount: {error}"


def data_dir_locked():
    """A second server on the same data directory is refused; the first
    goes on."""
    with folder() as home:
        with Server(data_dir=str(home / "data"), folder=home) as first:
            second = Server(data_dir=str(home / "data"), folder=home,
                            name="second")
            text = refused(second.command())
            expect_said(text, [str(home / "data")], "lock")
            expect("lock" in text.lower() or "in use" in text,
                   f"does not say that it is locked: {text}")
            expect(first.client().ok("PUT", "/v1/kv/a", "1"), "first is dead")


def another_nodes_directory():
    """A node does not take over another node's Raft log, and the owner can
    still use it."""
    with folder() as home:
        data = home / "data"
        with Server(data_dir=str(data), folder=home) as server:
            server.client().ok("PUT", "/v1/kv/a", "1")
            server.kill()
            own = (data / "node-id").read_text()
            server.flags = [f"-node-id={uuid.uuid4()}"]
            text = refused(server.command())
            expect_said(text, [str(data)], "another node's log")
            expect_equal((data / "node-id").read_text(), own,
                         "node-id file after the refusal")
            server.flags = []
            server.start()
            expect_equal(server.client().get("/v1/kv/a", raw="").text, "1",
                         "the value")


def corrupt_node_id():
    """A node-id file that is no UUID stops the start, unchanged."""
    with folder() as home:
        data = home / "data"
        data.mkdir()
        (data / "node-id").write_text("garbage")
        text = refused(Server(data_dir=str(data), folder=home).command())
        expect_said(text, [str(data / "node-id")], "node-id")
        expect_equal((data / "node-id").read_text(), "garbage", "node-id")


def fill(server, count, size=2000):
    client = server.client()
    for i in range(count):
        client.ok("PUT", f"/v1/kv/fill/{i}", os.urandom(size).hex())
    client.close()


def databases(home):
    """A killed server whose databases have a checkpoint, a cut log, and
    entries after it. Returns it with what its last key has."""
    server = Server(data_dir=str(home / "data"), folder=home, config={
        "raft_snapshot_threshold": 50,
        "raft_snapshot_interval": "1ms", "raft_trailing_logs": 10})
    with server:
        client = server.client()
        for i in range(20):
            client.ok("PUT", "/v1/agent/service/register", {"Name": f"s{i}"})
        fill(server, 130)
        server.kill()
    return server


def used(path):
    """How much of a file is written; zeros at the end are room for more."""
    return len(path.read_bytes().rstrip(b"\0"))


def largest(directory):
    """The file of a database that has most contents."""
    return max((p for p in directory.iterdir()
                if p.suffix in (".log", ".ldb")), key=used)


def expect_refused_unchanged(server, directory, what):
    before = digest(directory)
    text = refused(server.command())
    expect_said(text, [str(directory)], what)
    expect_equal(digest(directory), before, f"{what}: files after the refusal")


def expect_whole(server):
    with server:
        server.start()
        row = server.client().get("/v1/kv/fill/129", raw="")
        expect_equal(len(row.text), 4000, "last value after the repair")


def corrupt_databases():
    """A flipped byte in an acknowledged part of a database stops the start;
    the error names the database, and nothing in it changes."""
    for name in ("raft/log", "raft/state", "local"):
        with folder() as home:
            server = databases(home)
            directory = home / "data" / name
            victim = largest(directory)
            offset = used(victim) // 8
            flip(victim, offset)
            expect_refused_unchanged(server, directory, name)
            flip(victim, offset)
            expect_whole(server)


def damaged_end_of_a_checkpoint():
    """A damaged last record looks like a write that a crash tore; where the
    log shows that it was acknowledged, the start is refused all the same."""
    with folder() as home:
        server = databases(home)
        victim = largest(home / "data" / "raft" / "state")
        flip(victim, used(victim) * 3 // 4)
        expect_said(refused(server.command()), ["checkpoint"], "state")


def lost_files():
    """A database, or a file of one, that is gone stops the start."""
    missing = []
    for name in ("raft/log", "raft/state", "raft/log/CURRENT",
                 "raft/state/CURRENT"):
        with folder() as home:
            server = databases(home)
            path, away = home / "data" / name, home / "away"
            path.rename(away)
            text = refused(server.command())
            if str(home / "data" / "raft") not in text:
                missing.append(f"no {name}: {text.splitlines()[-2:]}")
            if path.is_dir():
                shutil.rmtree(path)
            away.rename(path)
            expect_whole(server)
    expect(not missing, "the errors do not name the directory:\n     "
           + "\n     ".join(missing))


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x40]))


def disk_full():
    """A full disk ends the process with 74 and one clear line; with room
    again it starts with every acknowledged write."""
    with folder() as home:
        try:
            with mounted(home / "disk", "size=24m") as disk:
                write_until_full(home, disk)
        except PermissionError as error:
            return f"needs the right to mount: {error}"


def write_until_full(home, disk):
    ballast = disk / "ballast"
    # To open, LevelDB writes its log again as a table: that much room it needs.
    ballast.write_bytes(bytes(12 << 20))
    server = Server(data_dir=str(disk / "data"), folder=home,
                    config={"raft_snapshot_threshold": 100,
                            "raft_snapshot_interval": "1ms"})
    written = {}
    with server:
        client = server.client()
        try:
            for i in range(5000):
                value = os.urandom(10000).hex()
                client.ok("PUT", f"/v1/kv/full/{i % 200}", value)
                written[i % 200] = value
        except NO_ANSWER:
            written.pop(i % 200, None)  # may be there or not
        else:
            raise Failure("5,000 writes of 20 kB fit on 24 MB")
        expect_equal(server.wait(), EXIT_DISK_FAILED, "exit code")
        lines = [x for x in server.log().splitlines() if "ERROR" in x]
        expect(len(lines) == 1 and "space" in lines[0],
               f"expected one line about space, got {lines[-5:]}")
        ballast.unlink()
        server.start()
        client = server.client()
        for key, value in written.items():
            got = client.get(f"/v1/kv/full/{key}", raw="").text
            expect(got == value, f"full/{key} is lost")
        client.ok("PUT", "/v1/kv/after", "1")


def disk_full_at_start():
    """On a full disk a server does not start, and says why; with room it
    does. Logs that find no room do not harm it."""
    with folder() as home:
        try:
            with mounted(home / "disk", "size=1m") as disk:
                start_on_full_disk(home, disk)
        except PermissionError as error:
            return f"needs the right to mount: {error}"


def start_on_full_disk(home, disk):
    ballast = disk / "ballast"
    ballast.write_bytes(bytes((1 << 20) - 8192))
    with Server(data_dir=str(disk / "data"), folder=home).launch() as server:
        expect_equal(server.wait(), EXIT_REFUSED, "exit code")
        expect_said(server.log(), [str(disk / "data"), "No space left"],
                    "full disk")
        ballast.unlink()
        server.start()
        server.kill()
    ballast.write_bytes(bytes((1 << 20) - 65536))
    with Server(folder=home, name="logs", flags=[
            f"-log-file={disk}/", "-log-level=trace"]) as server:
        client = server.client()
        for i in range(300):
            client.ok("PUT", "/v1/agent/service/register", {"Name": f"s{i}"})
        expect_healthy(server)


# -- hostile clients ---------------------------------------------------------

def send_and_drop(port, data, seconds=5):
    """Sends bytes and reads until the server closes or time is up. Returns
    what came."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), seconds) as wire:
        try:
            wire.sendall(data)
            wire.shutdown(socket.SHUT_WR)
            while len(got) < 1 << 20:
                piece = wire.recv(65536)
                if not piece:
                    break
                got += piece
        except OSError:
            pass  # refused while we were sending: as good
    return got


def expect_healthy(server):
    expect(server.alive(), f"the server died:\n{server.log()[-1500:]}")
    client = server.client(10)
    client.ok("PUT", "/v1/kv/health", "1")
    client.close()
    resident = server.resident_mb()
    expect(resident < memory_limit_mb(RESIDENT_MB_MAX),
           f"uses {resident:.0f} MB")


def random_bytes():
    """Random and mangled requests change nothing for other clients."""
    rng = random.Random(7)
    good = b"PUT /v1/kv/x?cas=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3" \
           b"\r\n\r\nabc"
    with Server() as server:
        for i in range(300):
            data = bytearray(good) if i % 2 else \
                bytearray(rng.randbytes(rng.randrange(1, 3000)))
            for _ in range(rng.randrange(4)):
                data[rng.randrange(len(data))] = rng.randrange(256)
            send_and_drop(server.port, bytes(data), 2)
        expect_healthy(server)


def huge_requests():
    """Endless lines, headers and bodies are refused, not stored."""
    endless = [
        b"GET /" + b"a" * (8 << 20) + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * (8 << 20) + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 500000 + b"\r\n",
        b"PUT /v1/kv/a HTTP/1.1\r\nHost: a\r\nContent-Length: "
        b"99999999999999999999\r\n\r\nx",
        b"PUT /v1/kv/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked"
        b"\r\n\r\n" + (b"100000\r\n" + b"a" * 0x100000 + b"\r\n") * 64,
        b"PUT /v1/kv/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked"
        b"\r\n\r\nffffffffffffffff\r\n" + b"a" * (4 << 20)]
    with Server() as server:
        for data in endless:
            answer = send_and_drop(server.port, data)
            head = answer[:12]
            expect(not answer or head[9:10] == b"4",
                   f"{data[:60]!r}: {head!r}")
            expect_healthy(server)


def slow_requests():
    """Requests that arrive byte by byte are dropped after a while, and others
    are served meanwhile."""
    with Server() as server:
        wires = [socket.create_connection(("127.0.0.1", server.port))
                 for _ in range(50)]
        try:
            start = time.monotonic()
            for wire in wires:
                wire.settimeout(60)
                wire.sendall(b"GET /v1/status/leader HTTP/1.1\r\nX-A: ")
            dropped = 0
            while dropped == 0 and time.monotonic() - start < 45:
                expect_healthy(server)
                time.sleep(1)
                for wire in wires:
                    try:
                        wire.sendall(b"a")
                        wire.setblocking(False)
                        dropped += wire.recv(1000) is not None
                    except BlockingIOError:
                        pass
                    except OSError:
                        dropped += 1
                    wire.setblocking(True)
            expect(dropped, "no slow connection was dropped in 45 s")
        finally:
            for wire in wires:
                wire.close()
        expect_healthy(server)


def half_open_connections():
    """Thousands of silent connections cost little, and do not keep others
    out."""
    limit = {"limits": {"http_max_conns_per_client": HALF_OPEN + 500}}
    wires = []
    with Server(config=limit) as server:
        try:
            for i in range(HALF_OPEN):
                wire = socket.socket()
                wires.append(wire)
                wire.settimeout(10)
                wire.connect(("127.0.0.1", server.port))
                if i % 2:
                    wire.sendall(b"GET /v1/kv/a HTTP/1.1\r\n")
            expect_healthy(server)
        finally:
            for wire in wires:
                wire.close()
        expect_healthy(server)

        def descriptors():
            return len(os.listdir(f"/proc/{server.process.pid}/fd")) < 100
        wait_until(descriptors, 10, "the connections to be closed")


def connection_limit():
    """Beyond http_max_conns_per_client new connections of that client are
    closed; when old ones end there is room again."""
    with Server(config={"limits": {"http_max_conns_per_client": 20}}) \
            as server:
        wires = [socket.create_connection(("127.0.0.1", server.port), 5)
                 for _ in range(40)]

        def closed(wire):
            wire.settimeout(0.2)
            try:
                return wire.recv(1) is not None
            except TimeoutError:
                return False
            except OSError:
                return True
        count = sum(closed(x) for x in wires)
        for wire in wires:
            wire.close()
        expect(count >= 15, f"only {count} of 40 were closed")

        def served():
            try:
                expect_healthy(server)
                return True
            except NO_ANSWER:
                return False
        wait_until(served, 10, "room for a client again")


TESTS = [bad_files, bad_flags, port_in_use, data_dir_is_a_file,
         data_dir_read_only, data_dir_locked, another_nodes_directory,
         corrupt_node_id, corrupt_databases, damaged_end_of_a_checkpoint,
         lost_files, disk_full, disk_full_at_start, random_bytes,
         huge_requests, slow_requests, half_open_connections,
         connection_limit]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-k", default="", help="only tests with this in the "
                                               "name")
    return run_tests(TESTS, parser.parse_args().k)


if __name__ == "__main__":
    sys.exit(main())
