"""Fingerprints tell programs and metrics apart by whatever changes what they do, and say which part it is."""

from __future__ import annotations

import functools
import sys
import threading
from collections import Counter

import pytest

import core
from core.search.fingerprints import details_of_callable, details_of_program, of_callable, of_program
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

LIMIT = 0.5
WORDS = {"b", "a"}
CALLS = 0
STATS = Counter()


def norm(text):
    return inner(text)


def inner(text):
    return text.strip() and norm_again(text)


def norm_again(text):
    return norm(text) if text is None else text


class Style:
    """A helper with a setting, a lock, and a count of its own."""

    def __init__(self, lower):
        self.lower, self.used, self.lock = lower, 0, threading.Lock()

    def apply(self, text):
        self.used += 1
        return text.lower() if self.lower else text


STYLE = Style(True)


def metric(example, prediction, trace=None):
    global CALLS
    CALLS += 1
    STATS["calls"] += 1
    return norm(STYLE.apply(prediction.a)) in WORDS and exact(example, prediction) >= LIMIT


class Hops(core.Module):
    """A program with settings of many kinds."""

    top = 1

    def __init__(self, n=1, **more):
        super().__init__()
        self.n, self.more, self.ask = n, more, core.Predict("q -> a")

    def forward(self, q):
        return self.ask(q=norm(q) * LIMIT)


class Further(Hops):
    """A program whose base does the work."""


def tool_one(q: str) -> str:
    """Find."""
    return q


def tool_two(q: str) -> str:
    """Find."""
    return q + q


tool_two.__name__ = tool_two.__qualname__ = "tool_one"


def one(inputs, prediction):
    return 1.0


def half(inputs, prediction):
    return 0.5


def best(n=2, reward=one):
    return core.BestOfN(core.Predict("q -> a"), n, reward, 1.0)


def frozen(demos=0):
    program = TwoSteps()
    program.say.demos = rows("demo", demos)
    program._compiled = True
    outer = core.BestOfN(program, 2, one, 1.0)
    return outer


def described(text):
    class Ask(core.Signature):
        q = core.InputField()
        a = core.OutputField(desc=text)

    return core.Predict(Ask)


PROGRAMS = {
    "a number": (Hops, lambda: Hops(2), "self.n"),
    "a truth": (lambda: Hops(1), lambda: Hops(True), "self.n"),
    "a list": (lambda: Hops(x=["a", "b"]), lambda: Hops(x=["b", "a"]), "self.more"),
    "a set": (lambda: Hops(x={1, 2}), lambda: Hops(x={1, 3}), "self.more"),
    "nothing": (lambda: Hops(None), lambda: Hops(0), "self.n"),
    "a function": (lambda: Hops(one), lambda: Hops(half), "self.n"),
    "a partial": (
        lambda: Hops(functools.partial(max, 1)),
        lambda: Hops(functools.partial(max, 2)),
        "self.n",
    ),
    "an object's setting": (lambda: Hops(Style(True)), lambda: Hops(Style(False)), "self.n"),
    "a model": (lambda: Hops(ToyLM()), lambda: Hops(ToyLM(temperature=0.9)), "self.n"),
    "rows": (lambda: Hops(rows("a", 2)), lambda: Hops(rows("b", 2)), "self.n"),
    "temperature": (
        lambda: core.Predict("q -> a"),
        lambda: core.Predict("q -> a", temperature=0.9),
        "self.config",
    ),
    "samples": (lambda: core.Predict("q -> a"), lambda: core.Predict("q -> a", n=5), "self.config"),
    "a description": (lambda: described("one"), lambda: described("two"), "self: state"),
    "steps of an agent": (
        lambda: core.ReAct("q -> a", tools=[tool_one], max_iters=2),
        lambda: core.ReAct("q -> a", tools=[tool_one], max_iters=3),
        "self.max_iters",
    ),
    "a tool's body": (
        lambda: core.ReAct("q -> a", tools=[tool_one]),
        lambda: core.ReAct("q -> a", tools=[tool_two]),
        "self.tools",
    ),
    "attempts": (best, lambda: best(3), "self.N"),
    "a reward": (best, lambda: best(reward=half), "self.reward_fn"),
    "attempts at code": (
        lambda: core.ProgramOfThought("q -> a", max_iters=1),
        lambda: core.ProgramOfThought("q -> a", max_iters=2),
        "self.max_iters",
    ),
    "passages": (
        lambda: core.Retrieve(rm=core.BM25(["a"])),
        lambda: core.Retrieve(rm=core.BM25(["b"])),
        "self.rm",
    ),
    "a frozen part's demos": (frozen, lambda: frozen(2), "self.module.say: state"),
}


@pytest.mark.parametrize(("before", "now", "named"), PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_is_what_it_holds(before, now, named) -> None:
    assert of_program(before()) == of_program(before())
    assert of_program(before()) != of_program(now())
    first, then = details_of_program(before()), details_of_program(now())
    assert named in {name for name in {*first, *then} if first.get(name) != then.get(name)}


def test_the_code_of_a_base_class_counts_and_what_it_reads(monkeypatch) -> None:
    seen = [of_program(Further())]
    monkeypatch.setattr(sys.modules[__name__], "LIMIT", 2)
    seen.append(of_program(Further()))
    monkeypatch.setattr(Hops, "top", 2)
    seen.append(of_program(Further()))
    monkeypatch.setattr(Hops, "forward", lambda self, q: self.ask(q=q))
    seen.append(of_program(Further()))
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LIMIT", 2.0),
        ("WORDS", {"a", "c"}),
        ("norm", lambda text: text),
        ("inner", lambda text: text),
        ("STYLE", Style(False)),
    ],
)
def test_a_metric_is_what_it_reads_as_globals_through_helpers_too(monkeypatch, name, value) -> None:
    before = of_callable(metric)
    monkeypatch.setattr(sys.modules[__name__], name, value)
    assert of_callable(metric) != before


def test_what_a_metric_counts_in_globals_is_no_part_of_it() -> None:
    before = of_callable(metric)
    metric(core.Example(answer="a"), core.Example(a="a", answer="a"))
    assert CALLS and STATS["calls"] and STYLE.used
    assert of_callable(metric) == before
    known = details_of_callable(metric)
    assert {"source", "global LIMIT", "global WORDS", "global norm", "global STYLE"} <= known.keys()
    assert known.keys().isdisjoint({"global CALLS", "global STATS"})


def closing(values, function, count=None):
    count = [0] if count is None else count

    def bump():
        count[0] += 1

    def judged(example, prediction, trace=None):
        bump()
        return prediction.a in values and function(prediction.a) and count[0] > 0

    return judged


def test_a_metric_is_the_sets_and_functions_it_closed_over() -> None:
    def other(text):
        return len(text)

    before = of_callable(closing({"b", "a"}, norm))
    assert of_callable(closing({"a", "b"}, norm)) == before
    assert of_callable(closing({"a", "c"}, norm)) != before
    assert of_callable(closing({"a", "b"}, other)) != before
    assert of_callable(closing({"a", "b"}, norm, [7])) == before, "what a helper inside it counts"


def test_two_lambdas_on_one_line_are_two_metrics_however_often_they_ran() -> None:
    first, second = (lambda e, p, t=None: e.a == p.a), (lambda e, p, t=None: e.a != p.a)
    before = of_callable(first)
    for _ in range(500):
        first(core.Example(a=1), core.Example(a=1))
    assert of_callable(first) == before != of_callable(second)


def test_a_metric_without_source_is_its_bytecode() -> None:
    def of(text):
        space = {"__name__": "nowhere", "seen": [1]}
        exec(text, space)
        return of_callable(space["judge"])

    same = "def judge(e, p, t=None):\n    seen.append(1)\n    return p.a in {'a', 'b'}\n"
    assert of(same) == of(same) == of("\n" + same)
    assert of(same) != of(same.replace("'b'", "'c'"))


def test_secrets_and_addresses_take_no_part() -> None:
    assert of_program(Hops(api_key="one")) == of_program(Hops(api_key="two"))
    assert of_program(Hops(object())) == of_program(Hops(threading.Lock()))
    assert of_program(Hops([object(), 1])) == of_program(Hops([object(), 1]))


def test_what_holds_itself_is_read() -> None:
    program = Hops()
    program.more["self"] = program
    program.more["loop"] = program.more
    program.n = program.forward
    assert of_program(program) == of_program(program.deepcopy())
