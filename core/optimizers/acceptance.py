"""Successive acceptance: a candidate meets a part of the validation rows, and more of them only while it leads.

Knows nothing about how candidates are made. Sequential halving (Karnin, Koren and Somekh, ICML 2013) against the best
so far, on the same rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from core.optimizers.pareto import row_scores
from core.search.candidate import Candidate
from core.search.proposal import Proposal
from core.search.view import SearchView

__all__ = ["promoted", "stage_rows"]

STAGE = 8
"""The least validation rows that a new candidate meets first."""

PRIOR = 4.0
"""Rows without a lead that are thought beside a candidate's own: few rows promise less."""


def stage_rows(view: SearchView, number: int, seen: int = 0) -> tuple[int, ...] | None:
    """Return the validation rows that a candidate meets before the rest: a quarter, then half; None: all.

    Args:
        number: Of the group of candidates that meet the same rows.
        seen: Rows that it met so far.
    """
    rows = len(view.problem.scoring)
    quarter = max(STAGE, math.ceil(rows / 4))
    size = next((size for size in (quarter, 2 * quarter) if size > seen), rows)
    if rows <= 2 * STAGE or size >= rows:
        return None
    order = view.rng("stage", number).sample(range(rows), rows)
    return tuple(sorted(order[:size]))


def promoted(view: SearchView, group: Callable[[Candidate], int | None]) -> Proposal | None:
    """Return the most promising candidate that leads on a part of the validation rows, to run on more; None: none.

    Args:
        group: Returns the number under which a candidate got its rows; None: it is not meant.
    """
    leader = view.leader
    if leader is None:
        return None
    scores = row_scores(view.pool)
    best, most = None, 0.0
    for entry in view.pool:
        if entry.status == "minibatch" and group(entry.candidate) is not None:
            own = scores.get(entry.candidate.id, {})
            lead = math.fsum(score - scores[leader.id].get(row, 0.0) for row, score in own.items())
            if lead / (len(own) + PRIOR) > most:
                best, most = entry.candidate, lead / (len(own) + PRIOR)
    if best is None:
        return None
    return Proposal(best.state, rows=stage_rows(view, group(best) or 0, view.pool.standing(best).rows))
