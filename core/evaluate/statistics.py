"""What a handful of scores allows to conclude: intervals of a mean, and tests between paired runs.

Knows nothing about programs, rows or files: numbers in, numbers out, standard library only. Scores are any
finite numbers; where all lie in [0, 1] (the usual case) that is used. Every random part is seeded.

Which interval: 0/1 scores take Wilson's, graded ones Student's t. Student's was chosen over a bootstrap as
the default because it needs no random numbers, so the same rows give the same digits everywhere at no cost;
``bootstrap_interval`` (BCa) is there for strongly skewed scores.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

from core.evaluate.distributions import binomial_half_tail, normal_cdf, normal_quantile, student_t_quantile
from core.evaluate.inversion import FLIPS, Interval, score_interval, sign_flips

CONFIDENCE = 0.95
RESAMPLES = 2_000


@dataclass(frozen=True)
class PairedResult:
    """Two runs over the same rows, compared row by row; everything is ``b`` minus ``a``."""

    difference: float
    """Mean of the row differences, b - a."""
    interval: Interval
    """95 % interval of that mean: zero lies inside it just where the difference is not detectable."""
    p_value: float
    """Two-sided: how often chance alone would give a difference at least this large."""
    n: int
    """Rows compared."""
    fixed: int
    """Rows where b scores above a."""
    broken: int
    """Rows where b scores below a."""
    method: str
    """The test and the interval used, in words."""
    rows_needed: int | None
    """Rows that would show a difference of this size with 80 % power; None when the difference is zero."""

    @property
    def detectable(self) -> bool:
        """Whether chance is ruled out at the 5 % level."""
        return self.p_value < 1.0 - CONFIDENCE


def mean_interval(scores: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """The confidence interval of the mean: Wilson's for 0/1 scores, Student's t for graded ones.

    Graded scores that are all alike say little about the next row, so their interval does not shrink to a
    point: up to Wilson's share of unseen rows may lie anywhere in [0, 1] (at 0 and 1 this *is* Wilson's).

    Args:
        scores: One number per row. Without any, the whole range (0, 1) is returned.
        confidence: Share of such intervals that hold the true mean.
    """
    n = len(scores)
    if n == 0:
        return (0.0, 1.0)
    if is_binary(scores):
        return wilson_interval(sum(1 for score in scores if score == 1), n, confidence)
    bounded = all(0.0 <= score <= 1.0 for score in scores)
    if bounded and min(scores) == max(scores):
        unseen = wilson_interval(0, n, confidence)[1]
        low = (1.0 - unseen) * scores[0]
        return (low, low + unseen)
    low, high = student_interval(scores, confidence)
    return (max(0.0, low), min(1.0, high)) if bounded else (low, high)


def is_binary(scores: Sequence[float]) -> bool:
    """Whether every score is 0 or 1."""
    return all(score in (0, 1) for score in scores)


def wilson_interval(successes: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927, JASA 22:209)."""
    z = normal_quantile(0.5 + confidence / 2.0)
    share, squared = successes / n, z * z
    centre = (share + squared / (2 * n)) / (1 + squared / n)
    half = z / (1 + squared / n) * math.sqrt(share * (1 - share) / n + squared / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    return (low, 1.0 if successes == n else min(1.0, centre + half))


def student_interval(scores: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Student's t interval of a mean; infinite for a single score, whose spread is unknown."""
    n, (mean, deviation) = len(scores), _moments(scores)
    if n < 2:
        return (-math.inf, math.inf)
    half = student_t_quantile(0.5 + confidence / 2.0, n - 1) * deviation / math.sqrt(n)
    return (mean - half, mean + half)


def _moments(scores: Sequence[float]) -> tuple[float, float]:
    """Mean and sample standard deviation (0 for a single score)."""
    n = len(scores)
    mean = math.fsum(scores) / n
    if n < 2:
        return (mean, 0.0)
    return (mean, math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / (n - 1)))


def bootstrap_interval(
    scores: Sequence[float], confidence: float = CONFIDENCE, *, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Bias-corrected and accelerated bootstrap of a mean (Efron 1987, JASA 82:171), seeded."""
    if min(scores) == max(scores):
        return (scores[0], scores[0])
    generator = random.Random(seed)
    n = len(scores)
    means = sorted(sum(generator.choices(scores, k=n)) / n for _ in repeat(None, resamples))
    return bca_interval(scores, means, confidence)


def bca_interval(
    scores: Sequence[float], sorted_means: Sequence[float], confidence: float = CONFIDENCE
) -> Interval:
    """The BCa end points, given the scores and the sorted means of their resamples."""
    mean, _ = _moments(scores)
    # A resample may be the sample itself in another order, which rounding must not put on either side.
    slack = 1e-12 * max(map(abs, scores))
    share = (bisect_left(sorted_means, mean - slack) + bisect_right(sorted_means, mean + slack)) / (
        2 * len(sorted_means)
    )
    if not 0.0 < share < 1.0:  # every resample on one side: no correction can be estimated
        return (quantile(sorted_means, (1 - confidence) / 2), quantile(sorted_means, (1 + confidence) / 2))
    bias = normal_quantile(share)
    spread = math.fsum((score - mean) ** 2 for score in scores)
    # The jackknife's acceleration; for a mean it is a sixth of the skewness over the root of n.
    acceleration = math.fsum((score - mean) ** 3 for score in scores) / (6.0 * spread**1.5)

    def end(probability: float) -> float:
        z = bias + normal_quantile(probability)
        return quantile(sorted_means, normal_cdf(bias + z / (1.0 - acceleration * z)))

    return (end((1 - confidence) / 2), end((1 + confidence) / 2))


def quantile(ordered: Sequence[float], probability: float) -> float:
    """Quantile of sorted numbers, linear between neighbours (type 7 of Hyndman & Fan 1996)."""
    position = probability * (len(ordered) - 1)
    index = min(int(position), len(ordered) - 1)
    following = min(index + 1, len(ordered) - 1)
    return ordered[index] + (position - index) * (ordered[following] - ordered[index])


def mcnemar_exact(fixed: int, broken: int) -> float:
    """Two-sided exact McNemar test: are changed rows as often fixed as broken? (McNemar 1947)"""
    changed = fixed + broken
    return min(1.0, 2.0 * binomial_half_tail(min(fixed, broken), changed)) if changed else 1.0


def sign_flip_test(differences: Sequence[float], *, flips: int = FLIPS, seed: int = 0) -> float:
    """Two-sided permutation test that paired differences centre on zero; see `core.evaluate.inversion.sign_flips`."""
    return sign_flips(differences, flips=flips, seed=seed)[0]


def paired_test(a: Sequence[float], b: Sequence[float], *, seed: int = 0) -> PairedResult:
    """Compare two runs row by row: is ``b`` better or worse than ``a`` beyond chance?

    0/1 scores take the exact McNemar test, others the sign-flip permutation test. The interval of the mean
    difference holds what a test of the same kind does not reject, and zero just where this one does not.

    Args:
        a: Scores of the first run.
        b: Scores of the second run on the same rows in the same order.
        seed: Seeds the permutations.
    """
    if len(a) != len(b) or not a:
        raise ValueError(f"paired scores need two equally long, non-empty lists, got {len(a)} and {len(b)}")
    differences = [after - before for before, after in zip(a, b, strict=True)]
    fixed, broken = sum(1 for d in differences if d > 0), sum(1 for d in differences if d < 0)
    difference = math.fsum(differences) / len(differences)
    if is_binary(a) and is_binary(b):
        p_value, interval = mcnemar_exact(fixed, broken), score_interval(fixed, broken, len(a), CONFIDENCE)
        method = "exact McNemar test, Tango's score interval"
    else:
        p_value, interval = sign_flips(differences, CONFIDENCE, seed=seed)
        interval = _with_ends(interval, differences)
        method = "sign-flip permutation test and its interval"
        if all(0.0 <= score <= 1.0 for score in (*a, *b)):
            interval = (max(-1.0, interval[0]), min(1.0, interval[1]))
    return PairedResult(
        difference=difference,
        interval=_agreeing(interval, p_value, difference),
        p_value=p_value,
        n=len(differences),
        fixed=fixed,
        broken=broken,
        method=method,
        rows_needed=rows_needed(differences),
    )


def _with_ends(interval: Interval, differences: Sequence[float]) -> Interval:
    """Put ends where the rows are too few, or too much alike, for the test to give any."""
    n, first = len(differences), differences[0]
    if min(differences) == max(differences):
        # No spread to see: as many unseen rows as Wilson allows may move by a whole point either way.
        unseen = wilson_interval(0, n)[1] if abs(first) <= 1 else 0.0
        return ((1 - unseen) * first - unseen, (1 - unseen) * first + unseen)
    if math.isinf(interval[0]) or math.isinf(interval[1]):
        return student_interval(differences)
    return interval


def _agreeing(interval: Interval, p_value: float, difference: float) -> Interval:
    """Let zero belong to the interval just where the test does not reject it.

    Without this the two could disagree where they rest on different arithmetic: at 0/1 scores, whose interval takes
    the normal limit of the test, and where the test itself gave no ends.
    """
    low, high = interval
    if p_value >= 1.0 - CONFIDENCE:
        return (min(low, 0.0), max(high, 0.0))
    return (max(low, 0.0), high) if difference > 0 else (low, min(high, 0.0))


def rows_needed(differences: Sequence[float], power: float = 0.8) -> int | None:
    """Rows at which a difference of the observed size would be detected with the given power.

    The usual normal approximation, ((z_0.975 + z_power) * sd / mean)^2. None when the observed mean
    difference is zero: no number of rows would show it.
    """
    mean, deviation = _moments(differences)
    if mean == 0:
        return None
    z = normal_quantile(0.5 + CONFIDENCE / 2.0) + normal_quantile(power)
    return max(len(differences) if deviation == 0 else 2, math.ceil((z * deviation / mean) ** 2))
