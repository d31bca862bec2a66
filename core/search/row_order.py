"""In which order candidates meet the rows: a random one, or one in which every stage is like the whole.

Knows nothing about programs or rules. With scores of earlier candidates the rows are sorted by difficulty and taken
from all over that order, in steps that fill the gaps evenly (van der Corput 1935): the first few rows then hold their
share of hard and easy ones. A mean over the first rows stays unbiased, as the row to begin with is drawn at random, and
varies less than one over rows drawn freely (stratified sampling: Cochran 1977, ch. 5).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

__all__ = ["row_order"]


def row_order(rows: int, difficulty: Sequence[float] | None, generator: random.Random) -> list[int]:
    """Return the positions of all rows in racing order.

    Args:
        rows: How many there are.
        difficulty: For each row what candidates scored on it on average; None: nothing is known.
        generator: Of everything random in it.
    """
    order = list(range(rows))
    generator.shuffle(order)  # also decides between rows of equal difficulty
    if difficulty is None:
        return order
    ranked = sorted(order, key=lambda row: difficulty[row])
    shift = generator.randrange(rows) if rows else 0
    places = sorted(range(rows), key=_fraction)
    # The row of rank r is met in the step whose fraction is the r-th smallest; the shift makes every row as likely.
    met = dict(zip(places, [*ranked[shift:], *ranked[:shift]], strict=True))
    return [met[step] for step in range(rows)]


def _fraction(step: int) -> float:
    """Return the van der Corput number of a step in base 2: 0, 1/2, 1/4, 3/4, 1/8 …"""
    found, part = 0.0, 0.5
    while step:
        found += part * (step & 1)
        part, step = part / 2, step >> 1
    return found
