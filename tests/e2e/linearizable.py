"""Is a history of one register linearizable? Source: Wing and Gong, Testing and
Verifying Concurrent Objects, 1993, with the memory of Lowe, Testing for
Linearizability, 2016.

An operation is (begin, end, kind, arguments, outcome); `end` is None if its
outcome is not known, so it may have taken effect at any time after `begin`, or
never.
"""

import collections

Op = collections.namedtuple("Op", "begin end kind value expected outcome who")
STEPS_MAX = 2_000_000  # then the search gives up


class TooHard(Exception):
    """The search took too many steps."""


def apply(op, state):
    """Returns whether `op` may happen in `state`, and the state after it."""
    if op.kind == "get":
        return op.outcome == state, state
    if op.kind == "put":
        return True, op.value
    if op.outcome is None:  # it failed, and what made it fail is not known
        return True, state
    done = state == op.expected  # compare and set
    return done == op.outcome, op.value if done else state


def observers(ops):
    """By value: when the first operation ends that proves it was written."""
    out, todo = {}, []

    def seen(value, end):
        if value is not None and end < out.get(value, float("inf")):
            out[value] = end
            todo.append(value)
    for x in ops:
        if x.end is not None and x.kind == "get":
            seen(x.outcome, x.end)
        elif x.end is not None and x.kind == "cas" and x.outcome:
            seen(x.expected, x.end)
    writers = {x.value: x for x in ops if x.kind != "get"}
    while todo:
        value = todo.pop()
        x = writers.get(value)
        if x is not None and x.end is None and x.kind == "cas":
            seen(x.expected, out[value])
    return out


def settle(ops):
    """Settles unknown outcomes, as values are never written twice: what was
    observed happened before its observer ended. What was not can be left out:
    it could only explain why a compare-and-set failed, so those that ended
    after its begin may fail for no other reason."""
    first = observers(ops)
    lost = [x.begin for x in ops if x.end is None and x.kind != "get"
            and x.value not in first]
    doubt = min(lost, default=float("inf"))
    out = []
    for x in ops:
        if x.end is None and x.kind != "get" and x.value in first:
            out.append(x._replace(end=first[x.value], outcome=True))
        elif x.end is not None and x.kind == "cas" and not x.outcome \
                and x.end > doubt:
            out.append(x._replace(outcome=None))
        elif x.end is not None:
            out.append(x)
    return out


def linearizable(ops, initial=None):
    """Whether some order of `ops` explains all outcomes. Raises TooHard."""
    never = float("inf")
    ops = sorted(settle(ops), key=lambda x: x.begin)
    ends = [x.end for x in ops]
    needed = len(ops)
    seen, stack, steps = set(), [(0, frozenset(), initial, 0)], 0
    while stack:
        low, done, state, finished = stack.pop()
        if finished == needed:
            return True
        while low in done:  # all before `low` are done
            done, low = done - {low}, low + 1
        if (low, done, state) in seen:
            continue
        seen.add((low, done, state))
        steps += 1
        if steps > STEPS_MAX:
            raise TooHard
        bound, candidates = never, []
        for i in range(low, len(ops)):
            if ops[i].begin > bound:
                break
            if i not in done:
                candidates.append(i)
                bound = min(bound, ends[i])
        for i in reversed(candidates):
            if ops[i].begin > bound:
                continue
            fits, after = apply(ops[i], state)
            if fits:
                stack.append((low, done | {i}, after, finished + 1))
    return False


def self_test():
    """The checker finds what it must find."""
    def op(begin, end, kind, value=None, outcome=None, expected=None):
        return Op(begin, end, kind, value, expected, outcome, "")
    good = [op(0, 1, "put", "a"), op(2, None, "put", "b"),
            op(3, 4, "get", outcome="a"), op(5, 6, "get", outcome="b"),
            op(7, 8, "cas", "c", True, "b"), op(7, 9, "get", outcome="b")]
    lost = good[:1] + [op(2, 3, "put", "b"), op(4, 5, "get", outcome="a")]
    back = good[:4] + [op(7, 8, "get", outcome="a")]
    twice = [op(0, 1, "cas", "a", True), op(0, 1, "cas", "b", True)]
    return linearizable(good) and not any(
        linearizable(x) for x in (lost, back, twice))
