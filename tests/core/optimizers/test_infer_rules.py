"""InferRules: rules read out of one half, chosen on the other, those that gain nothing left out on request."""

import re

import pytest

import core
from core.foundation.errors import ContextWindowExceededError, OptimizerError
from core.lm import ScriptedLM
from core.optimizers import InferRules
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, digest, exact, gold, rows


class RuleLM(ToyLM):
    """Mostly right where it is told to "Look it up", misled by a "Rule", indifferent to anything else."""

    def reply(self, messages, rollout=None):
        asked, system = messages[-1]["content"], messages[0]["content"]
        if "natural_language_rules" in system:
            rules = f"1. Rule {rollout}.\n- Look it up.\n\n* Be kind.\n" if rollout else "Rule."
            return f"[[ ## natural_language_rules ## ]]\n{rules}\n[[ ## completed ## ]]"
        question = asked.split("[[ ## question ## ]]")[1].strip().split("\n")[0]
        misled = "Rule" in system and digest("misled", question) % 2
        known = "Look it up" in system and digest(question) % 3 and not misled
        answer = gold(question) if known else "wrong"
        return f"[[ ## answer ## ]]\n{answer}\n\n[[ ## completed ## ]]"


def compiled(lm, *, student=None, train=20, valset=None, **params):
    made = InferRules(**{"metric": exact, "num_candidates": 2, "max_labeled_demos": 4, **params})
    with context(lm=lm):
        return made.compile(student or TwoSteps(), trainset=rows("train", train), valset=valset)


def single(lm, **params):
    return compiled(lm, student=core.Predict("question -> answer"), valset=rows("v", 9), **params)


def rules_of(program) -> list[str]:
    return re.findall(r"^- (.*)$", program.signature.instructions, re.MULTILINE)


def test_rules_are_added_to_the_instructions_of_every_step() -> None:
    program = compiled(ToyLM(skill=20), num_rules=2)
    own = TwoSteps().say.signature.instructions
    told = [c for c in program.report.candidates if c.notes.get("rules")]
    assert len(told) == 2
    for candidate in told:
        assert set(candidate.notes["rules"]) == {"look", "say"}
        text = candidate.instructions["say"]
        assert text.startswith(own)
        assert all(f"- {rule}" in text for rule in candidate.notes["rules"]["say"])
    assert program.report.score.mean >= program.report.baseline.mean


@pytest.mark.parametrize("skill", [5, 20, 60])
def test_it_ends_with_a_verdict_on_the_program_as_given(skill) -> None:
    report = compiled(ToyLM(skill=skill, cache=False), valset=rows("v", 30)).report
    given, base = report.candidates[:2]
    assert (given.label, given.status, base.label, base.status) == (
        "as given",
        "full",
        "bootstrapped demos",
        "full",
    )
    assert report.improvement is not None and report.improvement["n"] == 30
    assert report.verdict.startswith(("Improved", "No detectable difference", "Worse"))


@pytest.mark.parametrize("cap", [30, 70, 150, 190])
def test_a_capped_search_has_a_verdict_as_soon_as_the_program_as_given_is_scored(cap) -> None:
    lm = ToyLM(skill=10, cache=False)
    made = InferRules(metric=exact, num_candidates=3, max_bootstrapped_demos=2, max_labeled_demos=4)
    with context(lm=lm):
        report = made.compile(TwoSteps(), trainset=rows("train", 12), valset=rows("v", 15), budget=cap).report
    assert lm.sent == report.calls <= cap
    assert report.score is not None and report.score.full
    assert report.verdict


def test_with_full_marks_as_given_nothing_else_is_made() -> None:
    lm = ToyLM(skill=100, cache=False)
    report = compiled(lm, valset=rows("v", 10)).report
    assert [candidate.label for candidate in report.candidates] == ["as given"]
    assert report.stop_code == "perfect" and lm.sent == 20
    assert report.verdict == "Nothing better than the program as given was found."


def test_the_published_order_is_kept_without_racing() -> None:
    with context(lm=ToyLM(skill=10)):
        made = InferRules(metric=exact, num_candidates=1, max_labeled_demos=4)
        report = made.compile(
            TwoSteps(), trainset=rows("train", 12), valset=rows("v", 10), racing=False
        ).report
    assert [candidate.label for candidate in report.candidates] == [
        "bootstrapped demos",
        "as given",
        "rules 1",
    ]
    assert {candidate.status for candidate in report.candidates} == {"full"}


def test_numbers_and_bullets_are_taken_off_and_rules_counted() -> None:
    found = next(c.notes["rules"] for c in single(RuleLM()).report.candidates if c.notes.get("rules"))
    assert found == {"self": ["Rule 1.", "Look it up.", "Be kind."]}
    found = next(
        c.notes["rules"] for c in single(RuleLM(), num_rules=2).report.candidates if c.notes.get("rules")
    )
    assert found == {"self": ["Rule 1.", "Look it up."]}


def test_without_validation_rows_one_half_teaches_and_the_other_chooses() -> None:
    program = compiled(ToyLM(), train=21)
    assert program.report.score.of == 11
    assert program.report.score.on == "validation"
    chosen = {demo["question"] for demos in demos_of(program).values() for demo in demos}
    assert chosen
    assert len(chosen) <= 10


def test_rules_are_read_out_of_training_rows_alone() -> None:
    seen = []

    def write(request):
        seen.append(request.messages[-1]["content"])
        return "[[ ## natural_language_rules ## ]]\nTake care 30.\n\n[[ ## completed ## ]]"

    compiled(ToyLM(), valset=rows("secret", 8), prompt_model=ScriptedLM(write))
    assert seen
    assert all("train " in text and "secret" not in text for text in seen)


def test_teacher_settings_hold_while_rules_are_written() -> None:
    writer = ToyLM(skill=77)
    compiled(ToyLM(cache=False), teacher_settings={"lm": writer}, max_bootstrapped_demos=0)
    assert writer.sent == 4


def test_ablation_leaves_out_what_misleads_and_nothing_else() -> None:
    whole, program = single(RuleLM()), single(RuleLM(), ablate=True)
    assert rules_of(whole) == ["Rule 1.", "Look it up.", "Be kind."]
    assert rules_of(program) == ["Look it up.", "Be kind."]
    assert program.report.score.mean > whole.report.score.mean
    left_out = [c.notes["left_out"] for c in program.report.candidates if "left_out" in c.notes]
    assert left_out == [["self#0"], ["self#0", "self#1"], ["self#0", "self#2"]]


def test_ablation_leaves_a_winner_without_rules_alone() -> None:
    silent = ScriptedLM(lambda request: "[[ ## natural_language_rules ## ]]\nx\n\n[[ ## completed ## ]]")
    program = single(RuleLM(), ablate=True, prompt_model=silent)
    assert rules_of(program) == []
    assert not any("left_out" in c.notes for c in program.report.candidates)


def test_a_prompt_that_is_too_long_is_asked_again_with_fewer_rows() -> None:
    counts = []

    def write(request):
        count = request.messages[-1]["content"].count("train ")
        counts.append(count)
        if count > 3:
            raise ContextWindowExceededError("too long", model="writer")
        return "[[ ## natural_language_rules ## ]]\nTake care 30.\n\n[[ ## completed ## ]]"

    student = core.Predict("question -> answer")
    lm = ScriptedLM(lambda request: "[[ ## answer ## ]]\nx\n\n[[ ## completed ## ]]")
    program = compiled(
        lm, student=student, valset=rows("v", 4), num_candidates=1, prompt_model=ScriptedLM(write)
    )
    assert counts == [20, 10, 5, 2]
    assert any(candidate.notes.get("rules") for candidate in program.report.candidates)


def test_a_writer_without_rules_leaves_the_bootstrapped_program() -> None:
    silent = ScriptedLM(lambda request: "[[ ## natural_language_rules ## ]]\n\n[[ ## completed ## ]]")
    program = compiled(ToyLM(), prompt_model=silent)
    assert {c.status for c in program.report.candidates if c.label.startswith("rules")} == {"duplicate"}


def test_what_cannot_work_is_refused() -> None:
    with pytest.raises(OptimizerError, match="num_rules"):
        InferRules(metric=exact, num_rules=0)
    with pytest.raises(OptimizerError, match="needs a metric"):
        InferRules()
    with pytest.raises(OptimizerError, match="no rows"):
        InferRules(metric=exact).compile(TwoSteps(), trainset=[])
