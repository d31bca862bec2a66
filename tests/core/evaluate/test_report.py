"""The result of an evaluation: figures, slices, flags, and what DSPy's users expect of it."""

from __future__ import annotations

import copy
import json

import pytest

from core.data import Example, Prediction
from core.evaluate import Evaluate, EvaluationResult, Row, Score, as_score
from core.foundation.errors import LMServerError, MetricError
from core.messages import Usage
from core.trace import Span


def row(index: int, score: float | None = 1.0, outcome: str = "scored", **more) -> Row:
    values = {
        "index": index, "example_id": f"e{index}", "inputs": {"question": str(index)},
        "labels": {"kind": "even" if index % 2 == 0 else "odd"}, "outputs": {"answer": "x"},
        "score": score, "outcome": outcome,
    }  # fmt: skip
    return Row(**(values | more))


def test_slices_group_rows_by_a_label():
    result = EvaluationResult(50.0, rows=[row(0, 1.0), row(1, 0.0), row(2, 1.0), row(3, 0.5)])
    slices = {part.value: part.summary for part in result.slices("kind")}
    assert slices["even"].mean == 1.0
    assert slices["odd"].mean == 0.25
    assert slices["odd"].n_counted == 2
    assert [part.value for part in result.slices("question")] == ["0", "1", "2", "3"]


def test_costs_add_up_and_an_unknown_price_makes_the_sum_unknown():
    known = EvaluationResult(
        0.0, rows=[row(0, cost=0.5, usage=Usage(3, 1)), row(1, cost=0.25, usage=Usage(1, 1))]
    )
    assert (known.cost, known.usage) == (0.75, Usage(4, 2))
    assert EvaluationResult(0.0, rows=[row(0, cost=0.5), row(1, cost=None)]).cost is None


def test_latency_at_a_share():
    result = EvaluationResult(0.0, rows=[row(i, latency=i / 10) for i in range(1, 11)])
    assert result.summary.latency() == 0.5
    assert result.summary.latency(0.95) == 1.0
    assert EvaluationResult(0.0).summary.latency() == 0.0


def test_it_is_a_prediction_with_dspys_two_fields():
    result = EvaluationResult(75.0, [("example", "prediction", 0.75)], rows=[row(0, 0.75)])
    assert isinstance(result, Prediction)
    assert set(result.keys()) == {"score", "results"}
    assert float(result) == 75.0
    assert result > 50
    assert result.results == [("example", "prediction", 0.75)]
    assert repr(result).startswith("EvaluationResult(score=75.0")
    assert "<list of 1 results>" in repr(result)


def test_a_copy_keeps_the_report():
    result = EvaluationResult(75.0, rows=[row(0)], n_examples=3, end_reason="budget", metric_name="f1")
    copied = result.copy()
    assert copied.rows == result.rows
    assert (copied.n_examples, copied.end_reason, copied.metric_name) == (3, "budget", "f1")


def test_a_deep_copy_and_fields_of_ones_own():
    result = EvaluationResult(75.0, rows=[row(0)], end_reason="budget")
    copied = copy.deepcopy(result)
    copied.note = "mine"
    assert (copied.end_reason, copied.rows, copied["note"]) == ("budget", result.rows, "mine")
    assert "note" not in result


def test_a_flagged_result_is_said_aloud(caplog):
    def program(q):
        raise LMServerError("down")

    Evaluate(devset=[Example(q="1").with_inputs("q")], metric=lambda e, p: 1)(program)
    assert "1 of 1 rows have no score: the model could not be asked" in caplog.text


def test_the_interval_is_that_of_the_rows_that_count():
    result = EvaluationResult(50.0, rows=[row(0, 1.0), row(1, 0.0), row(2, None, "infrastructure_failure")])
    assert result.interval == EvaluationResult(50.0, rows=[row(0, 1.0), row(1, 0.0)]).interval


def test_a_row_survives_json():
    span = Span(kind="lm", name="m", end=1.0, attributes={"usage": {"prompt_tokens": 1}})
    before = row(3, 0.5, feedback="half", usage=Usage(5, 2), cost=None, cached=True, spans=[span])
    after = Row.from_dict(json.loads(json.dumps(before.to_dict())))
    assert after == before
    assert after.spans[0].attributes == span.attributes


def test_reports_are_json_and_hold_no_credentials():
    key = "sk-" + "abcdefghijklmnop"
    failed = row(0, None, "infrastructure_failure", error=f"LMAuthError: {key} is wrong")
    text = json.dumps(EvaluationResult(0.0, rows=[failed]).to_dict())
    assert key not in text
    assert json.loads(text)["n_infrastructure_failures"] == 1


def test_typed_outputs_become_json():
    from datetime import date

    written = row(0, outputs={"day": date(2024, 5, 1), "tags": {"b", "a"}}).to_dict()
    assert written["outputs"] == {"day": "2024-05-01", "tags": ["a", "b"]}


def test_programs_that_give_no_prediction():
    examples = [Example(q="1", a="1").with_inputs("q")]
    text = Evaluate(devset=examples, metric=lambda e, p: p == e.a)(lambda q: q)
    assert (text.score, text.rows[0].outputs) == (100.0, {"output": "1"})
    mapping = Evaluate(devset=examples, metric=lambda e, p: p["a"] == e.a)(lambda q: {"a": q})
    assert mapping.rows[0].outputs == {"a": "1"}


def test_results_of_failed_rows_hold_an_empty_prediction():
    def program(q):
        raise LMServerError("down")

    result = Evaluate(devset=[Example(q="1").with_inputs("q")], metric=lambda e, p: 1)(program)
    example, prediction, score = result.results[0]
    assert example.q == "1"
    assert isinstance(prediction, Prediction)
    assert len(prediction) == 0
    assert score is None


@pytest.mark.parametrize(
    ("returned", "value"),
    [(True, 1.0), (0, 0.0), (0.25, 0.25), (Prediction(score=0.5), 0.5), ({"score": 2}, 2.0)],
)
def test_what_counts_as_a_score(returned, value):
    assert as_score(returned) == Score(value)


def test_numpy_numbers_are_numbers():
    import numpy as np

    assert as_score(np.float32(0.5)).value == 0.5
    assert as_score(np.bool_(True)).value == 1.0


def test_feedback_travels_with_the_score():
    assert as_score(Prediction(score=0.5, feedback="too long")).feedback == "too long"
    assert as_score(Score(1.0, "fine")) == Score(1.0, "fine")
    assert as_score({"score": 1, "feedback": None}).feedback == ""


@pytest.mark.parametrize(
    "returned", [None, "1.0", b"1", float("nan"), float("inf"), [1], {"value": 1}, Prediction()]
)
def test_what_is_no_score(returned):
    with pytest.raises(MetricError):
        as_score(returned)
