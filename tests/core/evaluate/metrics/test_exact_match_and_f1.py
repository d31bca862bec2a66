"""Exact match and F1 on text, numbers, lists and typed records."""

from __future__ import annotations

import datetime
import enum

import pydantic
import pytest

from core.data import Example, Prediction
from core.evaluate.metrics import make_metric
from core.foundation.errors import MetricError


class Address(pydantic.BaseModel):
    street: str
    number: int
    tags: list[str] = []


class Mood(enum.Enum):
    GOOD = "good"


def score(kind: str, label, value, **params) -> float:
    example = Example(question="q", answer=label).with_inputs("question")
    return float(make_metric({"kind": kind, "params": params})(example, Prediction(answer=value)))


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Paris", "paris."),
        (5, "5"),
        ("5.0", 5),
        (5, 5.0),
        ("1,200", 1200),
        (True, True),
        ("True", True),
        ("true", True),
        (1, True),
        ("0", False),
        (["Paris", "Lutetia"], "lutetia"),
        (["a", "B"], ["A", "b"]),
        ({"x": 1}, {"x": "1"}),
        ('{"x": [1, 2]}', {"x": [1, 2]}),
        ({"x": 1}, '{"x": 1}'),
        (None, ""),
        (None, None),
        ("2024-05-01", datetime.date(2024, 5, 1)),
        ("good", Mood.GOOD),
        (
            {"street": "Main", "number": 3},
            Address(street="main", number=3, tags=[]).model_dump(exclude={"tags"}),
        ),
        (Address(street="Main", number=3), Address(street="main", number=3)),
        ('["a", "b"]', ["a", "b"]),
        ({"x": 1, "y": None}, {"x": 1}),
        (("a", "b"), ["a", "b"]),
    ],
)
def test_equal_values(label, value):
    assert score("exact_match", label, value) == 1.0


@pytest.mark.parametrize(
    ("label", "value"),
    [
        ("Paris", "London"),
        (5, "6"),
        (5, "five"),
        (True, False),
        (["a", "b"], ["b", "a"]),
        (["a"], ["a", "b"]),
        ({"x": 1}, {"x": 2}),
        ({"x": 1}, {"x": 1, "y": 2}),
        ("Paris", ""),
        ("Paris", None),
        (["a", "b"], "c"),
        ({"x": 1}, "1"),
        (2, True),
    ],
)
def test_different_values(label, value):
    assert score("exact_match", label, value) == 0.0


def test_order_of_lists_may_not_matter():
    assert score("exact_match", ["a", "b", "b"], ["b", "a", "b"], ordered=False) == 1.0
    assert score("exact_match", ["a", "b", "b"], ["b", "a", "a"], ordered=False) == 0.0


def test_partial_credit_per_field():
    label = {"street": "Main", "number": 3, "tags": ["x", "y"]}
    assert (
        score("exact_match", label, Address(street="main", number=4, tags=["x", "z"]), per_field=True) == 0.5
    )
    assert score("exact_match", label, {"street": "main"}, per_field=True) == pytest.approx(1 / 3)


def test_several_output_fields():
    example = Example(q="x", a="1", b="2", note="?").with_inputs("q")
    prediction = Prediction(a="1", b="3", reasoning="so")
    assert float(make_metric({"kind": "exact_match"})(example, prediction)) == 0.0
    assert (
        float(make_metric({"kind": "exact_match", "params": {"per_field": True}})(example, prediction)) == 0.5
    )
    assert (
        float(make_metric({"kind": "exact_match", "params": {"fields": ["a"]}})(example, prediction)) == 1.0
    )


def test_feedback_names_what_was_wrong():
    example = Example(q="x", a="1", b="2").with_inputs("q")
    graded = make_metric({"kind": "exact_match"})(example, Prediction(a="1", b="3"))
    assert graded.feedback == "b: expected '2', got '3'"
    assert (
        make_metric({"kind": "exact_match"})(example, Prediction(a="1", b="2")).feedback
        == "All fields are right."
    )


@pytest.mark.parametrize("kind", ["exact_match", "f1", "contains", "numeric"])
def test_nothing_to_compare_is_an_error_that_says_so(kind):
    example = Example(q="x", a="1").with_inputs("q")
    with pytest.raises(MetricError, match=r"\(a\) is an output of the program \(b\)"):
        make_metric({"kind": kind})(example, Prediction(b="1"))
    with pytest.raises(MetricError, match="no label 'c'"):
        make_metric({"kind": kind, "params": {"fields": ["c"]}})(example, Prediction(a="1"))


def test_with_a_trace_the_answer_is_strict():
    example = Example(q="x", a="1", b="2").with_inputs("q")
    exact = make_metric({"kind": "exact_match", "params": {"per_field": True}})
    assert exact(example, Prediction(a="1", b="2"), []) is True
    assert exact(example, Prediction(a="1", b="3"), []) is False


@pytest.mark.parametrize(
    ("label", "value", "expected"),
    [
        ("the big cat", "big cat", 0.8),
        ("cat", "cat", 1.0),
        ("cat", "dog", 0.0),
        ("", "", 1.0),
        ("cat", "", 0.0),
        (None, "x", 0.0),
        ("東京都", "東京", 0.8),
        (["big cat", "dog"], "dog", 1.0),
        (["a", "b"], ["b"], 2 / 3),
        (5, "5", 1.0),
        ({"x": "big cat", "y": "1"}, {"x": "cat", "y": "1"}, (2 / 3 + 1) / 2),
        ({"x": 1}, {}, 0.0),
        ({}, {}, 1.0),
    ],
)
def test_f1(label, value, expected):
    assert score("f1", label, value) == pytest.approx(expected)


def test_f1_over_all_words_of_a_record():
    label = {"x": "one two three", "y": "a"}
    assert score("f1", label, {"x": "one two three", "y": "b"}, per_field=False) == pytest.approx(0.75)
    assert score("f1", label, {"x": "one two three", "y": "b"}) == pytest.approx(0.5)


def test_f1_threshold_decides_what_passes():
    assert score("f1", "the big cat", "big cat", threshold=0.8, pass_fail=True) == 1.0
    assert score("f1", "the big cat", "big cat", threshold=0.9, pass_fail=True) == 0.0
    example = Example(q="x", a="the big cat").with_inputs("q")
    metric = make_metric({"kind": "f1", "params": {"threshold": 0.8}})
    assert metric(example, Prediction(a="big cat"), []) is True
    assert metric(example, Prediction(a="cat"), []) is False
    assert make_metric({"kind": "f1"})(example, Prediction(a="big cat"), []) is False


def test_articles_go_only_when_asked():
    assert score("exact_match", "the cat", "cat") == 0.0
    assert score("exact_match", "the cat", "cat", ignore_articles=True) == 1.0
    assert score("f1", "the cat", "a cat", ignore_articles=True) == 1.0
