"""Fingerprints: stable across processes, different for different work, blind to credentials."""

from __future__ import annotations

import functools
import subprocess
import sys

import pytest

from core.data.example import Example
from core.evaluate import make_metric
from core.lm import LM
from core.modules.predict import Predict
from core.search.fingerprints import of_callable, of_examples, of_model, of_models, of_program
from core.settings import context


class Tolerance:
    """A metric with a setting and something that differs in every process."""

    def __init__(self, within):
        self.within = within
        self.handle = object()

    def __call__(self, example, prediction, trace=None):
        return abs(example.a - prediction.a) <= self.within

    def method(self, example, prediction, trace=None):
        return True


def closed_over(within):
    def metric(example, prediction, trace=None):
        return abs(example.a - prediction.a) <= within

    return metric


def two_arguments(example, prediction, within=0):
    return True


MAKERS = {
    "object": Tolerance,
    "closure": closed_over,
    "method": lambda within: Tolerance(within).method,
    "partial": lambda within: functools.partial(two_arguments, within=within),
    "spec": lambda within: make_metric({"kind": "numeric", "params": {"absolute": within}}),
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_a_metric_is_its_code_and_its_settings(make):
    assert of_callable(make(0.5)) == of_callable(make(0.5))
    assert of_callable(make(0.5)) != of_callable(make(0.25))


def counting_by_nonlocal(within, calls=0):
    def metric(example, prediction, trace=None):
        nonlocal calls
        calls += 1
        return abs(example.a - prediction.a) <= within

    return metric


def counting_in_a_list(within):
    calls, seen, totals = [0], [], {"n": 0}

    def metric(example, prediction, trace=None):
        calls[0] += 1
        totals["n"] += 1
        seen.append(prediction.a)
        return abs(example.a - prediction.a) <= within

    return metric


class Counting:
    """A metric that counts its calls, by a method of its own too."""

    def __init__(self, within):
        self.within, self.calls, self.seen = within, 0, []

    def __call__(self, example, prediction, trace=None):
        self._keep(prediction)
        return abs(example.a - prediction.a) <= self.within

    def method(self, example, prediction, trace=None):
        return self(example, prediction, trace)

    def _keep(self, prediction):
        self.calls += 1
        self.seen.append(prediction.a)


class CountingMethod(Counting):
    """The same, of which a method is the metric."""

    def method(self, example, prediction, trace=None):
        self.calls += 1
        return abs(example.a - prediction.a) <= self.within


@pytest.mark.parametrize(
    "make",
    [counting_by_nonlocal, counting_in_a_list, Counting, lambda within: CountingMethod(within).method],
    ids=["nonlocal", "list", "object", "method"],
)
def test_what_a_metric_counts_itself_is_no_setting_of_it(make):
    metric, before = make(0.5), of_callable(make(0.5))
    assert of_callable(metric) == before
    for _ in range(3):
        metric(Example(a=1), Example(a=1))
    assert of_callable(metric) == before
    assert of_callable(make(0.25)) != before


def test_two_metrics_differ():
    assert len({of_callable(metric) for metric in (closed_over(1), two_arguments, len, None)}) == 4


def test_a_program_is_its_signatures_and_what_it_learned():
    one, other = Predict("q -> a"), Predict("q -> a")
    assert of_program(one) == of_program(other)
    other.demos = [Example(q="1", a="1")]
    assert of_program(one) != of_program(other)
    assert of_program(one) != of_program(Predict("q -> a: int"))


def test_rows_are_their_contents_their_inputs_and_their_order():
    rows = [Example(q="1", a="1").with_inputs("q"), Example(q="2", a="2").with_inputs("q")]
    assert of_examples(rows) == of_examples([row.copy() for row in rows])
    assert of_examples(rows) != of_examples(rows[::-1])
    assert of_examples(rows) != of_examples([row.with_inputs("a") for row in rows])


def test_a_model_is_who_answers_and_how_it_is_asked_but_not_its_key():
    def model(**options):
        return LM("openai/some-model", api_base="http://127.0.0.1:9/v1", **options)

    assert of_model(model(api_key="one")) == of_model(model(api_key="two"))
    assert of_model(model(temperature=0.5)) != of_model(model(temperature=0.7))
    program = Predict("q -> a")
    with context(lm=model()):
        one = of_models(program)
    with context(lm=LM("openai/other-model", api_base="http://127.0.0.1:9/v1")):
        assert of_models(program) != one


def test_another_process_finds_the_same(root):
    code = (
        "from core.search.fingerprints import *; from core.modules.predict import Predict;"
        "from core.evaluate import make_metric;"
        "print(of_program(Predict('q -> a')), of_callable(make_metric({'kind': 'exact_match'})))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(found) == 1
