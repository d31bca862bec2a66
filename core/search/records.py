"""What a compile reports of single things: a score, a candidate, an attempt of a teacher, the confirmation.

Knows nothing about the whole, which is `core.search.result`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.foundation.words import counted
from core.search.jobs import Attempt
from core.search.verdict import uncertainty, verdict

__all__ = ["AttemptRecord", "CandidateReport", "Confirmation", "ScoreReport", "cost_text"]


@dataclass(frozen=True)
class ScoreReport:
    """A score with everything needed to read it rightly.

    Attributes:
        mean: Mean of the metric over the rows that have a score; None without any.
        percent: The same as DSPy prints it.
        interval: 95 % interval of the mean.
        rows: Rows that were run; of a confirmation those on which both programs have a score.
        of: Rows there are.
        full: All rows were run; only such scores are compared.
        on: "validation", or "training" where no validation set was given; of a confirmation also "test".
    """

    mean: float | None
    percent: float | None
    interval: tuple[float, float]
    rows: int
    of: int
    full: bool
    on: str
    unscored: int = 0
    """Rows that ran and have no score: they are not part of the mean, and count as the lowest where candidates are
    compared."""

    @property
    def without(self) -> str:
        """Say how many rows have no score; empty where each has one."""
        return f"{counted(self.unscored, 'row')} without a score" if self.unscored else ""


def cost_text(spend: Mapping[str, float]) -> str:
    """Return what was spent in US dollars, and that there is more where the price of some calls is unknown."""
    cost, unpriced = spend.get("cost", 0.0), int(spend.get("unpriced", 0))
    if not unpriced:
        return f"${cost:.4f}"
    return f"${cost:.4f} and the unknown cost of {counted(unpriced, 'call')}" if cost else "cost unknown"


@dataclass(frozen=True)
class CandidateReport:
    """One candidate of the search.

    Attributes:
        status: "full", "minibatch", "partial", "dropped", "duplicate", "unscored" or "proposed".
        reason: Why it was dropped, or which candidate it repeats.
        demos: {predictor path: {"bootstrapped": n, "labeled": n}}.
        instructions: {predictor path: text} where they were changed.
        spend: What scoring it cost.
    """

    id: str
    label: str
    seed: int | None
    parents: tuple[str, ...]
    status: str
    reason: str
    score: ScoreReport | None
    demos: dict[str, dict[str, int]]
    instructions: dict[str, str]
    spend: dict[str, float]
    notes: dict[str, Any]
    state: dict[str, Any]


@dataclass(frozen=True)
class Confirmation:
    """Winner and program as given on rows that chose nothing.

    Attributes:
        on: "test", or where rows were held out: "validation" or "training".
        score: Of the winner, over the rows that both have a score for.
        given: Of the program as given, over the same rows.
        improvement: Paired test of the two; None where the winner is the program as given.
        spend: What it cost.
    """

    on: str
    score: ScoreReport
    given: ScoreReport
    improvement: dict[str, Any] | None
    spend: dict[str, float]

    @property
    def verdict(self) -> str:
        """What can be concluded, in words."""
        kind = "test rows" if self.on == "test" else f"held-out {self.on} rows"
        few = uncertainty(self.score.rows, self.score.interval, "confirmed it")
        few = f"{f'{self.score.without} left out. ' if self.score.unscored else ''}{few}"
        if self.improvement is None:
            rows = counted(self.score.rows, kind.removesuffix("s"))
            return f"The program as given was kept: {self.score.mean:.1%} on {rows}. {few}".strip()
        means = self.given.mean or 0.0, self.score.mean or 0.0
        return f"{verdict(self.improvement, *means, f'{kind} that chose nothing')} {few}".strip()


@dataclass(frozen=True)
class AttemptRecord:
    """One training row that a teacher tried: kept as a trace, or why not."""

    row: str
    round: int
    kept: bool
    why: str
    score: float | None
    purpose: str

    @classmethod
    def of(cls, attempt: Attempt, purpose: str) -> AttemptRecord:
        """Return the record of an attempt."""
        return cls(attempt.row, attempt.round, attempt.kept, attempt.why, attempt.score, purpose)
