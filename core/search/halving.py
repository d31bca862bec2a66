"""Successive halving: many candidates on few rows, the better part of them on more, the last ones on all.

Knows nothing about programs. After each stage the best two fifths of a wave go on (Karnin, Koren & Somekh, ICML 2013;
Jamieson & Talwalkar, AISTATS 2016, arXiv:1502.07943; for prompts: TRIPLE, arXiv:2402.09723), so one of ten candidates
runs on a fourth of the rows on average. Each wave sends at most one of them through all rows, and the best so far,
which has run on all of them, sets the mark for the next. `benchmarks/racing.py` measures what it saves and loses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from core.foundation.errors import ConfigurationError
from core.foundation.words import counted
from core.search.racing import CEILING, TIE, Curtailed, RacingRule, differences

__all__ = ["SuccessiveHalving"]

FEWEST_ROWS = 5
"""Rows of the first stage, at least: fewer tell nothing."""

FEWEST_ALIKE = 8
"""Rows after which candidates with the same scores may be taken for the same, at least."""

ROW_DEVIATION = 0.5
"""Standard deviation of the difference between two candidates on one row, taken for the tolerance: that of right and
wrong answers that differ on every fourth row."""


@dataclass(frozen=True)
class SuccessiveHalving(RacingRule):
    """Lets the best part of a wave go on after each stage.

    A candidate that `Curtailed` would drop is dropped, too, and so is one that lags behind the best so far on the same
    rows by more than chance makes likely.

    Attributes:
        keep: Part of the running candidates that goes on after a stage, at least one of them.
        first: Part of the rows that the first stage has, at least five rows.
        growth: How many times the rows of a stage the next one has.
        tolerance: Standard errors that a candidate may lag behind the best so far.
        alike: Part of the rows, at least eight, after which candidates that scored the same on each of them share one
            place; None: they never do.
    """

    keep: float = 0.4
    first: float = 1 / 8
    growth: float = 2.0
    tolerance: float = 2.0
    alike: float | None = None

    wave: ClassVar[int | None] = 12
    stratified: ClassVar[bool] = True

    def __post_init__(self) -> None:
        steep = 0 < self.keep < 1 and 0 < self.first <= 1 and self.growth > 1
        if not (steep and self.tolerance >= 0 and (self.alike is None or 0 < self.alike <= 1)):
            raise ConfigurationError(
                f"{self!r} is not a racing rule.",
                hint="Give keep and first between 0 and 1, a growth above 1, a tolerance from 0 on, and for "
                "alike None or a number between 0 and 1.",
            )

    def stages(self, rows: int) -> tuple[int, ...]:
        """Return after how many rows is decided: 5, 10, 20 and 40 of 40."""
        found, stage = list[int](), max(FEWEST_ROWS, math.ceil(rows * self.first))
        while stage < rows:
            found.append(stage)
            stage = math.ceil(stage * self.growth)
        return (*found, rows)

    def places(self, running: int) -> int:
        """Return how many go on."""
        return max(1, math.ceil(running * self.keep))

    def one_place(self, done: int, rows: int) -> bool:
        """Return whether candidates with the same scores so far share one place."""
        return self.alike is not None and done >= max(FEWEST_ALIKE, self.alike * rows)

    def alone(self) -> RacingRule:
        """Return the rule for a wave of one: of two, it and the best so far, the better half goes on."""
        return replace(self, tolerance=0.0)

    def on_a_batch(self) -> RacingRule:
        """Return the rule for a mini-batch: half a standard error behind may be luck, more hardly ever pays."""
        return replace(self, tolerance=min(self.tolerance, 0.5))

    def hopeless(self, own: Sequence[float | None], leader: Sequence[float | None], remaining: int) -> str:
        """Return why the candidate will hardly beat the leader; empty: it still may."""
        certain = Curtailed().hopeless(own, leader, remaining)
        if certain or any(score is not None and not 0.0 <= score <= CEILING for score in (*own, *leader)):
            return certain
        pairs = differences(own, leader)
        lag, rows = -math.fsum(pairs), len(pairs)
        if not rows or lag <= self.tolerance * ROW_DEVIATION * math.sqrt(rows) + TIE:
            return ""
        return f"{100 * lag / rows:.1f} points behind the best so far on the same {counted(rows, 'row')}"
