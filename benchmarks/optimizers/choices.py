"""Which parameters each optimizer gets, the same on both sides, and which rows. Standard library only.

Knows nothing about either library. What is not named here has the default of its side; both have DSPy's defaults.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Choice(NamedTuple):
    """How an optimizer is asked.

    Attributes:
        theirs: DSPy's class; None: only ours has it.
        small: Constructor parameters of a quick look.
        full: Constructor parameters of the full run.
        validates: It takes validation rows. Otherwise it learns from and chooses by training and validation rows
            together, as DSPy's has no other way.
        feedback: Its metric says in words what is wrong.
    """

    theirs: str | None
    small: dict[str, Any]
    full: dict[str, Any]
    validates: bool = True
    feedback: bool = False


CHOICES: dict[str, Choice] = {
    "none": Choice(None, {}, {}),
    "random_search": Choice(
        "BootstrapFewShotWithRandomSearch", {"num_candidate_programs": 8}, {"num_candidate_programs": 16}
    ),
    "copro": Choice("COPRO", {"breadth": 5, "depth": 2}, {"breadth": 10, "depth": 3}, validates=False),
    "miprov2": Choice("MIPROv2", {"auto": "light"}, {"auto": "light"}),
    "gepa": Choice(
        "GEPA",
        {"max_metric_calls": 400, "track_stats": True},
        {"auto": "light", "track_stats": True},
        feedback=True,
    ),
    "simba": Choice(
        "SIMBA",
        {"bsize": 16, "num_candidates": 4, "max_steps": 3},
        {"bsize": 32, "num_candidates": 6, "max_steps": 8},
        validates=False,
    ),
    "auto": Choice(None, {}, {}, feedback=True),
}

SHARES = {"random_search": 0.40, "simba": 0.40, "gepa": 0.45, "copro": 0.60, "miprov2": 0.75}
"""The most of DSPy's calls that each is meant to send."""

SEEDED_IN_CONSTRUCTOR = ("miprov2", "gepa")
SEEDED_IN_COMPILE = ("simba",)
"""Where DSPy's takes a seed; random search and COPRO take none, there the seed only chooses rows."""


def choice(name: str) -> Choice:
    """Return how an optimizer is asked; one that is not listed is only ours and has its defaults."""
    return CHOICES.get(name, Choice(None, {}, {}))


def constructor(name: str, size: str) -> dict[str, Any]:
    """Return the constructor's parameters."""
    chosen = choice(name)
    return dict(chosen.small if size == "small" else chosen.full)


def rows_for(name: str, train: list[Any], validation: list[Any]) -> dict[str, list[Any]]:
    """Return the rows as `compile` takes them."""
    if choice(name).validates:
        return {"trainset": train, "valset": validation}
    return {"trainset": [*train, *validation]}
