"""C84–C95: metrics and evaluation."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import core
from core.evaluate import (
    CompleteAndGrounded,
    Evaluate,
    SemanticF1,
    answer_exact_match,
    answer_exact_match_str,
    answer_passage_match,
    normalize_text,
)
from core.evaluate.auto_evaluation import AnswerCorrectness, AnswerFaithfulness
from core.lm import ScriptedLM


def reply(**fields: object) -> str:
    sections = [f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items()]
    return "\n\n".join([*sections, "[[ ## completed ## ]]"])


DEVSET = [core.Example(question=f"q{i}", answer=f"a{i}").with_inputs("question") for i in range(4)]


class Program(core.Module):
    """Right but for q2."""

    def forward(self, question: str) -> core.Prediction:
        return core.Prediction(answer="wrong" if question == "q2" else f"a{question[1:]}", note="n " * 40)


def exact(example: core.Example, pred: core.Prediction, trace: Any = None) -> bool:
    return example.answer == pred.answer


@pytest.mark.parametrize(("returned", "score"), [(True, 100.0), (1, 100.0), (0.25, 25.0), (False, 0.0)])
def test_c084_a_metric_returns_a_bool_or_a_number(returned: float, score: float) -> None:
    assert (
        Evaluate(devset=DEVSET, metric=lambda example, pred, trace=None: returned)(Program()).score == score
    )


def test_c085_the_trace_is_none_in_evaluation_and_given_in_bootstrapping() -> None:
    seen: list[bool] = []

    def metric(example: core.Example, pred: core.Prediction, trace: Any = None) -> float | bool:
        seen.append(trace is not None)
        graded = 0.9 if example.answer == pred.answer else 0.1
        return graded if trace is None else graded > 0.5

    student = core.Predict("question -> answer")
    with core.context(lm=ScriptedLM(lambda request: reply(answer="a1"))):
        assert Evaluate(devset=DEVSET[1:2], metric=metric)(student).score == 90.0
        assert seen == [False]
        core.BootstrapFewShot(metric=metric, max_labeled_demos=0).compile(student, trainset=DEVSET[:2])
    assert seen[1:] == [True, True]


def test_c086_a_trace_holds_predictor_inputs_and_outputs() -> None:
    traces: list[Any] = []

    def metric(example: core.Example, pred: core.Prediction, trace: Any = None) -> bool:
        traces.append(trace)
        return all(len(inputs["question"]) < 10 and outputs.answer for _, inputs, outputs in trace)

    student = core.ChainOfThought("question -> answer")
    with core.context(lm=ScriptedLM(lambda request: reply(reasoning="r", answer="a"))):
        compiled = core.BootstrapFewShot(metric=metric, max_labeled_demos=0).compile(
            student, trainset=DEVSET[:1]
        )
    ((predictor, inputs, outputs),) = traces[0]
    assert isinstance(predictor, core.Predict)
    assert (dict(inputs), outputs.answer) == ({"question": "q0"}, "a")
    assert len(compiled.predictors()[0].demos) == 1


def test_c087_text_metrics() -> None:
    pred = core.Prediction(answer="The Eiffel-Tower!", context=["x | The Eiffel Tower is in Paris."])
    assert answer_exact_match(core.Example(answer="eiffeltower"), pred)
    assert answer_exact_match(core.Example(answer=["no", "EiffelTower"]), pred)
    assert answer_exact_match(
        core.Example(answer="new york city"), core.Prediction(answer="york city"), frac=0.8
    )
    assert not answer_exact_match(core.Example(answer="new york city"), core.Prediction(answer="york city"))
    assert answer_passage_match(core.Example(answer="Eiffel tower"), pred)
    assert not answer_passage_match(core.Example(answer=["Lyon"]), pred)
    assert answer_exact_match_str("who wrote the book", ["Who wrote a book?"], frac=0.8)
    assert not answer_exact_match_str("query", [], frac=0.8), "the first hop has no earlier queries"
    assert normalize_text("The  U.S.A.") == "usa"


def test_c088_a_model_judges_under_its_own_context() -> None:
    class Assess(core.Signature):
        """Assess the quality of a text along one dimension."""

        assessed_text = core.InputField()
        assessment_question = core.InputField()
        assessment_answer: bool = core.OutputField(desc="Yes or No")

    judge = ScriptedLM(
        lambda request: reply(assessment_answer="Yes" if "a1" in str(request.messages) else "No")
    )
    working = ScriptedLM(lambda request: reply(answer="a1"))

    def metric(example: core.Example, pred: core.Prediction, trace: Any = None) -> bool:
        with core.context(lm=judge):
            asked = core.Predict(Assess)(assessed_text=pred.answer, assessment_question="Is it an answer?")
        return asked.assessment_answer is True

    with core.context(lm=working):
        assert Evaluate(devset=DEVSET, metric=metric)(core.Predict("question -> answer")).score == 100.0
    assert (len(working.requests), len(judge.requests)) == (4, 4)


def test_c089_a_program_is_a_metric_and_can_be_compiled() -> None:
    class Judge(core.Module):
        def __init__(self) -> None:
            self.judge = core.ChainOfThought("expected, given -> same: bool")

        def forward(self, example: core.Example, pred: core.Prediction, trace: Any = None) -> bool:
            return self.judge(expected=example.answer, given=pred.answer).same

    labelled = core.Example(expected="a", given="b", same=False).with_inputs("expected", "given")
    with core.context(lm=ScriptedLM(lambda request: reply(reasoning="r", same="True"))):
        assert Evaluate(devset=DEVSET, metric=Judge())(Program()).score == 100.0
        compiled = core.LabeledFewShot(k=1).compile(Judge(), trainset=[labelled])
        assert Evaluate(devset=DEVSET, metric=compiled)(Program()).score == 100.0
    assert len(compiled.predictors()[0].demos) == 1


def test_c090_the_arguments_of_evaluate() -> None:
    evaluate = Evaluate(
        devset=DEVSET, metric=exact, num_threads=1, display_progress=False, display_table=False, max_errors=5
    )
    assert evaluate(Program()).score == 75.0
    with pytest.raises(TypeError, match="no_such_argument"):
        Evaluate(devset=DEVSET, no_such_argument=1)


def test_c091_a_call_overrides_and_gives_percent_outputs_and_scores() -> None:
    evaluate = Evaluate(devset=DEVSET, metric=lambda example, pred: 0)
    result = evaluate(Program(), metric=exact, devset=DEVSET[:3], num_threads=2)
    assert result.score == 66.67
    assert [(example.question, pred.answer, score) for example, pred, score in result.results] == [
        ("q0", "a0", True), ("q1", "a1", True), ("q2", "wrong", False),
    ]  # fmt: skip


def test_c092_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {"save_as_csv": str(tmp_path / "t.csv"), "save_as_json": str(tmp_path / "t.json")}
    Evaluate(devset=DEVSET, metric=exact, display_table=2, **files)(Program())
    shown = capsys.readouterr().out
    assert all(name in shown for name in ("question", "example_answer", "pred_answer", "note", "exact"))
    assert "q1" in shown
    assert "q2" not in shown, "the first two rows"
    assert "..." in shown, "long cells are cut"
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert list(rows[0])[:3] == ["question", "example_answer", "pred_answer"]
    assert list(rows[0])[-1] == "exact", "the metric is the last column"
    records = json.loads((tmp_path / "t.json").read_text("utf-8"))
    assert [record["exact"] for record in records] == [1.0, 1.0, 0.0, 1.0]


def test_c093_a_failing_row_is_reported_apart_and_too_many_end_the_run() -> None:
    class Failing(core.Module):
        def forward(self, question: str) -> core.Prediction:
            if question != "q0":
                raise ValueError(f"cannot answer {question}")
            return core.Prediction(answer="a0")

    result = Evaluate(devset=DEVSET, metric=exact, max_errors=4)(Failing())
    assert [score for _, _, score in result.results] == [1.0, 0.0, 0.0, 0.0]
    assert result.score == 25.0
    assert result.n_model_failures == 3
    assert result.rows[1].error == "ValueError: cannot answer q1"
    with pytest.raises(core.WorkbenchError, match="max_errors") as caught:
        Evaluate(devset=DEVSET, metric=exact, max_errors=2, num_threads=1)(Failing())
    assert "cannot answer" in str(caught.value)


def test_c094_progress_shows_the_mean_so_far(capsys: pytest.CaptureFixture[str]) -> None:
    Evaluate(devset=DEVSET, metric=exact, display_progress=True, num_threads=1)(Program())
    assert "Average Metric: 3.00 / 4 (75.0%)" in capsys.readouterr().err


def test_c095_judges_of_correctness_faithfulness_meaning_and_grounding() -> None:
    lm = ScriptedLM(
        lambda request: reply(
            reasoning="r", is_correct="True", is_faithful="False", recall=1, precision=0.5, completeness=1,
            groundedness=0.5, ground_truth_key_ideas="a", system_response_key_ideas="b", discussion="c",
            system_response_claims="d",
        )
    )  # fmt: skip
    example = core.Example(question="q", response="a")
    pred = core.Prediction(response="b", context=["c"])
    with core.context(lm=lm):
        assert AnswerCorrectness()(question="q", gold_answer="a", predicted_answer="b").is_correct is True
        assert AnswerFaithfulness()(context="c", question="q", answer="a").is_faithful is False
        assert SemanticF1()(example, pred).score == pytest.approx(2 / 3)
        assert CompleteAndGrounded(threshold=0.7)(example, pred, []).score is False
