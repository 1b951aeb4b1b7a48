"""A network namespace for each node, so that links can be cut; needs root.

The test itself runs in a namespace with the bridge, from where it reaches all
nodes whatever is cut between them. A cut drops packets silently at the
receiver, as a broken switch does.
"""

import os
import subprocess
import sys

MARK = "PRAETOR_CHAOS_NETWORK"  # in the environment: the prefix of our names


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


def enter(nodes):
    """Starts this program again inside a new network of so many nodes, and
    returns its exit code when it has ended."""
    prefix = f"pt-{os.getpid()}-"
    names = [prefix + "hub"] + [f"{prefix}{n}" for n in range(1, nodes + 1)]
    try:
        for name in names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        hub = names[0]
        ip("-n", hub, "link", "add", "br0", "type", "bridge")
        ip("-n", hub, "addr", "add", "10.99.0.254/24", "dev", "br0")
        ip("-n", hub, "link", "set", "br0", "up")
        for n, name in enumerate(names[1:], 1):
            ip("-n", hub, "link", "add", f"v{n}", "type", "veth", "peer",
               "name", "eth0", "netns", name)
            ip("-n", hub, "link", "set", f"v{n}", "master", "br0", "up")
            ip("-n", name, "addr", "add", f"10.99.0.{n}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
        return subprocess.run(
            ["ip", "netns", "exec", hub, sys.executable, *sys.argv],
            env={**os.environ, MARK: prefix}, check=False).returncode
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False,
                           capture_output=True)


def entered():
    return MARK in os.environ


def address(n):
    return f"10.99.0.{n}"


def inside(n):
    """What to put before a command of node `n`."""
    return ["ip", "netns", "exec", f"{os.environ[MARK]}{n}"]


def cut(receiver, sender):
    """`receiver` gets nothing from `sender` any more."""
    subprocess.run(inside(receiver) + ["iptables", "-A", "INPUT", "-s",
                                       address(sender), "-j", "DROP"],
                   check=True)


def heal(n):
    """Node `n` hears everybody again."""
    subprocess.run(inside(n) + ["iptables", "-F", "INPUT"], check=True)
