"""When a race of MIPROv2 ends before its trials do: once some combinations in a row were no better than the best.

Knows nothing about how combinations are made. Everything is read from the search's pool.
"""

from __future__ import annotations

import math

from core.optimizers.mipro_plan import Plan
from core.search.candidate import Candidate
from core.search.pool import Entry
from core.search.racing import TIE
from core.search.view import SearchView

__all__ = ["no_better", "promising"]

PATIENCE = 4
"""Combinations after the best that end a race on mini-batches; a fourth of the trials, if that is more."""

PATIENCE_AS_GIVEN = 7
"""The same as long as nothing was better than the program as given."""

PATIENCE_IN_FULL = 5
"""The same where every combination runs on all rows as long as it may win."""


def no_better(view: SearchView, plan: Plan) -> int:
    """Return how many combinations since the best were no better, where that is enough to end a race; 0: go on."""
    if not view.racing or view.pool.leader is None:
        return 0
    if plan.batch is None:
        count, patience = view.pool.since_best, PATIENCE_IN_FULL
    else:
        first = next(iter(view.pool)).candidate.id == view.pool.leader.id
        count, patience = len(_since_best(view)), PATIENCE_AS_GIVEN if first else PATIENCE
    return count if count >= max(patience, plan.trials // 4) else 0


def promising(view: SearchView, plan: Plan) -> bool:
    """Return whether one of these leads on its mini-batch, and none of them has run on more rows than one batch."""
    leader, since = view.pool.leader, _since_best(view)
    if leader is None or plan.batch is None:
        return False
    if any(_left(entry) and view.pool.scores.count(entry.candidate.key) > plan.batch for entry in since):
        return False
    return any(entry.status == "minibatch" and _lead(view, entry.candidate, leader) > TIE for entry in since)


def _since_best(view: SearchView) -> list[Entry]:
    """Return the combinations that were first tried after the best."""
    entries = [entry for entry in view.pool if entry.status != "duplicate"]
    places = [place for place, entry in enumerate(entries) if entry.candidate is view.pool.leader]
    return entries[places[0] + 1 :] if places else []


def _left(entry: Entry) -> bool:
    return entry.status in {"full", "dropped"}


def _lead(view: SearchView, candidate: Candidate, leader: Candidate) -> float:
    """Return the sum of a candidate's scores less the leader's, on the rows that it ran."""
    scores = view.pool.scores
    rows = [row for row in range(scores.rows) if scores.seen(candidate.key, row)]
    pairs = zip(scores.counted(candidate.key, rows), scores.counted(leader.key, rows), strict=True)
    return math.fsum(own - best for own, best in pairs)
