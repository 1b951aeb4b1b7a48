"""Plays one case: sends its requests, fills in variables, notes the answers.
README.md describes the format of cases."""

import base64
import gzip
import http.client
import json
import re
import threading
import time
import urllib.parse

from normalise import Transcript, at

VARIABLE = re.compile(r"\$\{([^}]*)\}")
NUMBER = re.compile(r"\$\{int:([^}]*)\}")
ANSWER_MS = 30000
POLL_SECONDS = 0.1
CONNECTION_ERRORS = (OSError, http.client.HTTPException)


class CaseError(Exception):
    """A step that could not be played, or whose own expectation failed."""


class Answer:
    def __init__(self, status, headers, body, seconds):
        self.status, self.headers, self.seconds = status, headers, seconds
        self.plain = body
        if headers.get("content-encoding") == "gzip" and body:
            self.plain = gzip.decompress(body)
        self.text = self.plain.decode("utf-8", "surrogateescape")
        self.json, self.json_given = None, False
        if "json" in headers.get("content-type", "") and self.text.strip():
            try:
                self.json, self.json_given = json.loads(self.text), True
            except ValueError:
                pass  # compared as text


class Target:
    """Where requests go: host and port of one server."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port or 80
        self.own = self.send("GET", "/v1/agent/self").json

    def send(self, method, path, headers=(), body=None, chunked=False,
             seconds=ANSWER_MS / 1000):
        start = time.monotonic()
        wire = http.client.HTTPConnection(self.host, self.port,
                                          timeout=seconds)
        try:
            wire.putrequest(method, path, skip_accept_encoding=True)
            headers = dict(headers)
            for name, value in headers.items():
                wire.putheader(name, value)
            if chunked:
                wire.putheader("Transfer-Encoding", "chunked")
                data = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
                data += b"0\r\n\r\n"
            else:
                if body is not None and "Content-Length" not in headers:
                    wire.putheader("Content-Length", str(len(body)))
                data = body
            wire.endheaders()
            try:
                if data:
                    wire.send(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused early; the answer is there
            got = wire.getresponse()
            content, headers = got.read(), {}
            for name, value in got.getheaders():
                name = name.lower()
                headers[name] = (headers[name] + ", " + value
                                 if name in headers else value)
            return Answer(got.status, headers, content,
                          time.monotonic() - start)
        finally:
            wire.close()


class Pending:
    """A blocking request that is under way."""

    def __init__(self, step, send, delay_seconds):
        self.step, self.answer, self.error = step, None, None

        def work():
            try:
                self.answer = send(step)
            except Exception as error:  # reported by whoever awaits it
                self.error = f"{type(error).__name__}: {error}"
        self.thread = threading.Thread(target=work, daemon=True)
        self.thread.start()
        self.thread.join(delay_seconds)
        self.blocked = self.thread.is_alive()

    def finish(self, seconds):
        """Returns how long it took until the answer was there."""
        start = time.monotonic()
        self.thread.join(seconds)
        if self.thread.is_alive():
            raise CaseError("the blocking request did not return")
        if self.error:
            raise CaseError(f"blocking request: {self.error}")
        return time.monotonic() - start


class Player:
    """One run of one case. `unique` begins all names the case makes."""

    def __init__(self, target, case, unique, names):
        config = target.own["Config"]
        member = target.own.get("Member") or {}
        self.target, self.case, self.unique = target, case, unique
        self.values = {
            "u": unique, "node": config["NodeName"],
            "nodeid": config["NodeID"], "dc": config["Datacenter"],
            "addr": member.get("Addr") or "127.0.0.1",
            "host": f"{target.host}:{target.port}", "DOLLAR": "$"}
        self.transcript = Transcript(unique, names, self._baseline())
        self.pending = {}

    def play(self):
        """Returns the finished transcript and an error, or None."""
        error = None
        for number, step in enumerate(self.case["steps"], 1):
            try:
                self._step(number, step)
            except (CaseError, *CONNECTION_ERRORS) as failure:
                error = (f"step {number} {step.get('method', '')} "
                         f"{step.get('path', '')}: {failure!r}")
                break
        self._clean_up()
        return self.transcript.finished(), error

    def _baseline(self):
        key = f"/v1/kv/{self.unique}-baseline"
        self.target.send("PUT", key, body=b"1")
        answer = self.target.send("GET", key)
        return answer.json[0]["ModifyIndex"] if answer.json else 0

    def _clean_up(self):
        everything = {"method": "DELETE",
                      "path": f"/v1/kv/{self.unique}", "query": "recurse"}
        for step in [*self.case.get("cleanup", []), everything]:
            try:
                self._send(step)
            except (CaseError, *CONNECTION_ERRORS):
                pass  # a failed case may have nothing to clean up

    # -- steps ---------------------------------------------------------------

    def _step(self, number, step):
        if "sleep_ms" in step:
            time.sleep(step["sleep_ms"] / 1000)
        elif "await" in step:
            self._await(number, step)
        elif "async" in step:
            self.pending[step["async"]] = Pending(
                step, self._send, step.get("async_delay_ms", 400) / 1000)
        else:
            self._note(number, step, step, self._send(step), {})

    def _await(self, number, step):
        pending = self.pending.pop(step["await"])
        took = pending.finish(step.get("timeout_ms", 15000) / 1000)
        prompt = took < step.get("prompt_ms", 4000) / 1000
        both = pending.step | {k: v for k, v in step.items() if k != "await"}
        self._note(number, both, step, pending.answer,
                   {"blocked_until_trigger": pending.blocked,
                    "returned_promptly_after_trigger": prompt})

    def _note(self, number, shown, step, answer, extra):
        self.transcript.add(number, shown, answer, self._filled, extra)
        self._check(step.get("expect", {}), answer)
        for name, source in step.get("save", {}).items():
            self.values[name] = self._found(source, answer)

    def _found(self, source, answer):
        try:
            if source.startswith("header:"):
                return answer.headers[source[7:].lower()]
            return (answer.text if source == "body"
                    else at(answer.json, self._filled(source)))
        except KeyError:
            raise CaseError(f"no {source} in {answer.status} "
                            f"{answer.text[:120]!r}") from None

    def _check(self, wanted, answer):
        took = answer.seconds * 1000
        if answer.status != wanted.get("status", answer.status):
            raise CaseError(f"expected status {wanted['status']}, got "
                            f"{answer.status} {answer.text[:150]!r}")
        if self._filled(wanted.get("contains", "")) not in answer.text:
            raise CaseError(f"{wanted['contains']!r} is not in "
                            f"{answer.text[:200]!r}")
        if not wanted.get("min_ms", 0) <= took <= wanted.get("max_ms", took):
            raise CaseError(f"took {took:.0f} ms, expected {wanted}")

    # -- requests ------------------------------------------------------------

    def _send(self, step):
        path = self._filled(step["path"])
        query = step.get("query")
        if query:
            query = (self._filled(query) if isinstance(query, str)
                     else urllib.parse.urlencode(
                         {k: self._filled(str(v)) for k, v in query.items()}))
            path += ("&" if "?" in path else "?") + query
        headers = {k: self._filled(v)
                   for k, v in step.get("headers", {}).items()}
        body, seconds = self._body(step), step.get("timeout_ms",
                                                   ANSWER_MS) / 1000
        until = step.get("until")
        deadline = time.monotonic() + (until or {}).get("timeout_ms",
                                                        8000) / 1000
        while True:
            answer = self.target.send(step["method"], path, headers, body,
                                      step.get("chunked", False), seconds)
            if (not until or self._reached(until, answer)
                    or time.monotonic() > deadline):
                return answer
            time.sleep(POLL_SECONDS)

    def _body(self, step):
        if "json" in step:
            return json.dumps(self._filled_json(step["json"])).encode()
        if "raw" in step:
            return self._filled(step["raw"]).encode()
        if "b64" in step:
            return base64.b64decode(step["b64"])
        return b"" if step["method"] in ("PUT", "POST") else None

    def _reached(self, until, answer):
        if answer.status != until.get("status", answer.status):
            return False
        if "pointer" in until:
            try:
                value = at(answer.json, self._filled(until["pointer"]))
            except KeyError:
                return bool(until.get("absent"))
            if until.get("absent"):
                return False
            if ("equals" in until
                    and value != self._filled_json(until["equals"])):
                return False
            if ("regex" in until and not re.search(
                    self._filled(until["regex"]), str(value))):
                return False
        return self._filled(until.get("contains", "")) in answer.text

    # -- variables -----------------------------------------------------------

    def _value(self, name):
        if name.startswith("b64:"):
            return base64.b64encode(name[4:].encode()).decode()
        if name.startswith("rep:"):
            _, text, count = name.split(":")
            return text * int(count)
        name, _, difference = name.partition("|")
        if name not in self.values:
            raise CaseError(f"unknown variable {name}")
        value = self.values[name]
        return int(value) + int(difference) if difference else value

    def _filled(self, text):
        return VARIABLE.sub(lambda m: str(self._value(m[1])), text)

    def _filled_json(self, value):
        if isinstance(value, str):
            number = NUMBER.fullmatch(value)
            return int(self._value(number[1])) if number \
                else self._filled(value)
        if isinstance(value, list):
            return [self._filled_json(x) for x in value]
        if isinstance(value, dict):
            return {self._filled(k): self._filled_json(x)
                    for k, x in value.items()}
        return value
