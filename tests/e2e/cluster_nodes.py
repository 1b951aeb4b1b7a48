"""What the tests of whole clusters share: nodes on addresses of their own.

Each node is one praetor process on an address in 127.0.0.0/8 that no other
process of this machine is likely to use, so all nodes can have the same ports,
as nodes on different hosts have. With network namespaces (cluster_networks.py)
the addresses are others, and nothing else changes.
"""

import contextlib
import http.client
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from harness import (ANSWER_SECONDS, Answer, Client, Failure, Server, binary,
                     expect, wait_until)

HTTP, RPC, LAN, WAN = 31000, 31300, 31301, 31302
FORM_SECONDS = 30  # from the start of the last server to a leader, busy machine
NO_ANSWER = (OSError, http.client.HTTPException)
cluster_numbers = itertools.count()


def loopback_addresses():
    """A function from a node's number (1 to 9) to its address. Differs between
    processes, and between clusters of one process."""
    pid, number = os.getpid(), next(cluster_numbers) % 25
    prefix = f"127.{64 + (pid >> 8) % 128}.{pid % 256}"
    return lambda n: f"{prefix}.{number * 10 + n}"


class Node(Server):
    """One process of a cluster. Started again, it has the same address, name
    and data."""

    def __init__(self, cluster, number, server, flags, config, name):
        self.cluster, self.is_server = cluster, server
        self.host = cluster.address(number)
        self.name = name or f"{'server' if server else 'client'}{number}"
        self.folder, self.owns_folder = cluster.folder, False
        self.data_dir = self.folder / self.name
        self.port, self.url = HTTP, f"http://{self.host}:{HTTP}"
        self.flags, self.config = list(flags), config
        self.process, self.starts, self.log_begin = None, 0, 0

    def command(self):
        out = self.cluster.enter(self) + [
            binary(), "agent", f"-node={self.name}", f"-bind={self.host}",
            f"-client={self.host}", f"-data-dir={self.data_dir}",
            f"-http-port={HTTP}", f"-server-port={RPC}",
            f"-serf-lan-port={LAN}", f"-serf-wan-port={WAN}", "-dns-port=-1"]
        if self.is_server:
            out += ["-server"]
        config = {**self.cluster.config, **(self.config or {})}
        if config:
            path = self.folder / f"{self.name}.json"
            path.write_text(json.dumps(config))
            out += [f"-config-file={path}"]
        return out + self.flags

    def launch(self):
        """Starts the process without waiting. log() is what it says from now
        on, full_log() also what it said before."""
        self.starts += 1
        with open(self.log_path(), "ab") as log:
            self.log_begin = log.tell()
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                env={**os.environ, **self.cluster.environment(self)})
        return self

    def log(self):
        with open(self.log_path(), "rb") as f:
            f.seek(self.log_begin)
            return f.read().decode("utf-8", "replace")

    def full_log(self):
        return self.log_path().read_text(errors="replace")

    def says(self, text, seconds=10):
        """Waits until the log has `text`."""
        wait_until(lambda: text in self.log(), seconds,
                   f"{text!r} in {self.log_path()}")

    def client(self, seconds=ANSWER_SECONDS):
        return Client(HTTP, seconds, self.host)

    def get(self, path, seconds=ANSWER_SECONDS, **query):
        return self.ask("GET", path, seconds=seconds, **query)

    def put(self, path, body=None, seconds=ANSWER_SECONDS, **query):
        return self.ask("PUT", path, body, seconds, **query)

    def ask(self, method, path, body=None, seconds=ANSWER_SECONDS, **query):
        """One request on a connection of its own. No answer at all is an
        answer with status 0."""
        client = self.client(seconds)
        try:
            return client.call(method, path, body, **query)
        except NO_ANSWER as failure:
            return Answer(0, {}, str(failure).encode())
        finally:
            client.close()

    def ok(self, method, path, body=None, **query):
        answer = self.ask(method, path, body, **query)
        expect(answer.status == 200, f"{self.name}: {method} {path}: "
               f"{answer.status} {answer.text[:300]!r}")
        return answer.json if answer.body.strip() else None

    def leader(self):
        """Address of the leader as this node sees it; empty if none."""
        answer = self.get("/v1/status/leader", seconds=3)
        return answer.json if answer.status == 200 else ""

    def members(self):
        """Statuses by name, as `praetor members` shows them; or None."""
        done = self.run("members")
        if done.returncode != 0:
            return None
        rows = [line.split() for line in done.stdout.splitlines()[1:]]
        return {row[0]: row[2] for row in rows}

    def peers(self):
        """State and voter by name, as `operator raft list-peers` shows them;
        or None."""
        done = self.run("operator", "raft", "list-peers")
        if done.returncode != 0:
            return None
        rows = [line.split() for line in done.stdout.splitlines()[1:]]
        return {row[0]: (row[3], row[4] == "true") for row in rows}

    def run(self, *arguments, seconds=30):
        """Runs a command against this node."""
        return subprocess.run(
            self.cluster.enter(self) + [binary(), *arguments],
            env={**os.environ, "CONSUL_HTTP_ADDR": f"{self.host}:{HTTP}"},
            capture_output=True, text=True, timeout=seconds, check=False)

    def health(self, node=None):
        """Status of the check that stands for a node's life, as the leader
        sees it; None if it is not registered."""
        answer = self.get(f"/v1/health/node/{node or self.name}")
        if answer.status != 200:
            return None
        found = [x for x in answer.json if x["CheckID"] == "serfHealth"]
        return found[0]["Status"] if found else None

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        user, system = fields.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


class Cluster:
    """Servers and client agents. As a context it ends them, and removes what
    they wrote unless something failed and `keep` is set."""

    def __init__(self, config=None, addresses=None):
        self.address = addresses or loopback_addresses()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="praetor-cluster-"))
        self.config, self.nodes = config or {}, []

    def enter(self, node):  # pylint: disable=unused-argument,no-self-use
        """What to put before a command that is to run where `node` is."""
        return []

    def environment(self, node):  # pylint: disable=unused-argument,no-self-use
        """What a node gets in its environment besides ours."""
        return {}

    def add(self, server=True, flags=(), config=None, name=None):
        """A node that is not started yet."""
        self.nodes.append(Node(self, len(self.nodes) + 1, server, flags, config,
                               name))
        return self.nodes[-1]

    def add_server(self, expect=3, **more):
        """A server that looks for the others of the first `expect` nodes."""
        return self.add(flags=[f"-bootstrap-expect={expect}",
                               *self.retry_join(expect)], **more)

    def add_client(self, servers=3, **more):
        return self.add(server=False, flags=self.retry_join(servers), **more)

    def retry_join(self, servers):
        return ["-retry-interval=1s"] + [
            f"-retry-join={self.address(n + 1)}:{LAN}" for n in range(servers)]

    def start(self, servers=3, clients=0):
        """Starts a new cluster and waits until all its nodes know each other
        and a leader."""
        for _ in range(servers):
            self.add_server(servers).launch()
        for _ in range(clients):
            self.add_client(servers).launch()
        self.await_formed()
        return self

    @property
    def servers(self):
        return [x for x in self.nodes if x.is_server]

    @property
    def clients(self):
        return [x for x in self.nodes if not x.is_server]

    def await_formed(self, nodes=None, seconds=FORM_SECONDS):
        """Waits until all that should run know the same members, one leader,
        and are registered."""
        nodes = nodes or self.nodes
        names = {x.name for x in nodes}

        def formed():
            for x in nodes:
                expect(x.process.poll() is None,
                       f"{x.name} ended with {x.process.poll()}:\n"
                       + x.log()[-2000:])
            leaders = {x.leader() for x in nodes}
            if len(leaders) != 1 or leaders == {""}:
                return False
            listed = nodes[-1].get("/v1/catalog/nodes", seconds=3)
            return listed.status == 200 \
                and {row["Node"] for row in listed.json} >= names
        wait_until(formed, seconds, f"a cluster of {sorted(names)}; logs in "
                   f"{self.folder}")

    def leader(self, among=None, seconds=FORM_SECONDS):
        """Waits until a running server is known as the leader; returns it."""
        among = among or [x for x in self.servers if x.alive()]

        def find():
            for x in among:
                address = x.leader()
                for y in among:
                    if address == f"{y.host}:{RPC}" and y.leader() == address:
                        return y
            return None
        return wait_until(find, seconds, f"a leader among "
                          f"{[x.name for x in among]}; logs in {self.folder}",
                          0.01)

    def followers(self):
        leader = self.leader()
        return [x for x in self.servers if x.alive() and x is not leader]

    def kill_all(self):
        for x in self.nodes:
            if x.process is not None and x.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    x.process.send_signal(signal.SIGCONT)
                x.process.kill()
        for x in self.nodes:
            if x.process is not None:
                x.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.kill_all()
        if kind is None or not os.environ.get("PRAETOR_KEEP"):
            shutil.rmtree(self.folder, ignore_errors=True)
        return False


def seconds_until(condition, seconds, what, every=0.01):
    """As wait_until, and returns how long it took."""
    begin = time.monotonic()
    wait_until(condition, seconds, what, every)
    return time.monotonic() - begin


def write(node, key, value, seconds=10):
    """Writes a key through `node`; demands that it worked."""
    answer = node.put(f"/v1/kv/{key}", value, seconds=seconds)
    if (answer.status, answer.text) != (200, "true"):
        raise Failure(f"write through {node.name}: {answer.status} "
                      f"{answer.text[:200]!r}")


def read(node, key, **query):
    """The value of a key as `node` answers; None if there is none."""
    answer = node.get(f"/v1/kv/{key}", raw="", **query)
    expect(answer.status in (200, 404), f"read through {node.name}: "
           f"{answer.status} {answer.text[:200]!r}")
    return answer.text if answer.status == 200 else None
