#!/usr/bin/env python3
"""Hostile bytes on the ports between nodes, and on the API's.

Goal: whatever strangers send to TCP 8300, TCP and UDP 8301 and 8500, the
server lives, serves others, and its memory stays flat.
Method: a real process; packets that kill nodes built on CAF's own protocol
(BASP), random bytes, real frames that were damaged, lengths that lie, and
connections that dawdle.
"""

import argparse
import os
import random
import socket
import struct
import sys
import threading
import time

from bad_input_test import expect_healthy, send_and_drop
from harness import (Server, expect, memory_limit_mb, run_tests,
                     wait_until)

ROUNDS = 400
# What may come on top after the first round, which fills pools and caches.
GROWTH_MB_MAX = 24
SILENT = 150  # connections that say nothing, or little, for a long time
DESCRIPTORS_MAX = 100


def tcp_ports(server):
    return [server.ports[x] for x in ("-server-port", "-serf-lan-port",
                                      "-http-port")]


def crc32c(data):
    """As of Castagnoli; bit by bit, for short data."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def peer_frame(kind, ident, payload, length=None):
    """A frame of port 8300 with the right checksum, and any length."""
    head = struct.pack("<BBHIQ", ord("P"), kind, 0,
                       len(payload) if length is None else length, ident)
    return head + struct.pack("<I", crc32c(payload + head)) + payload


def basp_headers():
    """Headers of CAF's own protocol: one of them crashed nodes of CAF 0.17,
    another made them allocate 4 GB."""
    for operation in range(10):
        for length in (0, 16, 0xF0000000, 0xFFFFFFFF):
            for flags in (0, 1, 4, 255):
                yield struct.pack(">BBBBIQQQ", operation, 0, 0, flags, length,
                                  4, 1, 1)


def lying_lengths():
    """Frames that promise more than comes, or more than may come."""
    for length in (1, 4096, 4097, 1 << 20, 1 << 24, 1 << 28, 0x7FFFFFFF,
                   0xFFFFFFFF):
        for order in "<>":
            prefix = struct.pack(order + "I", length)
            yield prefix
            yield prefix + b"\x00" * 100
            yield prefix + b"\xff" * 5000
        for kind in range(12):
            yield peer_frame(kind, 1, b"", length)
            yield peer_frame(kind, (1 << 64) - 1, b"x" * 300, length)


class Growth:
    """Demands that a server's memory stays flat while things happen to it."""

    def __init__(self, server):
        self.server, self.first = server, None

    def round(self, what):
        expect_healthy(self.server)
        now = self.server.resident_mb()
        if self.first is None:
            self.first = now
        expect(now - self.first < memory_limit_mb(GROWTH_MB_MAX),
               f"{what}: grew from {self.first:.0f} to {now:.0f} MB")


def send_datagrams(port, datagrams):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        for data in datagrams:
            wire.sendto(data[:60000], ("127.0.0.1", port))


def recorded_offers(server):
    """What a real server says first on 8301 when it joins: the bytes of a
    stream. The listener is only told of; it answers nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(20)
        address = f"127.0.0.1:{listener.getsockname()[1]}"

        def join():
            try:
                server.client().put(f"/v1/agent/join/{address}")
            except OSError:
                pass
        thread = threading.Thread(target=join)
        thread.start()
        wire, _ = listener.accept()
        with wire:
            wire.settimeout(5)
            got = wire.recv(1 << 16)
            wanted = 4 + struct.unpack(">I", got[:4])[0]
            while len(got) < wanted:
                got += wire.recv(1 << 16)
        thread.join()
        return got


def damaged(rng, data):
    """Cuts, repeats and changes some of the bytes."""
    out = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(out))
        kind = rng.randrange(4)
        if kind == 0:
            out[at] = rng.randrange(256)
        elif kind == 1:
            out[at:at + rng.randrange(8)] = b""
        elif kind == 2:
            out[at:at] = out[at:at + rng.randrange(64)]
        elif at + 4 < len(out):
            out[at:at + 4] = struct.pack("<I", rng.choice(
                [0, 1, 0x7FFFFFFF, 0xFFFFFFFF, len(out)]))
        if not out:
            out = bytearray(b"\x00")
    return bytes(out)


# -- tests -------------------------------------------------------------------

def packets_that_kill_caf():
    """CAF's own protocol is not spoken: its handshakes and lengths do
    nothing."""
    with Server() as server:
        memory = Growth(server)
        for port in tcp_ports(server):
            for data in basp_headers():
                send_and_drop(port, data, 2)
            memory.round(f"handshakes on {port}")
        send_datagrams(server.ports["-serf-lan-port"], basp_headers())
        memory.round("handshakes as datagrams")


def random_bytes():
    """Random bytes on any port do nothing."""
    rng = random.Random(11)
    with Server() as server:
        memory = Growth(server)
        for port in tcp_ports(server):
            for _ in range(ROUNDS):
                send_and_drop(port, rng.randbytes(rng.randrange(1, 4000)), 2)
            memory.round(f"random bytes on {port}")
        for _ in range(20):
            send_datagrams(server.ports["-serf-lan-port"],
                           (rng.randbytes(rng.randrange(0, 3000))
                            for _ in range(1000)))
            memory.round("random datagrams")


def lengths_that_lie():
    """A length is believed only as far as bytes come."""
    with Server() as server:
        memory = Growth(server)
        for port in tcp_ports(server)[:2]:
            for data in lying_lengths():
                send_and_drop(port, data, 2)
            memory.round(f"lengths on {port}")
            held = []
            try:
                # Not closed: the promised rest may still come.
                for data in lying_lengths():
                    wire = socket.create_connection(("127.0.0.1", port), 5)
                    held.append(wire)
                    wire.sendall(data)
                memory.round(f"lengths on {port}, kept open")
            except ConnectionError:
                pass  # too many of one address are closed at once: as good
            finally:
                for wire in held:
                    wire.close()
            memory.round(f"lengths on {port}, closed")


def long_streams():
    """Who sends for ever is cut off, and nothing of it is kept."""
    with Server() as server:
        memory = Growth(server)
        for port in tcp_ports(server)[:2]:
            for head in (b"", peer_frame(1, 0, b"", 4096),
                         peer_frame(3, 1, b"", 1 << 24),
                         struct.pack(">I", 16 << 20)):
                send_and_drop(port, head + b"a" * (32 << 20), 5)
                memory.round(f"a long stream on {port}")


def damaged_frames():
    """Frames of a real member, damaged, do nothing."""
    rng = random.Random(13)
    with Server() as server:
        memory = Growth(server)
        offer = recorded_offers(server)
        port = server.ports["-serf-lan-port"]
        for i in range(ROUNDS):
            data = damaged(rng, offer)
            if i % 2:  # with a length that fits
                data = struct.pack(">I", len(data) - 4) + data[4:]
            send_and_drop(port, data, 2)
        memory.round("damaged offers")
        send_datagrams(port, (damaged(rng, offer[4:]) for _ in range(5000)))
        memory.round("damaged datagrams")
        hello = peer_frame(1, 0, rng.randbytes(60))
        for _ in range(ROUNDS):
            send_and_drop(server.ports["-server-port"], damaged(rng, hello), 2)
        memory.round("damaged hellos")
        members = server.client().ok("GET", "/v1/agent/members")
        expect(len(members) == 1, f"strangers became members: {members}")


def dawdlers():
    """Connections that say nothing, or a byte now and then, do not keep
    others out, and end."""
    with Server() as server:
        def descriptors():
            return len(os.listdir(f"/proc/{server.process.pid}/fd"))
        memory = Growth(server)
        memory.round("before")
        for port in tcp_ports(server)[:2]:
            wires = []
            try:
                for i in range(SILENT):
                    wire = socket.create_connection(("127.0.0.1", port), 5)
                    wires.append(wire)
                    if i % 2:
                        wire.sendall(b"P" if i % 4 == 1 else b"\x00\x00")
                memory.round(f"{SILENT} silent ones on {port}")
                end = time.monotonic() + 60

                def gone():
                    for wire in wires:
                        try:
                            wire.send(b"\x00")
                        except OSError:
                            pass
                    return descriptors() < DESCRIPTORS_MAX
                while not gone():
                    expect(time.monotonic() < end,
                           f"{descriptors()} descriptors after a minute of "
                           f"silence on {port}")
                    time.sleep(1)
            finally:
                for wire in wires:
                    wire.close()
            memory.round(f"after silence on {port}")
        wait_until(lambda: descriptors() < DESCRIPTORS_MAX, 20,
                   "the connections to be closed")


TESTS = [packets_that_kill_caf, random_bytes, lengths_that_lie, long_streams,
         damaged_frames, dawdlers]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-k", default="", help="only tests with this in the "
                                               "name")
    return run_tests(TESTS, parser.parse_args().k)


if __name__ == "__main__":
    sys.exit(main())
