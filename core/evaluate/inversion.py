"""Intervals of a mean difference that hold what a test does not reject, so that the two cannot contradict each other.

Knows nothing about runs or rows: paired differences in, p-values and end points out, standard library only.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from operator import getitem

from core.evaluate.distributions import normal_quantile

__all__ = ["FLIPS", "Interval", "score_interval", "sign_flips", "signed_sums"]

Interval = tuple[float, float]

FLIPS = 10_000
EXACT_FLIPS_UP_TO = 16  # 2**16 sign patterns are counted one by one
_HALVINGS = 60


def score_interval(fixed: int, broken: int, n: int, confidence: float = 0.95) -> Interval:
    """The score interval of the difference of two paired proportions (Tango 1998, Statistics in Medicine 17:891).

    Holds every difference that the score test does not reject; at zero that is McNemar's test with the normal limit.

    Args:
        fixed, broken: Pairs that went from 0 to 1 and from 1 to 0.
        n: All pairs.
        confidence: Share of such intervals that hold the true difference.
    """
    z = normal_quantile(0.5 + confidence / 2.0)
    seen = (fixed - broken) / n
    low = _last(lambda delta: _score(fixed, broken, n, delta) <= z, seen, -1.0)
    return (low, _last(lambda delta: _score(fixed, broken, n, delta) >= -z, seen, 1.0))


def _score(fixed: int, broken: int, n: int, delta: float) -> float:
    """Tango's statistic: how many standard errors the seen difference lies above `delta`."""
    gap = fixed - broken - n * delta
    # The likeliest share of broken pairs were `delta` true: the larger root of a quadratic.
    half = (2 * n - fixed + broken) * delta - fixed - broken
    share = (math.sqrt(max(0.0, half * half + 8 * n * broken * delta * (1 - delta))) - half) / (4 * n)
    variance = n * (2 * share + delta * (1 - delta))
    if variance <= 0.0:
        return math.copysign(math.inf, gap) if gap else 0.0
    return gap / math.sqrt(variance)


def _last(holds: Callable[[float], bool], inside: float, outside: float) -> float:
    """The point between `inside`, where something holds, and `outside` up to which it does."""
    if holds(outside):
        return outside
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return inside


def sign_flips(
    differences: Sequence[float], confidence: float = 0.95, *, flips: int = FLIPS, seed: int = 0
) -> tuple[float, Interval]:
    """Two-sided permutation test that paired differences centre on zero (Fisher 1935), and its inversion.

    If nothing changed, the sign of each difference is a coin toss. Every sign pattern is counted for up to
    16 non-zero differences; above that ``flips`` seeded patterns are drawn, and the observed one counts too
    (Phipson & Smyth 2010), so the p-value is never zero.

    A pattern parts the rows in two, and is as extreme as the rows themselves exactly where the difference tested for
    lies between the means of the parts (Hartigan 1969, JASA 64:1303): one pass gives the p-value of every difference.
    The interval holds those with a p-value of 1 - ``confidence`` or more; an end is infinite where there are too few
    rows to reject any. Few rows of one-sided differences (a point gained on every tenth) say less than it thinks, as
    with Student's: flips take a gain to be as likely as a loss.

    Returns:
        The p-value of zero, and the interval.
    """
    total = math.fsum(differences)
    threshold = abs(total) - 1e-12 * max(1.0, math.fsum(map(abs, differences)))
    lows: list[float] = []
    highs: list[float] = []
    extreme = 0
    for flipped, negatives in _patterns(differences, flips, seed):
        low, high = _between(total, flipped, negatives, len(differences))
        if abs(flipped) >= threshold:  # zero lies between, whatever rounding says
            extreme, low, high = extreme + 1, min(low, 0.0), max(high, 0.0)
        elif low <= 0.0 <= high:
            low, high = (math.ulp(0.0), high) if total > 0 else (low, -math.ulp(0.0))
        lows.append(low)
        highs.append(high)
    observed = 0 if sum(map(bool, differences)) <= EXACT_FLIPS_UP_TO else 1
    count = len(lows) + observed
    # The fewest patterns that make a p-value of 1 - confidence, by the very comparison that a verdict makes.
    needed = next(k for k in range(1, count + 1) if (k + observed) / count >= 1.0 - confidence)
    return (extreme + observed) / count, (sorted(lows)[needed - 1], sorted(highs)[-needed])


def _between(total: float, flipped: float, negatives: int, n: int) -> Interval:
    """The means of the rows that keep their sign and of those that do not, in order."""
    if negatives in (0, n):
        return (-math.inf, math.inf)
    kept, turned = (total + flipped) / 2 / (n - negatives), (total - flipped) / 2 / negatives
    return (kept, turned) if kept <= turned else (turned, kept)


def _patterns(differences: Sequence[float], flips: int, seed: int) -> Iterator[tuple[float, int]]:
    """The sum of the differences under each pattern of signs, and how many signs are turned in it."""
    moved = [value for value in differences if value != 0]
    if len(differences) <= EXACT_FLIPS_UP_TO:
        moved = list(differences)
    still = len(differences) - len(moved)
    # Rows that did not move change no sum, but take a side too; their tosses have a generator of their own.
    sides = random.Random(f"{seed} still")
    if len(moved) <= EXACT_FLIPS_UP_TO:
        sums = signed_sums(moved)
        for _ in range(math.ceil(flips / len(sums)) if still else 1):
            for pattern, value in enumerate(sums):
                yield value, pattern.bit_count() + (sides.getrandbits(still).bit_count() if still else 0)
        return
    generator = random.Random(seed)
    # Eight differences at a time: a table of their 256 signed sums turns a random byte into a partial sum.
    tables = [signed_sums(moved[start : start + 8]) for start in range(0, len(moved), 8)]
    for _ in range(flips):
        tosses = bytearray(generator.randbytes(len(tables)))
        tosses[-1] &= len(tables[-1]) - 1
        turned = int.from_bytes(tosses, "big").bit_count()
        yield (
            sum(map(getitem, tables, tosses)),
            turned + (sides.getrandbits(still).bit_count() if still else 0),
        )


def signed_sums(values: Sequence[float]) -> list[float]:
    """All 2**n sums of the values with either sign; a bit of the index is set where a sign is turned."""
    sums = [0.0]
    for value in values:
        sums = [total + value for total in sums] + [total - value for total in sums]
    return sums
