"""How much better than it is a winner looks on the rows that chose it, and what to expect of it on other rows.

Knows nothing about programs. The score that chose the best of many is that of the luckiest, too. How much luck helps is
measured by choosing again and again on rows drawn with replacement from the same rows: each time the chosen one looks
better on the rows drawn than on all of them, by what choosing adds (Efron, JASA 78:1983; Efron & Tibshirani 1993,
ch. 17). Of a candidate that was dropped the rows that it ran tell its lead over the winner, drawn towards none, as few
rows say little.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from core.search.candidate import Candidate
from core.search.pool import Pool

__all__ = ["expected_score"]

DRAWS = 200

MOST_CANDIDATES = 40
"""Candidates that take part in a draw: those below the best forty hardly ever win one."""

PRIOR_SHARE = 0.4
"""Rows that no lead at all counts for, beside those that a dropped candidate ran, as a part of all rows: to be chosen
it would have to lead on all of them, so few rows of a hundred say less of its chances than the same few of forty."""


@dataclass(frozen=True)
class _Known:
    """A candidate's differences to the winner, by row, whether it ran on every row, and how many rows of no lead count
    beside its own where it did not.
    """

    differences: dict[int, float]
    full: bool
    prior: float

    def lead(self, rows: Sequence[int]) -> float:
        """Return its likely lead over the winner on rows, each as often as it stands there."""
        known = [self.differences[row] for row in rows if row in self.differences]
        if self.full:
            return math.fsum(known) / len(known) if known else 0.0
        return math.fsum(known) / (len(known) + self.prior)


def expected_score(pool: Pool, best: Candidate, generator: random.Random) -> float | None:
    """Return the mean to expect of the winner on other rows; None where nothing was scored.

    Args:
        pool: All candidates with their scores.
        best: The winner.
        generator: Of the draws.
    """
    own = _by_row(pool, best)
    if not own:
        return None
    mean, rows = math.fsum(own.values()) / len(own), sorted(own)
    known = _rivals(pool, best, own)
    if not known or len(rows) < 2:
        return mean
    whole = [rival.lead(rows) for rival in known]
    optimism = 0.0
    for _ in range(DRAWS):
        drawn = generator.choices(rows, k=len(rows))
        leads = [rival.lead(drawn) for rival in known]
        first = max(range(len(leads)), key=lambda number: leads[number])
        if leads[first] > 0.0:  # otherwise the winner is chosen again; its own luck evens out over the draws
            optimism += leads[first] - whole[first]
    return mean - optimism / DRAWS


def _rivals(pool: Pool, best: Candidate, own: dict[int, float]) -> list[_Known]:
    found: list[_Known] = []
    for entry in pool:
        if entry.candidate.key == best.key or entry.status == "duplicate":
            continue
        scores = _by_row(pool, entry.candidate)
        differences = {row: scores[row] - own[row] for row in scores.keys() & own.keys()}
        if differences:
            found.append(_Known(differences, len(differences) == len(own), PRIOR_SHARE * len(own)))
    rows = sorted(own)
    return sorted(found, key=lambda rival: -rival.lead(rows))[:MOST_CANDIDATES]


def _by_row(pool: Pool, candidate: Candidate) -> dict[int, float]:
    rows = [row for row in range(pool.scores.rows) if pool.scores.seen(candidate.key, row)]
    scores = pool.scores.scores(candidate.key, rows)
    return {row: score for row, score in zip(rows, scores, strict=True) if score is not None}
