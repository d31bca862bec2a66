"""Training and validation rows stay apart."""

from __future__ import annotations

from typing import Any

import pytest

from core.data import Example
from core.foundation.errors import OptimizerError, RunLogError
from core.modules import Predict
from core.optimizers import Auto
from core.search.problem import Problem
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, exact, rows


def row(question: str, **rest: str) -> Example:
    return Example(question=question, **rest).with_inputs("question")


def test_a_training_row_with_the_question_of_a_validation_row_makes_no_demo() -> None:
    problem = Problem.of(
        Predict("question -> answer"),
        [row("one", answer="1", source="web"), row("two", answer="2", source="web")],
        [row("one", answer="1", source="book")],
        None,
    )
    assert [item.example.question for item in problem.train] == ["two"]
    assert problem.scored_on == "validation"
    assert problem.shared == 1
    assert "1 training row is also in the validation set" in problem.warnings[0]


def test_training_rows_inside_the_validation_rows_teach_and_the_others_choose() -> None:
    train = [row(f"t{number}") for number in range(3)]
    problem = Problem.of(Predict("question -> answer"), train, [*train, row("x"), row("y")], None)
    assert [item.example.question for item in problem.train] == ["t0", "t1", "t2"]
    assert [item.example.question for item in problem.scoring] == ["x", "y"]
    assert (problem.scored_on, problem.shared, problem.taught) == ("validation", 0, 3)
    assert "scored on its 2 other rows" in problem.warnings[0]


def test_two_equal_sets_are_one() -> None:
    train = [row(f"t{number}") for number in range(3)]
    problem = Problem.of(Predict("question -> answer"), train, [*train, train[0]], None)
    assert (len(problem.train), len(problem.scoring), problem.scored_on) == (3, 4, "training")
    assert "the score is optimistic" in problem.warnings[0]


def test_no_demo_comes_from_a_row_that_chose() -> None:
    shared, log = rows("shared", 10), MemoryRunLog()
    for calls in (900, 1_000):  # the second goes on where the first ended
        with context(lm=ToyLM(jitter=0, skill=10)):
            program = Auto(exact, max_calls=None).compile(
                TwoSteps(), trainset=shared, valset=[*shared, *rows("more", 30)], budget=calls, run_log=log
            )
    assert program.report.score.of == 30
    told = {demo["question"] for demos in demos_of(program).values() for demo in demos}
    assert told <= {item.question for item in shared}
    assert any("on its 30 other rows" in said for said in program.report.warnings)


@pytest.mark.parametrize("part", ["20%", float("nan"), float("inf"), True, 1.5])
def test_what_is_no_part_of_the_rows_is_refused(part: Any) -> None:
    problem = Problem.of(Predict("question -> answer"), rows("t", 4), rows("v", 4), exact)
    with pytest.raises(OptimizerError, match="is no part of the rows") as refused:
        problem.with_held_out(part)
    assert "0.2 is 20 %" in refused.value.hint
    assert len(problem.with_held_out(2.0).confirm) == 2


def test_what_is_no_run_log_is_refused() -> None:
    with pytest.raises(RunLogError, match="run_log=3 is no run log"):
        Auto(exact).compile(TwoSteps(), trainset=rows("t", 4), run_log=3)
