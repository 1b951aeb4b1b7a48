"""Makes answers of two servers comparable: numbers, ids, times and names that
may differ are replaced by what must not differ about them.

  CreateIndex, ModifyIndex, X-Consul-Index   rank within the case
  UUIDs, content hashes                      number in order of appearance
  times, hashes                              <time>, <hash>
  node name, id, addresses, version          <node>, <nodeid>, ...
  error texts of Go's libraries              their fixed beginning

Pure. README.md has the format of what comes out.
"""

import itertools
import json
import re

HEADERS = ("content-type", "x-consul-index", "x-consul-knownleader",
           "x-consul-lastcontact", "x-consul-effective-consistency",
           "x-consul-translate-addresses", "x-consul-reason",
           "x-consul-contenthash", "x-cache", "allow", "location", "vary",
           "content-encoding")
PARTS = ("status", "headers", "body", "blocked_until_trigger",
         "returned_promptly_after_trigger")
INDEX_KEYS = ("CreateIndex", "ModifyIndex")
UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.I)
RESERVED_UUID = "00000000-0000-0000-0000-0000000000"
TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?"
                  r"(?:Z|[+-]\d\d:\d\d)")
ZERO_TIME = "0001-01-01"
LIBRARY_TEXTS = [(re.compile(pattern), text) for pattern, text in (
    (r"json: cannot unmarshal [^\n]*", "json: cannot unmarshal <...>"),
    (r"invalid character '[^\n]*", "<json syntax error>"),
    (r"evaluator: \d+:\d+ \(\d+\): [^\n]*", "evaluator: <syntax error>"),
    (r"At \d+:\d+: [^\n]*", "<hcl syntax error>"),
    (r"error parsing regexp: [^\n]*", "error parsing regexp: <...>"),
    (r'Unknown service \{("[^"]*") \{\}\}', r"Unknown service \1"))]


def tokens(pointer):
    """The parts of a JSON pointer."""
    return [] if pointer in ("", "/") else [
        part.replace("~1", "/").replace("~0", "~")
        for part in pointer.lstrip("/").split("/")]


def at(document, pointer):
    """What a JSON pointer leads to. Raises KeyError if nothing."""
    for token in tokens(pointer):
        try:
            document = document[int(token) if isinstance(document, list)
                                else token]
        except (ValueError, IndexError, TypeError, KeyError):
            raise KeyError(pointer) from None
    return document


def replaced(document, path, change):
    """The document with `change` applied wherever `path` (tokens, `*` matches
    each member) leads."""
    if not path:
        return change(document)
    head, rest = path[0], path[1:]
    if isinstance(document, list):
        return [replaced(x, rest, change) if head in ("*", str(i)) else x
                for i, x in enumerate(document)]
    if isinstance(document, dict):
        return {k: replaced(x, rest, change) if head in ("*", k) else x
                for k, x in document.items()}
    return document


def shape(value):
    """The types in a JSON value."""
    if isinstance(value, dict):
        return {k: shape(x) for k, x in value.items()}
    if isinstance(value, list):
        return [shape(x) for x in value]
    if isinstance(value, bool):
        return "<bool>"
    if isinstance(value, (int, float)):
        return "<number>"
    return "<string>" if isinstance(value, str) else value


def in_order(value):
    if not isinstance(value, list):
        return value
    return sorted(value, key=lambda x: json.dumps(x, sort_keys=True))


def picked(document, key, pattern):
    """List members or map entries whose `key` matches `pattern`."""
    def matches(value):
        if isinstance(value, str):
            return key == "@value" and pattern.search(value)
        return isinstance(value, dict) and pattern.search(str(value.get(key)))
    if isinstance(document, list):
        return [x for x in document if matches(x)]
    if isinstance(document, dict):
        if key == "@key":
            return {k: x for k, x in document.items() if pattern.search(k)}
        return {k: x for k, x in document.items()
                if pattern.search(str((x or {}).get(key)))}
    return document


def server_names(own, host, port):
    """Patterns for what is private to a server; `own` is its
    /v1/agent/self."""
    config, member = own.get("Config", {}), own.get("Member") or {}
    address = member.get("Addr") or "127.0.0.1"
    out = []
    if config.get("NodeID"):
        out.append((re.escape(config["NodeID"]), "<nodeid>"))
    rpc_port = (member.get("Tags") or {}).get("port")
    if rpc_port:
        out.append((re.escape(f"{address}:{rpc_port}") + r"(?!\d)",
                    "<rpcaddr>"))
    out.append((rf"(?:{re.escape(host)}|127\.0\.0\.1|localhost):{port}(?!\d)",
                "<httpaddr>"))
    if config.get("NodeName"):
        out.append((r"(?<![A-Za-z0-9_.-])" + re.escape(config["NodeName"])
                    + r"(?![A-Za-z0-9_-])", "<node>"))
    if config.get("Version"):
        out.append((r"(?<![\d.])" + re.escape(config["Version"])
                    + r"(?![\d.])", "<version>"))
    return [(re.compile(pattern), text) for pattern, text in out]


class Index:
    """A place where an index was; ranked when the case is over."""

    def __init__(self, number):
        self.number = number


class Transcript:
    """The normalised answers of one case.

    `unique` is the text that makes names of this run unique, `names` comes
    from server_names(). Indexes up to `baseline` are older than the case.
    """

    def __init__(self, unique, names, baseline):
        self.unique, self.names, self.baseline = unique, names, baseline
        self.numbers, self.steps = {}, []

    def add(self, number, step, answer, substitute, extra):
        """Notes an answer. `substitute` fills variables of a step."""
        entry = {"step": number, "what": f"{step['method']} {step['path']}",
                 "status": answer.status,
                 "headers": self._headers(step, answer),
                 "body": self._body(step, answer, substitute)}
        if answer.status == 301:
            entry["body"] = "<redirect>"
            entry["headers"].pop("content-type", None)
        self.steps.append(entry | extra)

    def finished(self):
        """All steps, indexes replaced by their rank."""
        seen = set()

        def collect(value):
            if isinstance(value, Index):
                seen.add(value.number)
            elif isinstance(value, (dict, list)):
                for x in value.values() if isinstance(value, dict) else value:
                    collect(x)
        collect(self.steps)
        ranks = {n: i for i, n in enumerate(
            sorted(n for n in seen if n > self.baseline), 1)}

        def rank(value):
            if isinstance(value, Index):
                if value.number == 0:
                    return "<index 0>"
                known = ranks.get(value.number)
                return f"<index +{known}>" if known else "<index old>"
            if isinstance(value, dict):
                return {k: rank(x) for k, x in value.items()}
            if isinstance(value, list):
                return [rank(x) for x in value]
            return value
        return rank(self.steps)

    def _headers(self, step, answer):
        out = {}
        for name in step.get("headers_compare", HEADERS):
            value = answer.headers.get(name)
            if value is None or name in map(str.lower,
                                            step.get("ignore_headers", [])):
                continue
            if name == "x-consul-index" and value.isdigit():
                out[name] = Index(int(value))
            elif name == "x-consul-contenthash":
                out[name] = self._numbered("contenthash", value)
            elif name == "x-consul-lastcontact":
                out[name] = "0" if value == "0" else "<ms>"
            else:
                out[name] = self._text(value, step)
        return out

    def _body(self, step, answer, substitute):
        if step.get("body", True) is False:
            return "<ignored>"
        if answer.json_given and not step.get("exact"):
            document = answer.json
            for pick in step.get("pick", []):
                pattern = re.compile(substitute(pick["match"]))
                document = replaced(
                    document, tokens(pick.get("path", "")),
                    lambda x, k=pick["key"], p=pattern: picked(x, k, p))
            for pointer in step.get("ignore", []):
                document = replaced(document, tokens(substitute(pointer)),
                                    shape)
            for pointer in step.get("unordered", []):
                document = replaced(document, tokens(substitute(pointer)),
                                    in_order)
            return self._value(document, step)
        if step.get("binary"):
            return "<some bytes>" if answer.plain else "<no bytes>"
        return self._text(answer.text, step)

    def _value(self, value, step, key=None):
        if isinstance(value, dict):
            return {self._text(k, step): self._value(x, step, k)
                    for k, x in value.items()}
        if isinstance(value, list):
            return [self._value(x, step, key) for x in value]
        if isinstance(value, str):
            if key == "Hash" and value:
                return "<hash>"
            if key == "ContentHash" and value:
                return self._numbered("contenthash", value)
            return self._text(value, step)
        if key in INDEX_KEYS and type(value) is int:
            return Index(value)
        return value

    def _text(self, text, step):
        text = text.replace(self.unique, "NONCE")
        for pattern, name in self.names:
            text = pattern.sub(name, text)
        text = UUID.sub(self._uuid, text)
        text = TIME.sub(lambda m: m[0] if m[0].startswith(ZERO_TIME)
                        else "<time>", text)
        for pattern, other in step.get("subs", []):
            text = re.sub(pattern, other, text)
        for pattern, other in LIBRARY_TEXTS:
            text = pattern.sub(other, text)
        return text

    def _uuid(self, match):
        if match[0].startswith(RESERVED_UUID):
            return match[0]
        return self._numbered("uuid", match[0].lower())

    def _numbered(self, kind, value):
        known = self.numbers.setdefault(kind, {})
        return f"<{kind}{known.setdefault(value, len(known) + 1)}>"


def brief(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else text[:157] + "..."


def differences(expected, got, path):
    """Lines that say where two JSON values differ."""
    if type(expected) is type(got) is dict:
        for key in expected.keys() | got.keys():
            where = f"{path}/{key}"
            if key not in got:
                yield f"{where}: missing, expected {brief(expected[key])}"
            elif key not in expected:
                yield f"{where}: unexpected {brief(got[key])}"
            else:
                yield from differences(expected[key], got[key], where)
    elif type(expected) is type(got) is list and len(expected) == len(got):
        for i, (a, b) in enumerate(zip(expected, got)):
            yield from differences(a, b, f"{path}/{i}")
    elif type(expected) is not type(got) or expected != got:
        yield f"{path}: expected {brief(expected)}, got {brief(got)}"


def compare(expected, got):
    """Lines that say where a transcript differs from the recorded one; each
    begins with `step N `."""
    out = []
    for a, b in itertools.zip_longest(expected, got):
        name = "step {step} {what}".format(**(a or b))
        if not a or not b:
            out.append(f"{name}: {'no' if a else 'unexpected'} answer")
            continue
        for part in PARTS:
            out += [f"{name}: {line}"
                    for line in differences(a.get(part), b.get(part), part)]
    return out
