"""Judging programs: what they read, what they return with and without a trace, as metrics and as students."""

from __future__ import annotations

import asyncio

import pytest

import core
from core.data import Example, Prediction
from core.evaluate import CompleteAndGrounded, Evaluate, SemanticF1, make_metric
from core.evaluate.auto_evaluation import AnswerCorrectness, AnswerFaithfulness, f1_score


def reply(**fields):
    return "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in [*fields.items(), ("completed", "")])


def judge(**fields):
    """A model that answers every field that could be asked for."""
    base = {
        "reasoning": "so it is", "ground_truth_key_ideas": "a", "system_response_key_ideas": "b", "discussion": "c",
        "system_response_claims": "d",
    }  # fmt: skip
    return core.ScriptedLM(lambda request: reply(**base, **fields))


EXAMPLE = Example(question="Why?", response="Because.").with_inputs("question")
PRED = Prediction(response="It is so.", context=["passage one", "passage two"])


@pytest.mark.parametrize(
    ("precision", "recall", "score"), [(0.5, 1.0, 2 / 3), (2, 1, 1.0), (1, -1, 0.0), (0, 0, 0.0)]
)
def test_f1_of_shares(precision, recall, score):
    assert f1_score(precision, recall) == pytest.approx(score)


@pytest.mark.parametrize("decompositional", [False, True])
def test_semantic_f1(decompositional):
    lm = judge(recall=0.5, precision=1.0)
    metric = SemanticF1(decompositional=decompositional)
    with core.context(lm=lm):
        assert metric(EXAMPLE, PRED).score == pytest.approx(2 / 3)
        assert metric(EXAMPLE, PRED, []).score is True
        assert asyncio.run(SemanticF1(threshold=0.7).acall(EXAMPLE, PRED, trace=[])).score is False
    asked = str(lm.requests[0].messages)
    assert all(text in asked for text in ("Why?", "Because.", "It is so."))
    assert ("ground_truth_key_ideas" in asked) == decompositional


def test_complete_and_grounded():
    lm = judge(completeness=0.8, groundedness=0.4)
    with core.context(lm=lm):
        assert CompleteAndGrounded()(EXAMPLE, PRED).score == pytest.approx(0.64 / 1.2)
        assert CompleteAndGrounded()(EXAMPLE, PRED, []).score is False
        assert CompleteAndGrounded(threshold=0.5)(EXAMPLE, PRED.copy(context="as text"), []).score is True
    assert "[2] passage two" in str(lm.requests[1].messages)
    assert "passage" not in str(lm.requests[0].messages), "completeness does not look at the context"


def test_names_of_predictors_are_dspys():
    assert [name for name, _ in SemanticF1().named_predictors()] == ["module.predict"]
    names = [name for name, _ in CompleteAndGrounded().named_predictors()]
    assert names == ["completeness_module.predict", "groundedness_module.predict"]


def test_correct_and_faithful():
    with core.context(lm=judge(is_correct="True", is_faithful="no")):
        assert AnswerCorrectness()(question="q", gold_answer="a", predicted_answer="b").is_correct is True
        assert AnswerFaithfulness()(context=["c"], question="q", answer="a").is_faithful is False


def test_they_are_metrics():
    program = core.ScriptedLM([reply(response="It is so.")] * 3)
    student = core.Predict("question -> response")
    student.lm = program
    with core.context(lm=judge(recall=1, precision=0.5)):
        result = Evaluate(devset=[EXAMPLE] * 3, metric=SemanticF1())(student)
    assert result.score == pytest.approx(66.67)
    assert result.metric_name == "SemanticF1"


def test_a_judge_can_be_compiled():
    judged = Example(question="q", ground_truth="a", system_response="b", verdict=1.0).with_inputs(
        "question", "ground_truth", "system_response"
    )
    with core.context(lm=judge(recall=1, precision=1)):
        compiled = core.LabeledFewShot(k=1).compile(SemanticF1().module, trainset=[judged])
    assert len(compiled.predictors()[0].demos) == 1


@pytest.mark.parametrize("kind", ["semantic_f1", "grounded"])
def test_the_kinds_of_the_workbench_take_any_names(kind):
    lm = judge(recall=1, precision=0.5, completeness=1, groundedness=0.5)
    metric = make_metric({"kind": kind}, lm=lm)
    example = Example(text="Why?", answer="Because.", note="later").with_inputs("text")
    pred = Prediction(reasoning="long", answer="So.", context=["passage one"])
    returned = metric(example, pred)
    assert returned.score == pytest.approx(2 / 3)
    assert "0.67" in returned.feedback
    assert metric(example, pred, []) is True
    asked = str(lm.requests[0].messages)
    assert "Because." in asked
    assert "later" not in asked, "labels without an output are not compared"
    assert "long" not in asked, "outputs without a label neither"


def test_grounded_needs_passages():
    metric = make_metric({"kind": "grounded"}, lm=judge(completeness=1, groundedness=1))
    with pytest.raises(core.WorkbenchError, match="no output 'context'"):
        metric(EXAMPLE, Prediction(response="x"))
