"""Which candidate to take where a search ended in the middle of a race.

Knows nothing about how candidates were made. A mean over a few rows says little, so it is drawn towards what is known
without it (shrinkage: James & Stein 1961; Efron & Morris, JASA 70:1975): towards the mean of all candidates, or, where
one has run on every row, its lead on the rows that both ran towards none.
"""

from __future__ import annotations

import math

from core.search.candidate import Candidate
from core.search.pool import Pool
from core.search.racing import TIE

__all__ = ["likely_best"]

PRIOR_ROWS = 8
"""Rows that the knowledge without a candidate's own counts for."""


def likely_best(pool: Pool) -> Candidate | None:
    """Return the candidate that is likely the best, of equals the earliest; None where nothing was scored.

    Candidates that were dropped are out. One that the end of the search cut short is taken before the best of those
    that ran on every row only where its expected lead is positive.
    """
    leader = pool.leader
    cut = [entry.candidate for entry in pool if entry.status == "partial"]
    if leader is None:
        values = {candidate.id: _mean(pool, candidate, _grand_mean(pool, cut)) for candidate in cut}
        return max(cut, key=lambda candidate: values[candidate.id], default=None)
    leads = {candidate.id: _lead(pool, candidate, leader) for candidate in cut}
    best = max(cut, key=lambda candidate: leads[candidate.id], default=None)
    return best if best is not None and leads[best.id] > TIE else leader


def _grand_mean(pool: Pool, candidates: list[Candidate]) -> float:
    scores = [score for candidate in candidates for score in pool.scores.counted(candidate.key)]
    return math.fsum(scores) / len(scores) if scores else 0.0


def _mean(pool: Pool, candidate: Candidate, prior: float) -> float:
    scores = pool.scores.counted(candidate.key)
    return (math.fsum(scores) + PRIOR_ROWS * prior) / (len(scores) + PRIOR_ROWS)


def _lead(pool: Pool, candidate: Candidate, leader: Candidate) -> float:
    rows = [row for row in range(pool.scores.rows) if pool.scores.seen(candidate.key, row)]
    own, theirs = pool.scores.counted(candidate.key, rows), pool.scores.counted(leader.key, rows)
    pairs = [mine - yours for mine, yours in zip(own, theirs, strict=True)]
    return math.fsum(pairs) / (len(pairs) + PRIOR_ROWS)
