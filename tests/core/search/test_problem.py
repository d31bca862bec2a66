"""Training and validation rows stay apart."""

from __future__ import annotations

from core.data import Example
from core.modules import Predict
from core.search.problem import Problem


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
