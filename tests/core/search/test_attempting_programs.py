"""What a search knows of programs that make several attempts: how many calls they take, and their handlers."""

from __future__ import annotations

import core
from core.search.estimate import calls_per_run
from core.search.fingerprints import of_program


class Program(core.Module):
    """Two steps, one of them shared."""

    def __init__(self) -> None:
        self.first = core.Predict("question -> query")
        self.again = self.first
        self.second = [core.ChainOfThought("query -> answer")]

    def forward(self, question: str) -> core.Prediction:
        return self.second[0](query=self.first(question=question).query)


def reward(args: object, prediction: object) -> float:
    return 1.0


def test_attempts_are_calls() -> None:
    assert calls_per_run(core.Predict("a -> b")) == 1
    assert calls_per_run(Program()) == 2
    assert calls_per_run(core.BestOfN(Program(), 3, reward, 1.0)) == 6
    assert calls_per_run(core.Refine(Program(), 3, reward, 1.0)) == 8
    assert calls_per_run(core.ComparedChains("question -> answer")) == 2
    assert calls_per_run(core.Retrieve()) == 1


def test_a_program_with_other_assertions_is_other_work() -> None:
    plain, one, two = Program(), Program(), Program()
    one.activate_assertions(max_backtracks=1)
    two.activate_assertions(max_backtracks=2)
    assert len({of_program(program) for program in (plain, one, two)}) == 3
    assert of_program(one) == of_program(Program().activate_assertions(max_backtracks=1))
