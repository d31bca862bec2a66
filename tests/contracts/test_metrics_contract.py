"""What every registered metric must do, plug-ins included."""

from __future__ import annotations

import asyncio
import json

import pytest

from core.data import Example, Prediction
from core.evaluate import Evaluate, as_score
from core.evaluate.metrics import MetricParams, make_metric, metrics
from core.foundation.errors import ConfigurationError
from core.lm.scripted import ScriptedLM

REPLY = (
    "[[ ## feedback ## ]]\nfine\n\n[[ ## grade ## ]]\n5\n\n[[ ## passes ## ]]\nTrue\n\n"
    "[[ ## reasoning ## ]]\nit is\n\n[[ ## recall ## ]]\n1\n\n[[ ## precision ## ]]\n1\n\n"
    "[[ ## ground_truth_key_ideas ## ]]\n42\n\n[[ ## system_response_key_ideas ## ]]\n42\n\n"
    "[[ ## system_response_claims ## ]]\n42\n\n[[ ## discussion ## ]]\nboth\n\n"
    "[[ ## completeness ## ]]\n1\n\n[[ ## groundedness ## ]]\n1\n\n[[ ## completed ## ]]"
)
NEEDED = {
    "judge": {"rubric": "Is it right?"},
    "weighted": {"parts": [{"metric": {"kind": "exact_match", "params": {"fields": ["answer"]}}}]},
}
KINDS = metrics.names()
JUDGES = {"judge", "semantic_f1", "grounded"}
"""What they say is up to the model, which says the same here whatever the answer."""


def made(kind: str):
    lm = ScriptedLM(lambda request: REPLY)
    return make_metric({"kind": kind, "params": NEEDED.get(kind, {})}, lm=lm)


def example() -> Example:
    return Example(question="How many?", answer="42").with_inputs("question")


def right() -> Prediction:
    return Prediction(answer="42", context=["It is 42."])


def wrong() -> Prediction:
    return Prediction(answer="nothing", context=["It is."])


def test_the_promised_kinds_are_there():
    assert {"exact_match", "f1", "contains", "numeric", "passage_match", "weighted", *JUDGES} <= set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_it_says_what_it_is_and_documents_each_parameter(kind):
    entry = metrics.entry(kind)
    assert entry.summary
    params = entry.meta["params"]
    assert issubclass(params, MetricParams)
    assert params.model_config["frozen"]
    assert params.model_config["extra"] == "forbid"
    assert all(field.description for field in params.model_fields.values())
    json.dumps(params.model_json_schema())


@pytest.mark.parametrize("kind", KINDS)
def test_it_can_be_made_again_from_its_spec(kind):
    metric = made(kind)
    spec = json.loads(json.dumps(metric.spec))
    assert make_metric(spec).spec == metric.spec
    assert metric.name == kind


@pytest.mark.parametrize("kind", KINDS)
def test_it_grades_a_right_answer_fully_and_says_why(kind):
    returned = made(kind)(example(), right())
    assert as_score(returned).value == 1.0
    assert as_score(returned).feedback


@pytest.mark.parametrize("kind", sorted(set(KINDS) - JUDGES))
def test_it_grades_a_wrong_answer_as_wrong(kind):
    assert as_score(made(kind)(example(), wrong())).value == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_trace_it_answers_strictly(kind):
    assert made(kind)(example(), right(), []) is True
    if kind not in JUDGES:
        assert made(kind)(example(), wrong(), []) is False


@pytest.mark.parametrize("kind", KINDS)
def test_both_colours_agree(kind):
    metric = made(kind)
    assert as_score(asyncio.run(metric.acall(example(), right()))) == as_score(metric(example(), right()))


@pytest.mark.parametrize("kind", KINDS)
def test_it_changes_neither_example_nor_prediction(kind):
    one, other = example(), right()
    made(kind)(one, other)
    assert (one, other) == (example(), right())


@pytest.mark.parametrize("kind", KINDS)
def test_it_serves_an_evaluation(kind):
    result = Evaluate(devset=[example()] * 3, metric=made(kind))(lambda question: right())
    assert result.score == 100.0
    assert not result.flagged


@pytest.mark.parametrize("kind", KINDS)
def test_a_misspelt_parameter_is_an_error(kind):
    with pytest.raises(ConfigurationError, match="no_such_parameter"):
        make_metric({"kind": kind, "params": {**NEEDED.get(kind, {}), "no_such_parameter": 1}})
