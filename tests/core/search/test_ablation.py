"""Ablation: which part of a compiled program does the work, on the same rows, each variant paid once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

import core
from core.foundation.errors import OptimizerError
from core.lm import ScriptedLM
from core.modules.predict import Predict
from core.search.ablation import Ablation, aablate, ablate, variations
from core.settings import context
from tests.fakes.toy import TwoSteps, exact, gold, rows


class Believer:
    """Right where the step that answers was told so, or was shown demos; the other step does not matter."""

    def __init__(self):
        self.calls = 0

    def __call__(self, request):
        self.calls += 1
        messages = request.messages
        asked = messages[-1]["content"]
        if "## hint ##" not in asked.split("## question ##")[0]:
            return "[[ ## hint ## ]]\nh\n[[ ## completed ## ]]"
        question = asked.split("[[ ## question ## ]]")[1].strip().split("\n")[0]
        number = int(question.split()[-1])
        told, shown = "Be right." in messages[0]["content"], len(messages) > 2
        right = number < 20 * told + 10 * shown
        return f"[[ ## answer ## ]]\n{gold(question) if right else 'wrong'}\n[[ ## completed ## ]]"


def programs():
    student, program = TwoSteps(), TwoSteps()
    program.say.signature = program.say.signature.with_instructions("Be right.")
    program.say.demos = rows("demo", 2)
    return student, program


def test_each_part_is_scored_alone_and_against_the_program_as_given():
    student, program = programs()
    before = (student.dump_state(), program.dump_state())
    believer = Believer()
    with context(lm=ScriptedLM(believer, cache=False)):
        found = ablate(program, student, rows("test", 40), exact)
    assert (student.dump_state(), program.dump_state()) == before
    means = {variant.name: variant.mean for variant in found.variants}
    assert means == {
        "as given": 0.0,
        "instructions only": 0.5,
        "demos only": 0.25,
        "both": 0.75,
        "only look": 0.0,
        "without look": 0.75,
        "only say": 0.75,
        "without say": 0.0,
    }
    assert believer.calls == 4 * 40 * 2  # eight variants, four different programs
    both = found["both"]
    assert both.difference["difference"] == pytest.approx(0.75)
    assert both.difference["n"] == both.rows == 40
    assert both.interval[0] < 0.75 < both.interval[1]
    assert found["as given"].difference is None
    assert "both: 75.0%" in found.summary()
    assert "without look" in found._repr_html_()
    assert found.to_dict()["variants"][3]["name"] == "both"


def test_a_single_step_has_no_steps_to_leave_out_and_async_code_may_ask_too():
    student, program = Predict("question -> answer"), Predict("question -> answer")
    program.demos = rows("demo", 1)
    lm = ScriptedLM(lambda request: "[[ ## answer ## ]]\nx\n[[ ## completed ## ]]")

    async def main():
        with context(lm=lm):
            return await aablate(program, student, rows("test", 3), lambda *_: 1.0)

    found = asyncio.run(main())
    assert [v.name for v in found.variants] == ["as given", "instructions only", "demos only", "both"]
    assert found["both"].difference is None  # all alike


def test_rows_without_a_score_are_left_out_of_means_and_pairs():
    student, program = programs()

    def broken(example, prediction, trace=None):
        if example.question == "test 3":
            raise ValueError("no gold")
        return exact(example, prediction)

    with context(lm=ScriptedLM(Believer())):
        found = ablate(program, student, rows("test", 10), broken, steps=False, max_errors=100)
    assert [variant.rows for variant in found.variants] == [9] * 4
    assert found["both"].difference["n"] == 9


def test_what_cannot_be_compared_is_refused():
    student, program = programs()
    with pytest.raises(OptimizerError, match="rows"):
        ablate(program, student, [], exact)
    with pytest.raises(OptimizerError, match="different steps"):
        ablate(program, Predict("question -> answer"), rows("t", 2), exact)


def test_what_is_concluded_stands_in_a_sentence_and_survives_being_stored():
    student, program = programs()
    with context(lm=ScriptedLM(Believer(), cache=False)):
        found = ablate(program, student, rows("test", 40), exact)
    assert found.verdict == (
        "Both together bring +75.0 points on 40 rows: "
        "the instructions alone bring +50.0 and the demos alone bring +25.0."
    )
    assert Ablation.from_dict(found.to_dict()).to_dict() == found.to_dict()
    alike = Ablation(tuple(replace(variant, difference=None) for variant in found.variants), 40)
    assert alike.verdict == "The compiled program scores as the program as given on every row."
    assert found.verdict in found.to_html("What does the work", "on <test> rows")
    assert "on &lt;test&gt; rows" in found.to_html("What does the work", "on <test> rows")


def test_a_few_rows_show_no_difference_and_it_says_so():
    student, program = programs()
    with context(lm=ScriptedLM(Believer())):
        found = ablate(program, student, rows("test", 3), exact)
    assert found.verdict.startswith("No detectable difference")


def test_a_variant_that_cannot_be_scored_stays_with_its_reason():
    student, program = programs()

    def broken(example, prediction, trace=None):
        raise ValueError("no gold here")

    with context(lm=ScriptedLM(Believer())):
        found = ablate(program, student, rows("test", 10), broken, max_errors=2)
    assert {variant.mean for variant in found.variants} == {None}
    assert "Ended by too many failures" in found["both"].note
    assert "no gold here" in found["both"].note
    assert "no gold here" in found.to_html()
    assert "no score" in found.summary()
    assert "cannot be said" in found.verdict


def test_a_budget_leaves_what_was_scored_and_names_what_was_not():
    student, program = programs()
    with context(lm=ScriptedLM(Believer(), cache=False)), core.budget(calls=50) as spent:
        found = ablate(program, student, rows("test", 20), exact, num_threads=1)
    assert spent.calls == 50
    assert found["as given"].rows == 20
    partly = found["instructions only"]
    assert (partly.rows, partly.difference["n"]) == (5, 5)
    assert partly.note == "The budget was used up after 5 of 20 rows."
    assert found["both"].note == "The budget was used up after 0 of 20 rows."
    assert "5 of 20 rows" in found.summary()


def test_variations_that_are_one_program_are_known_before_any_is_run():
    student, program = programs()
    names = [item.name for item in variations(program, student)]
    twins = {names[number]: names[item.same_as] for number, item in enumerate(variations(program, student))}
    assert twins["without look"] == twins["only say"] == "both"
    assert twins["only look"] == twins["without say"] == "as given"
    assert len(variations(program, student, steps=False)) == 4


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"program": "x"}, "compiled program is a str"),
        ({"student": TwoSteps}, "student is the class TwoSteps"),
        ({"metric": None}, "needs a metric"),
        ({"rows": 5}, "test set is a int"),
        ({"rows": ["x"]}, "Row 0 of the test set is a str"),
    ],
)
def test_what_cannot_be_ablated_is_refused_before_anything_is_sent(changes, told):
    student, program = programs()
    given = {"program": program, "student": student, "rows": rows("test", 4), "metric": exact, **changes}
    lm = ScriptedLM(Believer(), cache=False)
    with context(lm=lm), pytest.raises(OptimizerError, match=told) as caught:
        ablate(**given)
    assert caught.value.hint
    assert not lm.requests
