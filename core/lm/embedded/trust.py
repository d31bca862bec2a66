"""How far demos are believed against what the labels' names say, judged by demos that were left out.

Knows nothing about texts. Names come first: demos shift them by a weight from a short ladder. The weight starts low and
rises only where it predicts left-out demos better than the start does by more than the standard error of that gain (the
one-standard-error rule, Breiman et al. 1984, §3.4.3); it falls as soon as less is better. Each weight is judged at its
own best sharpness, so none wins by being more or less sure of itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["FEW", "START", "Trust", "judged", "softmax"]

# Chosen on intents, rows and seeds that are not those reported (docs/embedded-lm.md).
_LADDER = (0.0, 0.125, 0.25, 0.5, 1.0, 1.5, 2.5, 4.0)
_SHARPNESSES = (0.2, 0.5, 1.0, 2.0, 4.0)
_MISLABELLED = 0.1  # share of demos whose label may be wrong: no single demo decides
_MOST_SHARES = 2000  # labels times demos that are judged by; more would cost too long
_LEAST = 0.07  # stands for a weight of none where ratios of weights are compared


@dataclass(frozen=True, slots=True)
class Trust:
    """How demos' evidence joins the names'.

    Attributes:
        weight: Factor of the demos' evidence.
        sharpness: Factor of both together; changes no answer, only how sure it is.
    """

    weight: float
    sharpness: float = 1.0

    def shares(self, names: Sequence[float], demos: Sequence[float]) -> list[float]:
        """Return each label's share of belief, from the logarithms that both give."""
        return softmax(
            [self.sharpness * (name + self.weight * demo) for name, demo in zip(names, demos, strict=True)]
        )


START = Trust(0.35)
"""What demos weigh where too few were left out to judge by."""

FEW = 10
"""Fewer demos than these are too few to judge by."""

_Case = tuple[Sequence[float], Sequence[float], int]


def judged(cases: Sequence[_Case], start: float, few: int) -> Trust:
    """Return how far demos are believed.

    Args:
        cases: Per demo what the names say of it, what the other demos say of it, and its label.
        start: The weight that another has to beat; one of the ladder's.
        few: With fewer cases, the start (`START` where that is less) is kept.
    """
    if len(cases) < few:
        return Trust(min(start, START.weight))
    cases = cases[: max(_MOST_SHARES // len(cases[0][0]), few)]
    first, base = _fitted(cases, start)
    best, most = first, 0.0
    for weight in _LADDER:
        if weight == start:
            continue
        trust, said = _fitted(cases, weight)
        gain = _gain([a - b for a, b in zip(said, base, strict=True)], weight > start)
        gain -= 0.5 * math.log(max(weight, _LEAST) / start) ** 2
        if gain > most:
            best, most = trust, gain
    return best


def _gain(differences: Sequence[float], rising: bool) -> float:
    """Return the sum of differences, less its own standard error where demos would gain weight."""
    total, count = sum(differences), len(differences)
    if not rising:
        return total
    mean = total / count
    return total - math.sqrt(sum((one - mean) ** 2 for one in differences) * count / (count - 1))


def _fitted(cases: Sequence[_Case], weight: float) -> tuple[Trust, list[float]]:
    """Return a weight at its best sharpness, and the logarithm of what it says of each case's label."""
    best: tuple[float, Trust, list[float]] | None = None
    for sharpness in _SHARPNESSES:
        trust = Trust(weight, sharpness)
        said = [_log_of(trust.shares(names, demos), answer) for names, demos, answer in cases]
        score = sum(said) - 0.5 * math.log(sharpness) ** 2
        if best is None or score > best[0]:
            best = score, trust, said
    assert best is not None
    return best[1], best[2]


def _log_of(shares: Sequence[float], answer: int) -> float:
    return math.log((1.0 - _MISLABELLED) * shares[answer] + _MISLABELLED / len(shares))


def softmax(values: Sequence[float]) -> list[float]:
    """Return shares that add up to one."""
    most = max(values)
    weights = [math.exp(value - most) for value in values]
    total = sum(weights)
    return [weight / total for weight in weights]
