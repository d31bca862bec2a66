"""Which rows count: scored, failed by the model, failed by infrastructure or by the metric."""

from __future__ import annotations

import math

import pytest

from core.adapters import ChatAdapter
from core.data import Example, Prediction
from core.evaluate import Evaluate
from core.evaluate.row import Row
from core.foundation.errors import (
    AdapterParseError,
    BudgetExceeded,
    ConfigurationError,
    EvaluationAborted,
    LMServerError,
    LMTransportError,
    MetricError,
)
from core.lm import ScriptedLM
from core.modules import Module, Predict
from core.settings import context
from core.trace import collect


def devset(n: int) -> list[Example]:
    return [Example(question=str(i), answer=str(i % 2)).with_inputs("question") for i in range(n)]


def right(question: str) -> Prediction:
    return Prediction(answer=str(int(question) % 2))


def same(example, prediction) -> bool:
    return example.answer == prediction.answer


def test_a_clean_run_scores_every_row_in_order():
    result = Evaluate(devset=devset(20), metric=same, num_threads=7)(right)
    assert result.score == 100.0
    assert result.mean == 1.0
    assert [row.index for row in result.rows] == list(range(20))
    assert [row.inputs["question"] for row in result.rows] == [str(i) for i in range(20)]
    assert all(row.outcome == "scored" and row.error == "" for row in result.rows)
    assert not result.flagged
    assert result.complete


def test_score_is_a_percentage_rounded_to_two_places():
    result = Evaluate(devset=devset(3), metric=lambda e, p: e.question == "0")(right)
    assert result.score == 33.33
    assert [score for _, _, score in result.results] == [1.0, 0.0, 0.0]
    assert result.results[0][0].question == "0"


def test_an_unreadable_reply_counts_as_failure_score():
    def program(question: str) -> Prediction:
        if question == "1":
            raise AdapterParseError("chat", None, "nonsense")
        return right(question)

    result = Evaluate(devset=devset(4), metric=same, failure_score=0.0)(program)
    assert result.score == 75.0
    assert result.n_model_failures == 1
    assert result.n_scored == 3
    failed = result.rows[1]
    assert (failed.outcome, failed.score, failed.outputs) == ("model_failure", 0.0, {})
    assert "nonsense" in failed.error
    assert not result.flagged
    assert Evaluate(devset=devset(4), metric=same, failure_score=0.5)(program).score == 87.5


@pytest.mark.parametrize("error", [LMServerError("down"), LMTransportError("gone"), OSError("disk")])
def test_infrastructure_gives_no_score_and_flags_the_run(error):
    def program(question: str) -> Prediction:
        if question == "1":
            raise error
        return right(question)

    result = Evaluate(devset=devset(4), metric=same)(program)
    assert result.score == 100.0
    assert result.n_infrastructure_failures == 1
    assert result.rows[1].score is None
    assert result.results[1][2] is None
    assert result.flags == ["1 of 4 rows have no score: the model could not be asked"]


@pytest.mark.parametrize("bad", [float("nan"), math.inf, "0.5", None, {"grade": 1}])
def test_what_is_no_number_is_a_metric_failure(bad):
    result = Evaluate(devset=devset(4), metric=lambda e, p: bad if e.question == "2" else True)(right)
    assert result.score == 100.0
    assert result.rows[2].outcome == "metric_failure"
    assert result.rows[2].outputs == {"answer": "0"}
    assert "MetricError" in result.rows[2].error
    assert result.flagged


def test_a_raising_metric_is_a_metric_failure():
    def metric(example, prediction):
        return 1 / int(example.question)

    result = Evaluate(devset=devset(3), metric=metric)(right)
    assert result.n_metric_failures == 1
    assert result.mean == pytest.approx(0.75)
    assert "ZeroDivisionError" in result.rows[0].error


def test_the_programs_own_exception_counts_against_it_and_towards_max_errors():
    def program(question: str) -> Prediction:
        return Prediction(answer=str(1 // int(question)))

    result = Evaluate(devset=devset(4), metric=same, max_errors=2)(program)
    assert result.rows[0].outcome == "model_failure"
    assert result.rows[0].score == 0.0
    assert result.flags == ["1 of 4 rows count as failures: the program's own code raised"]
    with pytest.raises(EvaluationAborted):
        Evaluate(devset=devset(4), metric=same, max_errors=1)(program)


def test_as_many_failures_as_max_errors_end_the_run_and_keep_finished_rows():
    def program(question: str) -> Prediction:
        if int(question) >= 5:
            raise LMServerError("down")
        return right(question)

    with pytest.raises(EvaluationAborted, match="max_errors") as caught:
        Evaluate(devset=devset(100), metric=same, num_threads=1, max_errors=3)(program)
    result = caught.value.result
    assert len(result.rows) == 8
    assert result.score == 100.0
    assert result.end_reason == "errors"
    assert not result.complete


@pytest.mark.parametrize("max_errors", [0, 1, 2, 3])
def test_max_errors_counts_as_dspys_does(max_errors):
    def program(question: str) -> Prediction:
        if int(question) < 3:
            raise LMServerError("down")
        return right(question)

    assert Evaluate(devset=devset(10), metric=same, max_errors=4)(program).n_infrastructure_failures == 3
    with pytest.raises(EvaluationAborted) as caught:
        Evaluate(devset=devset(10), metric=same, num_threads=1, max_errors=max_errors)(program)
    assert caught.value.result.n_infrastructure_failures == max(1, max_errors)


def test_results_hold_what_the_metric_returned():
    def judged(example, prediction):
        match example.question:
            case "0":
                return True
            case "1":
                return Prediction(score=0.5, feedback="half of it")
            case "2":
                return 1
            case _:
                return 0.25

    result = Evaluate(devset=devset(4), metric=judged)(right)
    returned = [item for _, _, item in result.results]
    assert returned[0] is True
    assert (returned[1].score, returned[1].feedback) == (0.5, "half of it")
    assert type(returned[2]) is int and returned[3] == 0.25
    assert [row.score for row in result.rows] == [1.0, 0.5, 1.0, 0.25]
    assert result.rows[1].feedback == "half of it"
    assert "returned" not in result.rows[1].to_dict()


@pytest.mark.parametrize("rows", [[], None])
def test_an_empty_devset_is_refused(rows):
    with pytest.raises(ValueError, match="nothing to evaluate on") as caught:
        Evaluate(devset=rows, metric=same)(right)
    assert isinstance(caught.value, ConfigurationError) and "at least one example" in caught.value.hint
    with pytest.raises(ConfigurationError):
        Evaluate(devset=devset(1), metric=same)(right, devset=[])


def test_unreadable_replies_never_end_a_run():
    def program(question: str) -> Prediction:
        raise AdapterParseError("chat", None, "nonsense")

    result = Evaluate(devset=devset(50), metric=same, max_errors=0)(program)
    assert result.score == 0.0
    assert result.n_model_failures == 50


def test_a_reached_budget_keeps_what_is_done():
    def program(question: str) -> Prediction:
        if int(question) >= 6:
            raise BudgetExceeded("6 calls are spent.")
        return right(question)

    result = Evaluate(devset=devset(50), metric=same, num_threads=2)(program)
    assert [row.index for row in result.rows] == list(range(6))
    assert result.end_reason == "budget"
    assert result.flags == ["44 of 50 rows were not run (budget)"]


def test_a_stop_request_keeps_what_is_done():
    asked = iter([False] * 5 + [True] * 100)
    result = Evaluate(devset=devset(50), metric=same, num_threads=1, stop_requested=lambda: next(asked))(
        right
    )
    assert len(result.rows) == 5
    assert result.end_reason == "stopped"


def test_no_row_that_counts_gives_the_whole_range():
    def program(question: str) -> Prediction:
        raise LMServerError("down")

    result = Evaluate(devset=devset(3), metric=same)(program)
    assert (result.score, result.mean, result.interval, result.summary.n_counted) == (0.0, 0.0, (0.0, 1.0), 0)
    assert result.flagged


def test_no_devset_is_an_error_that_says_so():
    with pytest.raises(ConfigurationError, match="devset"):
        Evaluate(metric=same)(right)


def test_a_row_that_is_no_example_is_an_error_that_says_so():
    with pytest.raises(ConfigurationError, match=r"Row 0 .* is a dict.*with_inputs"):
        Evaluate(devset=[{"question": "q"}], metric=same)(right)  # type: ignore[list-item]


def test_without_a_metric_rows_have_outputs_and_no_score():
    result = Evaluate(devset=devset(2))(right)
    assert [row.outputs for row in result.rows] == [{"answer": "0"}, {"answer": "1"}]
    assert [row.score for row in result.rows] == [None, None]
    assert result.n_metric_failures == 0


def test_examples_without_inputs_are_rows_that_say_so():
    result = Evaluate(devset=[*devset(1), Example(question="0", answer="0")], metric=same)(right)
    assert [row.outcome for row in result.rows] == ["scored", "infrastructure_failure"]
    assert "inputs" in result.rows[1].error


def test_a_devset_without_any_inputs_is_refused_before_anything_runs():
    with pytest.raises(ConfigurationError, match="No row of the devset says"):
        Evaluate(devset=[Example(question="0", answer="0")], metric=same)(right)


def test_tracebacks_on_request():
    def program(question: str) -> Prediction:
        raise LMServerError("down")

    plain = Evaluate(devset=devset(1), metric=same)(program).rows[0].error
    full = Evaluate(devset=devset(1), metric=same, provide_traceback=True)(program).rows[0].error
    assert plain == "LMServerError: down"
    assert "Traceback" in full


def test_faults_in_a_tenth_of_the_rows_never_count_as_wrong():
    """Metric raising, NaN and infrastructure at about 10 % each: the mean is of valid rows only."""

    def program(question: str) -> Prediction:
        if int(question) % 10 == 3:
            raise LMTransportError("gone")
        return right(question)

    def metric(example, prediction):
        kind = int(example.question) % 10
        if kind == 5:
            raise MetricError("broken")
        return float("nan") if kind == 7 else True

    result = Evaluate(devset=devset(200), metric=metric, max_errors=200)(program)
    assert result.score == 100.0
    assert (result.n_scored, result.n_infrastructure_failures, result.n_metric_failures) == (140, 20, 40)


def test_dspys_old_flags_are_an_error_that_says_where_the_data_is():
    with pytest.raises(ValueError, match=r"\.results"):
        Evaluate(devset=devset(1), metric=same, return_outputs=True)
    with pytest.raises(TypeError, match="num_thread'"):
        Evaluate(devset=devset(1), metric=same, num_thread=3)


def test_steps_of_an_attempt_that_is_made_again_are_not_collected_twice():
    """A program that waits in sync code inside `aforward` is given up on the loop and run again on a thread."""

    class Mixed(Module):
        def __init__(self):
            self.a, self.b = Predict("question -> answer"), Predict("question -> answer")

        async def aforward(self, question):
            await self.a.acall(question=question)
            return self.b(question=question)

    lm = ScriptedLM(lambda _: "[[ ## answer ## ]]\n1", local=False)
    with context(lm=lm), collect() as steps:
        Evaluate(devset=devset(3), metric=same)(Mixed())
    assert sorted(step.path for step in steps) == ["a"] * 3 + ["b"] * 3


def test_fallbacks_to_another_layout_are_counted_per_row():
    rows = [Example(question=f"q{index}", n=3).with_inputs("question") for index in range(3)]

    def answer(request):
        text = request.messages[-1]["content"]
        if "JSON object" in text:
            return '{"n": 3}'
        return "[[ ## n ## ]]\n3" if "q2" in text else "[[ ## n ## ]]\nmany"

    with context(lm=ScriptedLM(answer), adapter=ChatAdapter(use_json_adapter_fallback=True)):
        result = Evaluate(devset=rows, metric=lambda example, found: example.n == found.n)(
            Predict("question -> n: int")
        )
    assert result.score == 100.0
    assert [row.fallbacks for row in result.rows] == [1, 1, 0]
    assert result.fallbacks == result.to_dict()["fallbacks"] == 2
    assert Row.from_dict(result.rows[0].to_dict()).fallbacks == 1
