"""Examples, predictions, completions."""

from datetime import date
from enum import Enum

import pydantic
import pytest

from core.data import Completions, Example, Prediction
from core.foundation.errors import DataError


class Kind(Enum):
    A = "a"


class Point(pydantic.BaseModel):
    x: int


def test_an_example_is_a_record_with_inputs_and_labels() -> None:
    example = Example(question="q", answer="a", dspy_split="dev").with_inputs("question")
    assert example.question == example["question"] == "q"
    assert example.inputs().toDict() == {"question": "q"}
    assert example.labels().keys() == ["answer"]
    assert len(example) == 2
    assert example.keys(include_dspy=True) == ["question", "answer", "dspy_split"]
    assert "answer" in example
    assert example.get("none", 5) == 5
    assert example.input_keys == ("question",)


def test_changes_are_made_on_copies() -> None:
    example = Example(a=1, b=2)
    assert example.copy(a=5).a == 5
    assert example.without("b").keys() == ["a"]
    assert example.a == 1


def test_an_example_compares_by_content() -> None:
    assert Example(a=[1, {"b": 2}]) == Example(a=[1, {"b": 2}])
    assert hash(Example(a=[1])) == hash(Example(a=[1]))
    assert Example(a=1).id == Example(a=1).id != Example(a=2).id
    assert Example(a=1).with_id("row-1").copy(b=2).id == "row-1"
    assert Example(id="own").id == "own"


def test_what_is_missing_is_named() -> None:
    with pytest.raises(AttributeError, match="It has: a"):
        _ = Example(a=1).b
    with pytest.raises(DataError, match="with_inputs"):
        Example(a=1).inputs()


def test_inputs_that_an_example_lacks_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    example = Example(a=1).with_inputs("a", "z")
    assert example.inputs().toDict() == {"a": 1}
    assert "'z'" in caplog.text


def test_nested_values_become_plain_data() -> None:
    assert Example(p=Point(x=1), many=[Point(x=2)]).toDict() == {"p": {"x": 1}, "many": [{"x": 2}]}


def test_other_values_stay_what_they_are() -> None:
    fields = {
        "day": date(2024, 1, 2),
        "pair": (1, 2),
        "kind": Kind.A,
        "tags": {"x"},
        "raw": b"x",
        "of": float,
    }
    assert Example(**fields).toDict() == Prediction(**fields).toDict() == fields
    assert Example(deep={"rows": [Example(a=Kind.A)]}).toDict() == {"deep": {"rows": [{"a": Kind.A}]}}


def test_completions_can_be_read_both_ways() -> None:
    made = Prediction.from_completions([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])
    assert made.a == 1
    assert made.completions[1].a == made.completions.a[1] == 2
    assert len(made.completions) == 2
    assert [item.b for item in made.completions] == ["x", "y"]
    with pytest.raises(IndexError):
        made.completions[2]
    with pytest.raises(DataError, match="different lengths"):
        Completions({"a": [1], "b": [1, 2]})


def test_a_score_counts_as_a_number() -> None:
    low, high = Prediction(score=0.25), Prediction(score=0.75)
    assert sum([low, high]) == 1.0
    assert low < high
    assert high >= 0.75
    assert float(high) == 0.75
    assert high / 3 == 0.25
    with pytest.raises(DataError, match="score"):
        float(Prediction(a=1))


def test_usage_travels_with_the_prediction() -> None:
    made = Prediction(a=1)
    made.set_lm_usage({"m": {"prompt_tokens": 3}})
    assert Prediction(made).get_lm_usage() == {"m": {"prompt_tokens": 3}}
    assert made.toDict() == {"a": 1}
