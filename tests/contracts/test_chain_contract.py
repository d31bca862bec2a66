"""What comes out of every optimizer goes into every optimizer: as it came, saved and loaded, raced and as published."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

import core
from core.optimizers import optimizers
from core.settings import context
from tests.contracts.test_optimizer_contract import ALL, SMALL, compiled
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, exact, rows

SKILL = {"bootstrap_few_shot": 60, "bootstrap_optuna": 5, "gepa": 10}
"""So skilled a model that something comes of it: demos, or instructions."""


@cache
def made_by(name: str) -> dict[str, Any]:
    """The state of what an optimizer made of a plain student."""
    return compiled(name, ToyLM(cache=False, jitter=0, skill=SKILL.get(name, 10)), racing=True).dump_state()


def program_by(name: str) -> TwoSteps:
    program = TwoSteps()
    program.load_state(made_by(name))
    program._compiled = False
    return program


@pytest.mark.parametrize("racing", [True, False], ids=["raced", "published"])
@pytest.mark.parametrize("first", ALL)
def test_what_one_optimizer_made_every_optimizer_takes(first: str, racing: bool) -> None:
    for second in ALL:
        student = program_by(first)
        before = student.dump_state()
        program = compiled(second, ToyLM(cache=False, jitter=0, skill=20), student=student, racing=racing)
        assert student.dump_state() == before
        assert program.report.stop_code, second


@pytest.mark.parametrize("racing", [True, False], ids=["raced", "published"])
@pytest.mark.parametrize("name", ALL)
def test_what_is_marked_as_the_program_as_given_is_that_program(name: str, racing: bool) -> None:
    student = program_by("bootstrap_few_shot")
    student.look.demos = rows("labelled", 2)
    program = compiled(name, ToyLM(cache=False, jitter=0, skill=20), student=student, racing=racing)
    given = [one for one in program.report.candidates if one.notes.get("baseline")]
    for one in given:
        built = core.search.candidate.build(student, one.state, {})
        assert built.dump_state() == student.dump_state()
        assert [demo.toDict() for demo in built.look.demos] == demos_of(student)["look"]
    scored = optimizers.get(name).scores and (racing or name != "random_search")
    assert bool(given) is scored


@pytest.mark.parametrize("racing", [True, False], ids=["raced", "published"])
def test_simba_keeps_the_demos_of_a_bootstrapped_student_as_they_are(racing: bool) -> None:
    student = program_by("bootstrap_few_shot")
    student.say.demos = [*student.say.demos, *rows("labelled", 1)]
    kinds = [bool(demo.get("augmented")) for demo in student.say.demos]
    assert set(kinds) == {True, False}
    optimizer = optimizers.get("simba").create({**SMALL["simba"], "max_steps": 0}, metric=exact)
    with context(lm=ToyLM(cache=False, jitter=0)):
        program = optimizer.compile(
            student, trainset=rows("train", 14), valset=rows("validation", 18), racing=racing
        )
    assert demos_of(program) == demos_of(student)
    given = program.report.candidates[0]
    if racing:
        assert given.demos["say"] == {"bootstrapped": sum(kinds), "labeled": len(kinds) - sum(kinds)}
    assert program.report.diff(given.id) == {}
