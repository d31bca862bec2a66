"""Steps that make several attempts: built, run, written as Python, checked, and refused by exports they do not fit."""

from __future__ import annotations

import pytest

import core
from core.export.program_data import program_data
from core.foundation.errors import ExportError, PipelineError
from core.lm import ScriptedLM
from core.pipeline import build, code, validate
from core.trace import collect
from tests.core.pipeline.test_code import described, loaded

QUESTION = {"inputs": [{"name": "question"}], "outputs": [{"name": "answer"}]}
OPTIONS = {
    "majority_vote": {"n": 3, "reasoning": False, "temperature": 0.9},
    "multi_chain_comparison": {"attempts": 2},
    "best_of_n": {"attempts": 2, "max_words": 2, "reasoning": False},
    "refine": {"attempts": 2, "excludes": "sorry, perhaps", "max_tokens": 50},
}
KINDS = pytest.mark.parametrize("kind", OPTIONS)


def spec(kind: str, signature: dict | None = None, **options: object) -> dict:
    signature = signature or QUESTION
    step = {"name": "ask", "kind": kind, "signature": signature, "options": options or OPTIONS[kind]}
    names = [item["name"] for item in signature["inputs"]]
    return {
        "name": "asks",
        "inputs": signature["inputs"],
        "steps": [{**step, "inputs": {name: name for name in names}}],
        "outputs": {"answer": "ask.answer"},
    }


def reply(**fields: object) -> str:
    return (
        "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
        + "\n\n[[ ## completed ## ]]"
    )


def asked(kind: str, *replies: object) -> str:
    with core.context(lm=ScriptedLM(list(replies))):
        return build(spec(kind))(question="q").answer


def test_the_majority_answers() -> None:
    samples = [reply(answer=text) for text in ("Rome", "paris", "Paris.")]
    with core.context(lm=ScriptedLM([samples])), collect() as steps:
        assert build(spec("majority_vote"))(question="q").answer == "paris"
    assert steps[0].outputs.answer == "paris"  # a demo made of this run shows what won


def test_chains_are_compared() -> None:
    chains = [reply(reasoning="r1", answer="a1"), reply(reasoning="r2", answer="a2")]
    assert asked("multi_chain_comparison", chains, reply(rationale="r2 holds", answer="a2")) == "a2"


def test_the_best_keeps_the_rules() -> None:
    assert asked("best_of_n", reply(answer="far too many words"), reply(answer="short")) == "short"


def test_refinement_is_told_the_rules() -> None:
    lm = ScriptedLM(
        [
            reply(reasoning="r", answer="Sorry, no."),
            reply(discussion="d", advice='{"predict": "Do not apologise."}'),
            reply(reasoning="r", answer="No."),
        ]
    )
    with core.context(lm=lm):
        assert build(spec("refine"))(question="q").answer == "No."
    assert "Does not hold 'sorry'." in "\n".join(m["content"] for m in lm.requests[1].messages)


@KINDS
def test_the_written_program_is_the_same(kind: str, tmp_path) -> None:
    written, built = loaded(code(spec(kind)), tmp_path, kind), build(spec(kind))
    assert described(written) == described(built)
    written.load_state(built.dump_state())


@KINDS
def test_exports_refuse_what_they_cannot_carry(kind: str) -> None:
    with pytest.raises(ExportError, match=r"Step 'ask' is a .*Python"):
        program_data(build(spec(kind)), name="x")


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("best_of_n", {"attempts": 3}, "no rule"),
        ("refine", {"pattern": "("}, "no regular expression"),
        ("best_of_n", {"max_words": 3, "field": "colour"}, "no output 'colour'"),
        ("majority_vote", {"field": "colour"}, "no output 'colour'"),
        ("majority_vote", {"n": 1}, "greater than or equal to 2"),
        ("multi_chain_comparison", {"n": 3}, "no option 'n'"),
    ],
)
def test_options_that_cannot_work_are_found(kind: str, options: dict, message: str) -> None:
    found = validate(core.pipeline.parse_spec(spec(kind, **options)))
    assert any(message in str(problem) for problem in found), found
    with pytest.raises(PipelineError):
        build(spec(kind, **options))


@pytest.mark.parametrize(
    ("kind", "name", "found"),
    [
        ("majority_vote", "reasoning", False),  # off in its options
        ("refine", "reasoning", True),
        ("multi_chain_comparison", "reasoning", True),
        ("multi_chain_comparison", "rationale", True),
    ],
)
def test_a_second_reasoning_is_found(kind: str, name: str, found: bool) -> None:
    signature = {"inputs": [{"name": "question"}], "outputs": [{"name": name}, {"name": "answer"}]}
    problems = validate(core.pipeline.parse_spec(spec(kind, signature)))
    assert any("there is one already" in str(problem) for problem in problems) is found


@pytest.mark.parametrize(
    ("rules", "text", "share"),
    [
        ({"max_words": 2}, "one two", 1.0),
        ({"max_words": 2, "min_words": 2}, "one two three", 0.5),
        ({"contains": "Rome, Paris"}, "in rome", 0.5),
        ({"excludes": "sorry"}, "Sorry!", 0.0),
        ({"pattern": r"\d{4}"}, "1984", 1.0),
        ({"pattern": r"\d{4}"}, "in 1984", 0.0),
    ],
)
def test_rules_give_the_share_that_is_kept(rules: dict, text: str, share: float) -> None:
    assert core.Rules(**rules)({}, core.Prediction(reasoning="r", answer=text)) == share
    assert core.Rules("answer", **rules)({}, core.Prediction(answer=text, after="x")) == share
