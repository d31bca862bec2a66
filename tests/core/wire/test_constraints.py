"""Constraints in words and checked."""

from __future__ import annotations

from typing import Any

import pytest

from core.wire.constraints import broken_constraint, constraint_words


def test_words():
    constraints = {
        "ge": 0,
        "lt": 10,
        "multiple_of": 2,
        "max_length": 5,
        "pattern": "^a{1}$",
        "allow_inf_nan": False,
    }
    assert constraint_words(constraints) == ">= 0, < 10, a multiple of 2, length <= 5, matches ^a{1}$, finite"
    assert constraint_words({}) == ""


@pytest.mark.parametrize(
    ("value", "constraints"),
    [
        (0, {"gt": 0}),
        (-1, {"ge": 0}),
        (5, {"lt": 5}),
        (6.0, {"le": 5}),
        (3, {"multiple_of": 2}),
        (float("nan"), {"allow_inf_nan": False}),
        ("ab", {"min_length": 3}),
        ([1, 2], {"max_length": 1}),
        ("b", {"pattern": "^a"}),
        (float("nan"), {"ge": 0}),
    ],
)
def test_broken(value: Any, constraints: dict[str, Any]):
    assert broken_constraint(value, constraints)


@pytest.mark.parametrize(
    ("value", "constraints"),
    [
        (1, {"gt": 0, "ge": 1, "lt": 2, "le": 1}),
        (0.3, {"multiple_of": 0.1}),
        (float("inf"), {"allow_inf_nan": True}),
        ("abc", {"min_length": 3, "max_length": 3, "pattern": "b"}),
        (3, {"min_length": 5}),
        ("text", {"ge": 5}),
    ],
)
def test_kept(value: Any, constraints: dict[str, Any]):
    assert broken_constraint(value, constraints) is None
