"""How large a MIPRO search is: candidates, trials, mini-batches, and the rows that are set aside to choose by.

Knows nothing about how candidates are made. The sizes of light, medium and heavy and the number of trials are DSPy's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from core.data.example import Example
from core.foundation.randomness import rng

__all__ = ["AUTO", "Effort", "Plan", "Size", "plan_of", "schedule", "split_rows"]

Effort = Literal["light", "medium", "heavy"]
Step = Literal["trial", "promote"]


class Size(NamedTuple):
    """What one word for the effort stands for."""

    candidates: int
    rows: int


AUTO: dict[str, Size] = {"light": Size(6, 100), "medium": Size(12, 300), "heavy": Size(18, 1_000)}

FIRST_MARK = 2
"""Trials before the first full evaluation of a race. Until then bad combinations are held to the program as given,
which they easily reach."""

LEAST_ROWS_FOR_BATCHES = 50
"""With `auto`, this many rows or fewer are always scored in full."""

VALIDATION_SHARE, MOST_VALIDATION = 0.8, 1_000
"""What of the training rows is set aside to choose by where there is no validation set."""


@dataclass(frozen=True)
class Plan:
    """The size of one search.

    Attributes:
        demo_sets: Demo sets to make; 0: instructions alone are searched.
        instructions: Instructions for each step, its own among them.
        trials: Combinations to try.
        batch: Rows of a mini-batch; None: every trial runs on all rows.
        full_every: Trials between two full evaluations of the best average.
    """

    demo_sets: int
    instructions: int
    trials: int
    batch: int | None
    full_every: int

    def steps(self, racing: bool = True) -> list[Step]:
        """Return what to do, one after another; a race has a mark to be held to after two trials already."""
        every = self.full_every if self.batch else None
        return schedule(self.trials, every, FIRST_MARK if racing else None)

    def said(self, racing: bool) -> str:
        """Return it as a sentence, to be read before anything is spent."""
        full = self.steps(racing).count("promote")
        how = f"{self.batch} rows each, {full} of them on all rows" if self.batch else "all rows each"
        return (
            f"The plan: {self.demo_sets} demo sets and {self.instructions} instructions for each step, "
            f"{self.trials} combinations on {how}."
        )


def plan_of(
    *,
    auto: str | None,
    num_candidates: int | None,
    num_trials: int | None,
    zero_shot: bool,
    minibatch: bool,
    size: int,
    full_every: int,
    predictors: int,
    rows: int,
) -> Plan:
    """Return the plan for a program with so many predictors, scored on so many rows."""
    count = AUTO[auto].candidates if auto else (num_candidates or 0)
    instructions = max(1, count // 2) if auto and not zero_shot else count
    variables = predictors * (1 if zero_shot else 2)
    trials = num_trials if num_trials is not None else trials_for(variables, count)
    batches = minibatch and size < rows and (auto is None or rows > LEAST_ROWS_FOR_BATCHES)
    return Plan(0 if zero_shot else count, instructions, trials, size if batches else None, full_every)


def trials_for(variables: int, candidates: int) -> int:
    """Return max(2 · variables · log2(candidates), 1.5 · candidates), DSPy's number of trials."""
    return int(max(2 * variables * math.log2(max(1, candidates)), 1.5 * candidates))


def schedule(trials: int, full_every: int | None, first: int | None = None) -> list[Step]:
    """Return trials with a full evaluation of the best average after every few of them, and after the last.

    Args:
        trials: How many.
        full_every: Trials between two full evaluations; None: there are none, as every trial is one.
        first: Trials before the first of them; None, or more than `full_every`: so many as between two.
    """
    steps: list[Step] = []
    waiting = None if full_every is None else min(full_every, first or full_every)
    for number in range(1, trials + 1):
        steps.append("trial")
        if waiting is not None and number in (waiting, trials):
            steps.append("promote")
            waiting += full_every or 0
    return steps


def split_rows(
    train: Sequence[Example], validation: Sequence[Example] | None, auto: str | None, seed: int
) -> tuple[list[Example], list[Example] | None]:
    """Return rows to learn from and rows to choose by; drawn, as rows often come sorted.

    Args:
        validation: None or empty: most of the training rows are set aside.
        auto: Caps the rows to choose by.
    """
    learn, choose = list(train), list(validation) if validation else None
    if choose is None and len(learn) > 1:
        aside = min(MOST_VALIDATION, max(1, int(VALIDATION_SHARE * len(learn))))
        order = rng(seed, "validation").sample(range(len(learn)), len(learn))
        choose = [train[position] for position in sorted(order[:aside])]
        learn = [train[position] for position in sorted(order[aside:])]
    if choose is not None and auto and len(choose) > AUTO[auto].rows:
        drawn = rng(seed, "validation rows").sample(range(len(choose)), AUTO[auto].rows)
        choose = [choose[position] for position in sorted(drawn)]
    return learn, choose
