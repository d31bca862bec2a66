"""Several runs of every row of a batch: where a program wavers, there is something to learn.

Knows nothing about what is made of them. SIMBA (stochastic introspective mini-batch ascent) of DSPy; it has no paper.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from core.search.jobs import Attempt
from core.search.problem import Item

__all__ = ["Bucket", "Run", "buckets_of", "percentile", "poisson", "softmax_draw"]


@dataclass(frozen=True)
class Run:
    """One attempt at a row; a failed one scores 0."""

    attempt: Attempt
    score: float


@dataclass(frozen=True)
class Bucket:
    """All runs of one row, best first."""

    item: Item
    runs: Sequence[Run]

    @property
    def best(self) -> Run:
        """The run with the highest score, the first of equals."""
        return self.runs[0]

    @property
    def worst(self) -> Run:
        """The run with the lowest score."""
        return self.runs[-1]

    @property
    def spread(self) -> tuple[float, float, float]:
        """How far the best is from the worst, how good it is, and how far from the mean."""
        scores = [run.score for run in self.runs]
        best = scores[0]
        return best - scores[-1], best, best - math.fsum(scores) / len(scores)


def buckets_of(batch: Sequence[Item], attempts: Sequence[Attempt]) -> list[Bucket]:
    """Return a bucket a row, the widest spread first.

    Args:
        batch: The rows.
        attempts: All rows once, then all of them again, and so on.
    """
    found: list[Bucket] = []
    for place, item in enumerate(batch):
        runs = [Run(attempt, attempt.score or 0.0) for attempt in attempts[place :: len(batch)]]
        found.append(Bucket(item, sorted(runs, key=lambda run: -run.score)))
    return sorted(found, key=lambda bucket: bucket.spread, reverse=True)


def percentile(values: Sequence[float], share: float) -> float:
    """Return a percentile, between two values where it falls between them; 0 without values.

    Args:
        share: 0 to 1.
    """
    ordered = sorted(values)
    if not ordered:
        return 0.0
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def poisson(mean: float, rng: random.Random) -> int:
    """Return a Poisson number (Knuth, The Art of Computer Programming 2, 3.4.1)."""
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def softmax_draw(scores: Sequence[float], temperature: float, rng: random.Random) -> int:
    """Return a place, the likelier the higher its score; at temperature 0 that of the first highest."""
    if not temperature:
        return max(range(len(scores)), key=lambda place: scores[place])
    top = max(scores)
    weights = [math.exp((score - top) / temperature) for score in scores]
    return rng.choices(range(len(scores)), weights=weights)[0]
