"""Code, reasoning and conversations: types that are text or data."""

from __future__ import annotations

import pytest

from core.data import Prediction
from core.data.types import Code, History, Reasoning, Type
from core.data.types.type import custom_types_in


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("x = 1", "x = 1"),
        ("```python\nx = 1\n```", "x = 1"),
        ("Here:\n```py\nx = 1\ny = 2\n```\nDone.", "x = 1\ny = 2"),
        ("```\na\n```\n```\nb\n```", "a"),
        ("```python\nx = 1", "x = 1"),
        ("s = '```'", "s = '```'"),
    ],
)
def test_fences_around_code_are_taken_off(written: str, meant: str) -> None:
    assert Code["python"].model_validate(written).code == meant
    assert Code(code=written).code == meant


def test_a_language_is_a_type_of_its_own() -> None:
    assert Code["java"] is Code["java"]
    assert (Code.language, Code["java"].language, Code["java"].__name__) == ("python", "java", "Code_java")
    assert "java" in Code["java"].description()
    assert Code["java"]("a") == Code["java"](code="a") != Code["python"]("a")


def test_reasoning_acts_like_its_text() -> None:
    made = Reasoning(content="Abc def")
    assert (made == "Abc def", str(made), len(made), made[0], made + "x", "x" + made) == (
        True,
        "Abc def",
        7,
        "A",
        "Abc defx",
        "xAbc def",
    )
    assert ("def" in made, made.lower(), made.split(), f"{made:>9}") == (
        True,
        "abc def",
        ["Abc", "def"],
        "  Abc def",
    )
    assert Reasoning.model_validate("x") == Reasoning.model_validate({"content": "x"})
    assert not hasattr(made, "nosuch")


def test_a_conversation_is_frozen_and_takes_predictions() -> None:
    made = History(messages=[Prediction(question="a", answer="b")])
    assert made.messages == [{"question": "a", "answer": "b"}]
    with pytest.raises(ValueError):
        made.messages = []  # type: ignore[misc]
    longer = made.plus(question="c")
    assert (len(made), len(longer)) == (1, 2)
    assert History.model_validate_json(longer.model_dump_json()) == longer
    with pytest.raises(ValueError):
        History(messages=[], other=1)


def test_a_type_of_ones_own_says_how_it_is_written() -> None:
    class Point(Type):
        x: int

        def format(self) -> str:
            return f"({self.x})"

    assert str(Point(x=1)) == "(1)"
    assert Point(x=1).message_parts() == [{"type": "text", "text": "(1)"}]
    assert Type.extract_custom_type_from_annotation(dict[str, list[Point]]) == [Point]
    assert list(custom_types_in(int)) == []
    with pytest.raises(NotImplementedError):
        Type().format()
