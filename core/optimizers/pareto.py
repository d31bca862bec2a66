"""Who is best on which row, and which candidates matter for that.

Knows nothing about programs. Selection of GEPA (Agrawal et al., arXiv:2507.19457, algorithm 2): a candidate that is the
best on some row is kept as a parent, however low its mean, and drawn as often as it is on a row's front.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping

from core.search.pool import Pool

__all__ = ["draw_parent", "fronts_of", "row_scores", "undominated"]

Scores = Mapping[str, Mapping[int, float]]
"""{candidate: {row: score}}; rows that a candidate did not run are absent."""


def row_scores(pool: Pool) -> dict[str, dict[int, float]]:
    """Return the scores of every candidate that ran, by position of the row."""
    found: dict[str, dict[int, float]] = {}
    for entry in pool:
        if entry.status != "duplicate":
            key, cache = entry.candidate.key, pool.scores
            rows = [row for row in range(cache.rows) if cache.seen(key, row)]
            pairs = zip(rows, cache.scores(key, rows), strict=True)
            scores = {row: score for row, score in pairs if score is not None}
            if scores:
                found[entry.candidate.id] = scores
    return found


def fronts_of(scores: Scores) -> dict[int, set[str]]:
    """Return, for every row, the candidates with its best score."""
    best: dict[int, float] = {}
    fronts: dict[int, set[str]] = {}
    for name, rows in scores.items():
        for row, score in rows.items():
            if score > best.get(row, -math.inf):
                best[row], fronts[row] = score, set()
            if score == best[row]:
                fronts[row].add(name)
    return fronts


def undominated(scores: Scores) -> dict[int, set[str]]:
    """Return the fronts without candidates that are never needed: on each of their fronts stands another one.

    The lowest means go first; of equal ones the later.
    """
    fronts = fronts_of(scores)
    order = sorted(
        scores, key=lambda name: (math.fsum(scores[name].values()) / len(scores[name]), -_number(name))
    )
    kept = {name for front in fronts.values() for name in front}
    for name in order:
        if name in kept and all(len(front & kept) > 1 for front in fronts.values() if name in front):
            kept.discard(name)
    return {row: front & kept for row, front in sorted(fronts.items())}


def draw_parent(scores: Scores, rng: random.Random) -> str:
    """Return a candidate, drawn as often as it is on a row's front.

    Args:
        scores: Of at least one candidate.
    """
    counts = Counter(name for front in undominated(scores).values() for name in front)
    names = sorted(counts, key=_number)
    return rng.choices(names, weights=[counts[name] for name in names])[0]


def _number(name: str) -> int:
    return int(name[1:]) if name[1:].isdigit() else 0
