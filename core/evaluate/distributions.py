"""The few distribution functions that intervals and tests need, in plain Python.

Knows nothing about scores, rows or runs. Checked against scipy in the tests.
"""

from __future__ import annotations

import math
from statistics import NormalDist

_STANDARD_NORMAL = NormalDist()
_TINY = 1e-300  # keeps Lentz's quotients away from zero
_CONVERGED = 3e-16
_MAX_TERMS = 10_000


def normal_quantile(probability: float) -> float:
    """The standard normal's quantile, e.g. 1.96 for 0.975."""
    return _STANDARD_NORMAL.inv_cdf(probability)


def normal_cdf(x: float) -> float:
    """The standard normal's probability of a value at or below ``x``."""
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def student_t_cdf(t: float, degrees: float) -> float:
    """Student's t: the probability of a value at or below ``t`` (DLMF 8.17, Abramowitz & Stegun 26.7.1)."""
    tail = 0.5 * incomplete_beta(degrees / (degrees + t * t), degrees / 2.0, 0.5)
    return tail if t < 0 else 1.0 - tail


def student_t_quantile(probability: float, degrees: float) -> float:
    """Student's t quantile: Newton steps on the upper tail, kept inside a bracket.

    Args:
        probability: Between 0 and 1, both excluded.
        degrees: Degrees of freedom, above 0.
    """
    if not 0.0 < probability < 1.0 or degrees <= 0:
        raise ValueError(
            f"student_t_quantile needs 0 < probability < 1 and degrees > 0, got {probability}, {degrees}"
        )
    if probability == 0.5:
        return 0.0
    tail = min(probability, 1.0 - probability)
    size = _upper_tail_quantile(tail, degrees)
    return size if probability > 0.5 else -size


def _upper_tail_quantile(tail: float, degrees: float) -> float:
    log_scale = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(degrees * math.pi)
    low, high = 0.0, 1.0
    while 1.0 - student_t_cdf(high, degrees) > tail and high < 1e300:
        low, high = high, high * 2.0
    t = min(max(normal_quantile(1.0 - tail), low), high)
    for _ in range(200):
        excess = 0.5 * incomplete_beta(degrees / (degrees + t * t), degrees / 2.0, 0.5) - tail
        low, high = (t, high) if excess > 0 else (low, t)
        density = math.exp(log_scale - (degrees + 1) / 2 * math.log1p(t * t / degrees))
        step = excess / density if density > 0 else math.inf
        following = t + step
        if not low <= following <= high:
            following = (low + high) / 2.0
        if abs(following - t) <= 1e-14 * max(1.0, abs(t)):
            return following
        t = following
    return t


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I_x(a, b) by its continued fraction (DLMF 8.17.22)."""
    if x <= 0.0:
        return 0.0
    if x >= 1.0:
        return 1.0
    if x > (a + 1.0) / (a + b + 2.0):  # the fraction converges fast on the other side only
        return 1.0 - incomplete_beta(1.0 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) * _beta_fraction(x, a, b) / a


def _beta_fraction(x: float, a: float, b: float) -> float:
    """Lentz's method on the fraction 1/(1+ d1/(1+ d2/(1+ ...))) (Thompson & Barnett 1986)."""
    c, d = 1.0, 1.0 / _away_from_zero(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, _MAX_TERMS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1.0 / _away_from_zero(1.0 + numerator * d)
            c = _away_from_zero(1.0 + numerator / c)
            value *= c * d
        if abs(c * d - 1.0) < _CONVERGED:
            return value
    return value


def _away_from_zero(x: float) -> float:
    return x if abs(x) > _TINY else _TINY


def binomial_half_tail(successes: int, trials: int) -> float:
    """P(at most ``successes`` heads in ``trials`` fair tosses), exact in integers."""
    term, total = 1, 0
    for k in range(successes + 1):
        total += term
        term = term * (trials - k) // (k + 1)
    return float(total / 2**trials) if trials < 1000 else _big_ratio(total, trials)


def _big_ratio(total: int, trials: int) -> float:
    """Return total / 2**trials where both are too long for a float: shift the common length away first."""
    shift = max(0, total.bit_length() - 64)
    return math.ldexp(float(total >> shift), shift - trials)
