"""What the end-to-end tests share: a server under test, requests, waiting.

A `server` is one praetor process with ports and a directory of its own. It is
reached over 127.0.0.1 only, and nothing is ended but what was started here.
Python 3, standard library only.
"""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.parse

REPO = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 15  # from exec to an elected leader, on a busy machine
STOP_SECONDS = 10  # from a signal to the end of the process
ANSWER_SECONDS = 30
PORT_FLAGS = ("-http-port", "-server-port", "-serf-lan-port",
              "-serf-wan-port", "-dns-port")


class Failure(Exception):
    """An expectation that did not hold; the text says which."""


def expect(condition, text):
    """Raises Failure(text) unless `condition`."""
    if not condition:
        raise Failure(text)


def expect_equal(got, expected, what):
    expect(got == expected, f"{what}: expected {expected!r}, got {got!r}")


def binary():
    """Path of the program under test."""
    path = pathlib.Path(os.environ.get("PRAETOR", REPO / "build" / "praetor"))
    if not path.exists():
        sys.exit(f"{path} does not exist; build it, or set $PRAETOR")
    return str(path.resolve())


def memory_limit_mb(normal):
    """What a server may use. The address sanitizer keeps 256 MB of freed
    memory, and needs twice as much for all else."""
    sanitized = b"__asan_init" in pathlib.Path(binary()).read_bytes()
    return 3 * normal + 300 if sanitized else normal


def free_ports(count):
    """Ports that nobody listens on now. They are held together while chosen,
    so that they differ."""
    held = [socket.socket() for _ in range(count)]
    try:
        for s in held:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in held]
    finally:
        for s in held:
            s.close()


def wait_until(condition, seconds, what, every=0.05):
    """Polls until `condition()` is true and returns what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        expect(time.monotonic() < deadline,
               f"after {seconds} s still waiting for {what}")
        time.sleep(every)


def runs(pid):
    """Whether a process still runs; a zombie does not."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


class Answer:
    """One HTTP answer. Header names are lower case."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            raise Failure(f"no JSON: {self.status} {self.text[:200]!r}")

    @property
    def index(self):
        return int(self.headers.get("x-consul-index", 0))


class Client:
    """HTTP to one server, one kept connection; not for several threads."""

    def __init__(self, port, seconds=ANSWER_SECONDS, host="127.0.0.1"):
        self.connection = http.client.HTTPConnection(host, port,
                                                     timeout=seconds)

    def call(self, method, path, body=None, **query):
        """Sends one request. dicts and lists are sent as JSON.
        Raises OSError or HTTPException if no answer came."""
        if query:
            path += "?" + urllib.parse.urlencode(query)
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if body is None and method in ("PUT", "POST"):
            body = b""
        try:
            self.connection.request(method, path, body)
            got = self.connection.getresponse()
            headers = {k.lower(): v for k, v in got.getheaders()}
            return Answer(got.status, headers, got.read())
        except BaseException:
            self.connection.close()  # never take a late answer for the next
            raise

    def get(self, path, **query):
        return self.call("GET", path, **query)

    def put(self, path, body=None, **query):
        return self.call("PUT", path, body, **query)

    def ok(self, method, path, body=None, **query):
        """As call(), and demands status 200. Returns the decoded JSON, or
        None if there is no body."""
        answer = self.call(method, path, body, **query)
        expect(answer.status == 200,
               f"{method} {path}: {answer.status} {answer.text[:300]!r}")
        return answer.json if answer.body.strip() else None

    def close(self):
        self.connection.close()


class Server:
    """One praetor process.

    `data_dir` None is development mode: nothing is kept. `config` is a dict
    that becomes a configuration file. Ports stay the same over restarts.
    """

    def __init__(self, data_dir=None, config=None, flags=(), folder=None,
                 name="praetor"):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(
            prefix="praetor-e2e-"))
        self.owns_folder = folder is None
        self.ports = dict(zip(PORT_FLAGS, free_ports(len(PORT_FLAGS))))
        self.port = self.ports["-http-port"]
        self.url = f"http://127.0.0.1:{self.port}"
        self.data_dir, self.config, self.name = data_dir, config, name
        self.flags, self.process, self.starts = list(flags), None, 0

    def command(self):
        out = [binary(), "agent", f"-node={self.name}"]
        out += [f"{k}={v}" for k, v in self.ports.items()]
        if self.data_dir is None:
            out += ["-dev"]
        else:
            out += ["-server", "-bootstrap", "-bind=127.0.0.1",
                    f"-data-dir={self.data_dir}"]
        if self.config is not None:
            path = self.folder / "agent.json"
            path.write_text(json.dumps(self.config))
            out += [f"-config-file={path}"]
        return out + self.flags

    def launch(self):
        """Starts the process without waiting. Its output is self.log()."""
        self.starts += 1
        with open(self.log_path(), "wb") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True)
        return self

    def start(self):
        """Starts, and waits until it leads."""
        self.launch()
        self.await_leader()
        return self

    def await_leader(self, seconds=START_SECONDS):
        def leads():
            expect(self.process.poll() is None,
                   f"ended at start with {self.process.poll()}:\n"
                   + self.log()[-2000:])
            client = Client(self.port, 5)
            try:
                return client.get("/v1/status/leader").json != "" and \
                    client.get("/v1/catalog/nodes").json != []
            except (OSError, http.client.HTTPException, Failure):
                return False
            finally:
                client.close()
        wait_until(leads, seconds, f"a leader; log: {self.log_path()}", 0.02)

    def await_synced(self):
        """Waits until the node has registered itself: nothing is written any
        more that a test did not cause."""
        wait_until(lambda: "Synced node info" in self.log(), START_SECONDS,
                   "the node to register itself")
        return self

    def log_path(self):
        return self.folder / f"{self.name}.log"

    def log(self):
        return self.log_path().read_text(errors="replace")

    def client(self, seconds=ANSWER_SECONDS):
        return Client(self.port, seconds)

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        """Waits for the end. Returns the exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"pid {self.process.pid} still runs after "
                          f"{seconds} s; its last lines:\n"
                          + "\n".join(self.log().splitlines()[-5:]))

    def kill(self):
        """kill -9, and waits."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def resident_mb(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0

    def __enter__(self):
        return self.start() if self.process is None else self

    def __exit__(self, *_):
        self.kill()
        if self.owns_folder:
            shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def folder():
    """A temporary directory that is removed at the end."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="praetor-e2e-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def run_tests(tests, pattern=""):
    """Runs functions whose docstring is the sentence they prove; prints one
    line each and the sums. Returns the exit code."""
    passed = failed = skipped = 0
    for test in tests:
        sentence = " ".join(test.__doc__.split())
        if pattern not in test.__name__:
            continue
        start = time.monotonic()
        try:
            reason = test()
        except Failure as failure:
            failed += 1
            print(f"FAIL {test.__name__}: {sentence}\n     {failure}")
        except Exception:
            failed += 1
            print(f"FAIL {test.__name__}: {sentence}")
            traceback.print_exc(file=sys.stdout)
        else:
            skipped += reason is not None
            passed += reason is None
            took = time.monotonic() - start
            print(f"SKIPPED {test.__name__}: {reason}" if reason else
                  f"PASS {test.__name__} ({took:.1f} s)")
        sys.stdout.flush()
    sums = f"{passed} passed, {failed} failed"
    print(sums + (f", {skipped} SKIPPED" if skipped else ""))
    return 0 if failed == 0 and passed > 0 else 1
