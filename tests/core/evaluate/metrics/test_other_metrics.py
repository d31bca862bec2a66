"""Contains, numeric, passage match, weighted, the judge, and DSPy's own functions."""

from __future__ import annotations

import pytest

from core.data import Example, Prediction
from core.evaluate import Evaluate
from core.evaluate.metrics import EM, F1, HotPotF1, answer_exact_match, answer_passage_match, make_metric
from core.foundation.errors import ConfigurationError, LMServerError, MetricError, UnknownNameError
from core.lm.scripted import ScriptedLM
from core.settings import context


def metric(kind: str, **params):
    return make_metric({"kind": kind, "params": params})


def ask(kind: str, label, value, **params) -> float:
    return float(metric(kind, **params)(Example(q="x", a=label).with_inputs("q"), Prediction(a=value)))


def test_contains():
    assert ask("contains", "Paris", "It is PARIS, of course.") == 1.0
    assert ask("contains", "cat", "concatenate") == 0.0
    assert ask("contains", "cat", "concatenate", whole_words=False) == 1.0
    assert ask("contains", "It is Paris", "paris", direction="answer_in_label") == 1.0
    assert ask("contains", ["Rome", "Paris"], "Paris") == 1.0
    assert ask("contains", ["Rome", "Paris"], "Paris", require="all") == 0.0
    assert ask("contains", "Paris", "paris", ignore_case=False) == 0.0


def test_contains_fixed_phrases_needs_no_labels():
    example = Example(q="x").with_inputs("q")
    prediction = Prediction(reply="Dear Sir, kind regards", note="n")
    both = metric("contains", phrases=["dear", "kind regards"], require="all")
    assert float(both(example, prediction)) == 1.0
    missing = metric("contains", phrases=["dear", "cheers"], require="all")(example, prediction)
    assert (float(missing), missing.feedback) == (0.0, "Not found: 'cheers'.")
    assert float(metric("contains", phrases=["cheers", "dear"])(example, prediction)) == 1.0
    assert float(metric("contains", phrases=["dear"], fields=["note"])(example, prediction)) == 0.0


@pytest.mark.parametrize(
    ("label", "value", "params", "expected"),
    [
        ("1,200", "The total is $1,200.00.", {}, 1.0),
        (18, "first 20, then 18", {}, 1.0),
        (18, "18 of 20", {}, 0.0),
        (18, "18 of 20", {"find": "first"}, 1.0),
        (18, "it is 18", {"find": "only"}, 0.0),
        (3.14, 3.1, {"absolute": 0.05}, 1.0),
        (100, 101, {"relative": 0.01}, 1.0),
        (100, 102, {"relative": 0.01}, 0.0),
        (5, "five", {}, 0.0),
        (5, None, {}, 0.0),
        (5, True, {}, 0.0),
        (0, "0", {}, 1.0),
        (-3, "−3", {}, 1.0),
        (5, float("nan"), {}, 0.0),
    ],
)
def test_numeric(label, value, params, expected):
    assert ask("numeric", label, value, **params) == expected


def test_numeric_says_what_was_expected_and_blames_bad_labels():
    graded = metric("numeric")(Example(q="x", a="5").with_inputs("q"), Prediction(a="6"))
    assert graded.feedback == "a: expected 5, got 6"
    with pytest.raises(MetricError, match="'many' of 'a' is no number"):
        ask("numeric", "many", "5")


def passages(*texts: str) -> Prediction:
    return Prediction(context=list(texts), answer="?")


def test_passage_match():
    example = Example(q="x", answer="the Cat").with_inputs("q")
    assert float(metric("passage_match")(example, passages("A dog.", "Here is the cat!"))) == 1.0
    assert float(metric("passage_match")(example, passages("concatenate the"))) == 0.0
    several = Example(q="x", answer=["cat", "dog"]).with_inputs("q")
    assert float(metric("passage_match")(several, passages("a dog"))) == 1.0
    assert float(metric("passage_match", require="all")(several, passages("a dog"))) == 0.0
    assert metric("passage_match")(several, passages("a dog"), []) is True


def test_passage_match_with_gold_passages_is_recall():
    example = Example(q="x", titles=["Ada Lovelace", "Engine"]).with_inputs("q")
    recall = metric("passage_match", gold="titles")
    assert float(recall(example, passages("Ada Lovelace | wrote", "other"))) == 0.5
    assert recall(example, passages("Ada Lovelace | wrote", "other"), []) is False
    records = Prediction(context=[{"title": "Engine", "text": "t"}, {"title": "Ada Lovelace", "text": "t"}])
    assert float(recall(example, records)) == 1.0


def test_passage_match_without_its_fields_says_which():
    example = Example(q="x", answer="cat").with_inputs("q")
    with pytest.raises(MetricError, match="no output 'context'"):
        metric("passage_match")(example, Prediction(answer="x"))
    with pytest.raises(MetricError, match="is empty"):
        metric("passage_match")(Example(q="x", answer="").with_inputs("q"), passages("x"))


PARTS = [
    {"metric": {"kind": "exact_match", "params": {"fields": ["a"]}}, "weight": 3},
    {"metric": {"kind": "f1", "params": {"fields": ["b"]}}, "weight": 1, "name": "words"},
]


def test_weighted_joins_grades_and_feedback():
    example = Example(q="x", a="1", b="big cat").with_inputs("q")
    graded = metric("weighted", parts=PARTS)(example, Prediction(a="1", b="cat"))
    assert float(graded) == pytest.approx((3 + 2 / 3) / 4)
    assert graded.feedback == "exact_match 1.00: All fields are right.\nwords 0.67: b: 0.67"


def test_weighted_required_parts_decide():
    parts = [{**PARTS[0], "required": True}, PARTS[1]]
    example = Example(q="x", a="1", b="big cat").with_inputs("q")
    wrong = metric("weighted", parts=parts)(example, Prediction(a="2", b="big cat"))
    assert float(wrong) == 0.0
    assert "Required and not passed: exact_match." in wrong.feedback
    lenient = metric(
        "weighted", parts=[PARTS[0], {**PARTS[1], "required": True, "pass_at": 0.5}], threshold=0.8
    )
    assert lenient(example, Prediction(a="1", b="cat"), []) is True
    assert lenient(example, Prediction(a="1", b="dog"), []) is False


def test_weighted_with_a_judge_is_asked_on_the_loop():
    parts = [PARTS[0], {"metric": {"kind": "judge", "params": {"rubric": "short", "scale": "pass_fail"}}}]
    example = Example(q="x", a="1").with_inputs("q")
    lm = ScriptedLM(lambda request: VERDICT.format(field="passes", value="True"))
    mixed = make_metric({"kind": "weighted", "params": {"parts": parts}}, lm=lm)
    assert mixed.is_async
    assert float(mixed(example, Prediction(a="2"))) == 0.25
    result = Evaluate(devset=[example], metric=mixed)(lambda q: Prediction(a="1"))
    assert result.score == 100.0


VERDICT = "[[ ## feedback ## ]]\nClear enough.\n\n[[ ## {field} ## ]]\n{value}\n\n[[ ## completed ## ]]"


@pytest.mark.parametrize(("grade", "expected"), [(1, 0.0), (3, 0.5), (5, 1.0)])
def test_judge_grades_on_its_scale(grade, expected):
    lm = ScriptedLM(lambda request: VERDICT.format(field="grade", value=grade))
    graded = make_metric({"kind": "judge", "params": {"rubric": "Is it polite?"}}, lm=lm)(
        Example(q="Why?", a="Because.").with_inputs("q"), Prediction(a="So.")
    )
    assert (float(graded), graded.feedback) == (expected, "Clear enough.")
    sent = lm.requests[0].messages[-1]["content"]
    assert all(text in sent for text in ("Is it polite?", "Why?", "Because.", "So."))


def test_judge_uses_the_model_of_the_settings_unless_given_one():
    judge = metric("judge", rubric="Good?", scale="pass_fail", show_inputs=False, show_labels=False)
    lm = ScriptedLM(lambda request: VERDICT.format(field="passes", value="False"))
    example = Example(q="Why?", a="Because.").with_inputs("q")
    with context(lm=lm):
        assert float(judge(example, Prediction(a="So."))) == 0.0
        assert judge(example, Prediction(a="So."), []) is False
    sent = lm.requests[0].messages[-1]["content"]
    assert "Because." not in sent
    assert "Why?" not in sent


def test_judge_shows_only_the_fields_asked_for():
    lm = ScriptedLM(lambda request: VERDICT.format(field="grade", value=4))
    judge = make_metric({"kind": "judge", "params": {"rubric": "Good?", "fields": ["a"]}}, lm=lm)
    example = Example(q="Why?").with_inputs("q")
    judge(example, Prediction(a="shown", reasoning="hidden"))
    assert "hidden" not in lm.requests[0].messages[-1]["content"]
    with pytest.raises(MetricError, match="no output 'a'"):
        judge(example, Prediction(b="x"))


def test_a_judge_that_cannot_be_asked_is_a_metric_failure():
    lm = ScriptedLM(lambda request: LMServerError("down"), num_retries=0)
    judge = make_metric({"kind": "judge", "params": {"rubric": "Good?"}}, lm=lm)
    example = Example(q="Why?").with_inputs("q")
    result = Evaluate(devset=[example], metric=judge)(lambda q: Prediction(a=q))
    assert result.rows[0].outcome == "metric_failure"
    assert "down" in result.rows[0].error


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"kind": "exact_match", "params": {"field": ["a"]}}, "field: Extra inputs"),
        ({"kind": "numeric", "params": {"absolute": -1}}, "absolute: Input should be greater"),
        ({"kind": "judge"}, "rubric: Field required"),
        ({"kind": "judge", "params": {"rubric": "x", "lowest": 5}}, "lowest must be below highest"),
        ({"kind": "weighted", "params": {"parts": []}}, "parts"),
        (
            {"kind": "weighted", "params": {"parts": [{"metric": {"kind": "nope"}}]}},
            "no metric called 'nope'",
        ),
        ({"params": {}}, "'kind' and 'params'"),
        ({"kind": "f1", "weight": 1}, "'kind' and 'params'"),
        ({"kind": 3}, "'kind' and 'params'"),
    ],
)
def test_specs_that_cannot_be_made_say_why(spec, message):
    with pytest.raises(ConfigurationError, match=message):
        make_metric(spec)


def test_an_unknown_kind_names_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'exact_match'"):
        make_metric({"kind": "exact_mach"})


def test_dspys_functions():
    assert EM("the cat", ["Cat", "dog"]) is True
    assert F1("the big cat", ["cat sat", "dog"]) == 0.5
    assert F1("", [""]) == 0
    assert F1("the", ["a"]) == 0
    assert HotPotF1("yes it", ["yes"]) == 0
    assert HotPotF1("yes", ["Yes"]) == 1.0
    assert answer_exact_match(Example(answer="Cat"), Prediction(answer="the cat")) is True
    assert answer_exact_match(Example(answer=["Cat", "dog"]), Prediction(answer="dog")) is True
    assert answer_exact_match(Example(answer="big cat sat"), Prediction(answer="big cat"), frac=0.5) is True
    assert answer_exact_match(Example(answer="big cat sat"), Prediction(answer="big cat"), frac=0.9) is False
    assert answer_passage_match(Example(answer=["x", "the Cat"]), Prediction(context=["a CAT!"])) is True
    assert answer_passage_match(Example(answer="cat"), Prediction(context=["concatenate"])) is False
    with pytest.raises(ValueError, match="Invalid answer type"):
        answer_exact_match(Example(answer=5), Prediction(answer="5"))
    with pytest.raises(ValueError, match="must be a list"):
        EM("a", "b")


def test_dspys_functions_are_metrics():
    example = Example(question="x", answer="Cat").with_inputs("question")
    result = Evaluate(devset=[example], metric=answer_exact_match)(
        lambda question: Prediction(answer="the cat")
    )
    assert result.score == 100.0
    assert result.metric_name == "answer_exact_match"
