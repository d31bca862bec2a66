"""Ablation: which part of a compiled program does the work, on the same rows, each variant paid once."""

from __future__ import annotations

import asyncio

import pytest

from core.foundation.errors import OptimizerError
from core.lm import ScriptedLM
from core.modules.predict import Predict
from core.search.ablation import aablate, ablate
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
