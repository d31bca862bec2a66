"""Arithmetic in words, and the steps that `reasoning` shows."""

from __future__ import annotations

from typing import Any

import pytest

from core.lm.embedded.arithmetic import solve_arithmetic
from core.lm.embedded.numbers import read_date, read_number


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What is 12 + 7 * 2?", 26),
        ("What is (12 + 7) * 2?", 38),
        ("What is 144 divided by 12?", 12),
        ("What is 9 times 8?", 72),
        ("Tom has 5 apples and buys 7 more. How many apples does he have?", 12),
        ("Ann had 20 marbles. She lost 6 of them. How many marbles are left?", 14),
        ("A box holds 6 eggs each. There are 4 boxes. How many eggs are there?", 24),
        ("24 sweets are shared equally among 6 children. How many does each get?", 4),
        (
            "Natalia sold 48 clips in April, and half as many in May. How many clips did she sell altogether?",
            72,
        ),
        ("Wie viele Äpfel hat Tom, wenn er 5 hat und 7 dazu kauft? 5 + 7", 12),
    ],
)
def test_one_and_two_steps(ask: Any, question: str, answer: int) -> None:
    assert ask({"question": str, "answer": float}, {"question": question})["answer"] == answer
    assert ask({"question": str, "answer": str}, {"question": question})["answer"] == str(answer)


def test_the_steps_are_its_reasoning(ask: Any) -> None:
    said = ask(
        {"question": str, "reasoning": str, "answer": int},
        {"question": "Tom has 5 apples and buys 7 more. How many?"},
    )
    assert "5 + 7 = 12" in said["reasoning"]


def test_nonsense_does_not_break_it() -> None:
    assert solve_arithmetic("9^9^9^9 = ?")[0].value
    assert solve_arithmetic("1/0")
    assert solve_arithmetic("how many?") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", 1234.5),
        ("1.234,5", 1234.5),
        ("3,5", 3.5),
        ("$40", 40),
        ("twenty five", 25),
        ("zwölf", 12),
        ("x", None),
    ],
)
def test_numbers_as_people_write_them(text: str, value: float | None) -> None:
    assert read_number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-02-29", "2024-02-29"),
        ("24.12.2024", "2024-12-24"),
        ("March 3rd, 2021", "2021-03-03"),
        ("3. März 2021", "2021-03-03"),
        ("2021年3月3日", "2021-03-03"),
        ("31.02.2024", None),
        ("next week", None),
    ],
)
def test_dates_as_people_write_them(text: str, value: str | None) -> None:
    assert read_date(text) == value
