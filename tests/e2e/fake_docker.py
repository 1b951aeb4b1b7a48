"""A Docker Engine that exists only on a unix socket, and misbehaves on demand.

It speaks the part of the Engine API that registrator uses, in the shapes that
Engine 20.10 (API 1.41) sends: like the real one it sends not a single byte of
the stream of events before the first event. `drop`, `delay` and `repeat` are
probabilities for each event; a dropped event is missing from `since`, too.
"""

import http.server
import json
import os
import queue
import random
import re
import socketserver
import threading
import time
import urllib.parse


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        """A client that hangs up is no news."""


class FakeDocker:
    """One engine. Containers survive stop() and start(), as if it restarted."""

    def __init__(self, path, seed=1):
        self.path, self.random = str(path), random.Random(seed)
        self.lock = threading.RLock()
        self.containers, self.log, self.streams = {}, [], []
        self.drop = self.delay = self.repeat = 0.0
        self.rubbish = False  # answers what is no JSON
        self.broken = set()  # ids whose inspection fails
        self.requests = []  # paths, without version
        self.server, self.number, self.live = None, 0, set()

    # -- the process ----------------------------------------------------------

    def start(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        engine = self

        class Handler(_Handler):
            docker = engine

        self.server = _Server(self.path, Handler)
        threading.Thread(target=self.server.serve_forever,
                         kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self):
        """As kill -9: every connection breaks."""
        server, self.server = self.server, None
        if server is None:
            return
        server.shutdown()
        server.server_close()
        with self.lock:
            live, self.live = self.live, set()
            self.streams.clear()
        for connection in live:
            try:
                connection.shutdown(2)
            except OSError:
                pass

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # -- containers -----------------------------------------------------------

    def run(self, name, image="nginx", ports=None, env=(), labels=None,
            mode="default", exposed=(), ip=None, silent=False):
        """docker run. `ports` maps "80/tcp" to a host port. Returns the id."""
        with self.lock:
            self.number += 1
            key = f"{self.number:06x}" + f"{self.random.getrandbits(232):058x}"
            self.containers[key] = {
                "name": name, "image": image, "ports": dict(ports or {}),
                "env": list(env), "labels": dict(labels or {}), "mode": mode,
                "exposed": list(exposed), "running": False, "exit": 0,
                "ip": ip or "172.17.%d.%d" % (self.number // 250,
                                              self.number % 250 + 2),
                "health": None}
        self.boot(key, silent)
        return key

    def boot(self, key, silent=False):
        with self.lock:
            self.containers[key]["running"] = True
        if not silent:
            self.emit("start", key)

    def end(self, key, code=0, silent=False):
        """docker stop, or a crash."""
        with self.lock:
            self.containers[key]["running"] = False
            self.containers[key]["exit"] = code
        if not silent:
            self.emit("die", key, exitCode=str(code))
            self.emit("stop", key)

    def remove(self, key, silent=False):
        with self.lock:
            running = self.containers[key]["running"]
        if running:
            self.end(key, 137, silent)
        with self.lock:
            self.gone = self.containers.pop(key)
        if not silent:
            self.emit("destroy", key, self.gone)

    def rename(self, key, name):
        with self.lock:
            self.containers[key]["name"] = name
        self.emit("rename", key)

    def health(self, key, text):
        with self.lock:
            self.containers[key]["health"] = text
        self.emit("health_status: " + text, key)

    # -- events ---------------------------------------------------------------

    def emit(self, action, key, container=None, **attributes):
        with self.lock:
            x = container or self.containers[key]
            now = time.time_ns()
            event = json.dumps({
                "status": action, "id": key, "from": x["image"],
                "Type": "container", "Action": action,
                "Actor": {"ID": key, "Attributes": {
                    "image": x["image"], "name": x["name"], **attributes}},
                "scope": "local", "time": now // 10**9, "timeNano": now})
            if self.random.random() < self.drop:
                return
            times = 2 if self.random.random() < self.repeat else 1
            late = self.random.random() < self.delay
        if late:
            timer = threading.Timer(self.random.uniform(0.2, 1.5),
                                    self.deliver, (now, event, times))
            timer.daemon = True
            timer.start()
        else:
            self.deliver(now, event, times)

    def deliver(self, when, event, times):
        with self.lock:
            self.log.append((when, event))
            for stream in self.streams:
                for _ in range(times):
                    stream.put(event)

    # -- answers --------------------------------------------------------------

    def inspect(self, key):
        x = self.containers[key]
        bound = {p: [{"HostIp": "0.0.0.0", "HostPort": str(n)},
                     {"HostIp": "::", "HostPort": str(n)}] if n else None
                 for p, n in x["ports"].items()}
        exposed = {p: {} for p in list(x["ports"]) + x["exposed"]}
        state = {"Status": "running" if x["running"] else "exited",
                 "Running": x["running"], "Paused": False, "Restarting": False,
                 "ExitCode": x["exit"]}
        if x["health"]:
            state["Health"] = {"Status": x["health"]}
        return {
            "Id": key, "Name": "/" + x["name"], "State": state,
            "Config": {"Image": x["image"], "Hostname": x["name"],
                       "Env": x["env"] or None, "Labels": x["labels"],
                       "ExposedPorts": exposed},
            "HostConfig": {"NetworkMode": x["mode"]},
            "NetworkSettings": {
                "IPAddress": x["ip"], "Ports": bound if x["running"] else {},
                "Networks": {"bridge": {"IPAddress": x["ip"]}}}}

    def find(self, word):
        """The id that an id, the beginning of one or a name means."""
        for key, x in self.containers.items():
            if key.startswith(word) or x["name"] == word:
                return key
        return None


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    docker = None

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass

    def setup(self):
        super().setup()
        with self.docker.lock:
            self.docker.live.add(self.connection)

    def finish(self):
        with self.docker.lock:
            self.docker.live.discard(self.connection)
        try:
            super().finish()
        except OSError:
            pass

    def answer(self, status, body):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Api-Version", "1.41")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        version = re.match(r"/v(\d+)\.(\d+)/", url.path)
        path = re.sub(r"^/v[\d.]+", "", url.path)
        docker = self.docker
        docker.requests.append(path)
        if docker.rubbish:
            return self.answer(200, b"<html>not an engine</html>")
        if version and (int(version[1]), int(version[2])) > (1, 41):
            return self.answer(400, {"message": "client version "
                                     f"{version[1]}.{version[2]} is too new. "
                                     "Maximum supported API version is 1.41"})
        if path == "/version":
            return self.answer(200, {"Version": "20.10.24",
                                     "ApiVersion": "1.41",
                                     "MinAPIVersion": "1.12"})
        if path == "/containers/json":
            with docker.lock:
                found = [{"Id": k, "Names": ["/" + x["name"]]}
                         for k, x in docker.containers.items()
                         if x["running"] or "all" in query]
            return self.answer(200, found)
        if path == "/events":
            return self.events(query)
        one = re.fullmatch("/containers/([^/]+)/json", path)
        if one:
            with docker.lock:
                key = docker.find(one[1])
                if key in docker.broken:
                    return self.answer(500, {"message": "broken"})
                if key:
                    return self.answer(200, docker.inspect(key))
            return self.answer(404, {"message":
                                     f"No such container: {one[1]}"})
        self.answer(404, {"message": "page not found"})

    def events(self, query):
        docker, stream = self.docker, queue.Queue()
        since = int(query.get("since", ["0"])[0]) * 10**9
        wanted = json.loads(query["filters"][0]).get("event", [])
        with docker.lock:
            for when, event in docker.log:
                if since and when >= since:
                    stream.put(event)
            docker.streams.append(stream)
        begun = False
        try:
            while docker.server is not None:
                try:
                    event = stream.get(timeout=0.1)
                except queue.Empty:
                    continue
                action = json.loads(event)["Action"].split(":")[0]
                if wanted and action not in wanted:
                    continue
                if not begun:
                    begun = True
                    self.send_response(200)
                    self.send_header("Transfer-Encoding", "chunked")
                    self.end_headers()
                data = event.encode() + b"\n"
                cut = len(data) // 2  # however it is cut, it must be read
                for part in (data[:cut], data[cut:]):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                    self.wfile.flush()
        except OSError:
            pass
        finally:
            with docker.lock:
                if stream in docker.streams:
                    docker.streams.remove(stream)
        self.close_connection = True
