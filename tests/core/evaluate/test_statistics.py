"""Intervals and tests against scipy, and their coverage in simulation."""

from __future__ import annotations

import math
import random
import warnings

import numpy as np
import pytest
from scipy import stats

from core.evaluate import distributions, inversion
from core.evaluate import statistics as ours

TOLERANCE = 1e-9
CASES = [pytest.param(60, id="sample"), pytest.param(1000, id="all", marks=pytest.mark.full)]


def graded(generator: random.Random, n: int) -> list[float]:
    steps = generator.choice([4, 10, 1000])
    return [generator.randint(0, steps) / steps for _ in range(n)]


@pytest.mark.parametrize("cases", CASES)
def test_wilson_is_scipys(cases):
    generator = random.Random(1)
    for _ in range(cases):
        n = generator.randint(1, 2000)
        k = generator.randint(0, n)
        level = generator.choice([0.8, 0.95, 0.99])
        expected = stats.binomtest(k, n).proportion_ci(level, method="wilson")
        assert ours.wilson_interval(k, n, level) == pytest.approx(
            (expected.low, expected.high), abs=TOLERANCE
        )
        scores = [1.0] * k + [0.0] * (n - k)
        assert ours.mean_interval(scores, level) == ours.wilson_interval(k, n, level)


@pytest.mark.parametrize("cases", CASES)
def test_students_interval_is_scipys(cases):
    generator = random.Random(2)
    for _ in range(cases):
        scores = graded(generator, generator.randint(2, 400))
        if min(scores) == max(scores):
            continue
        level = generator.choice([0.8, 0.95, 0.99])
        low, high = stats.t.interval(level, len(scores) - 1, loc=np.mean(scores), scale=stats.sem(scores))
        assert ours.student_interval(scores, level) == pytest.approx((low, high), abs=TOLERANCE)


@pytest.mark.parametrize("cases", CASES)
def test_quantiles_and_tails_are_scipys(cases):
    generator = random.Random(3)
    for _ in range(cases):
        degrees = generator.choice([1, 2, 3, generator.randint(4, 100), generator.randint(100, 50_000)])
        p = generator.choice([generator.uniform(0.001, 0.999), 0.975, 0.995, 0.5])
        assert distributions.student_t_quantile(p, degrees) == pytest.approx(
            stats.t.ppf(p, degrees), rel=TOLERANCE, abs=TOLERANCE
        )
        t = generator.uniform(-6, 6)
        assert distributions.student_t_cdf(t, degrees) == pytest.approx(
            stats.t.cdf(t, degrees), abs=TOLERANCE
        )
        assert distributions.normal_cdf(t) == pytest.approx(stats.norm.cdf(t), abs=1e-12)
        n = generator.randint(1, 3000)
        k = generator.randint(0, n)
        assert distributions.binomial_half_tail(k, n) == pytest.approx(
            stats.binom.cdf(k, n, 0.5), abs=TOLERANCE
        )


@pytest.mark.parametrize("cases", CASES)
def test_mcnemar_is_scipys_binomial_test(cases):
    generator = random.Random(4)
    for _ in range(cases):
        fixed, broken = generator.randint(0, 300), generator.randint(0, 300)
        expected = stats.binomtest(fixed, fixed + broken, 0.5).pvalue if fixed + broken else 1.0
        assert ours.mcnemar_exact(fixed, broken) == pytest.approx(expected, abs=TOLERANCE)


@pytest.mark.parametrize("cases", CASES)
def test_sign_flips_counted_out_are_scipys(cases):
    generator = random.Random(5)
    for _ in range(cases):
        n = generator.randint(2, 9)
        differences = [
            generator.choice([0.0, 0.25, 0.5, generator.random()]) * generator.choice([-1, 1])
            for _ in range(n)
        ]
        expected = stats.permutation_test(
            (differences,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
        )
        assert ours.sign_flip_test(differences) == pytest.approx(expected.pvalue, abs=TOLERANCE)


def test_drawn_sign_flips_come_near_the_normal_limit():
    generator = random.Random(6)
    for n in (17, 40, 333):
        differences = [generator.gauss(0.1, 1.0) for _ in range(n)]
        z = sum(differences) / math.sqrt(sum(d * d for d in differences))
        expected = 2 * stats.norm.sf(abs(z))
        assert ours.sign_flip_test(differences) == pytest.approx(expected, abs=0.03)


def test_drawn_sign_flips_agree_with_counted_ones():
    generator = random.Random(7)
    differences = [generator.gauss(0.2, 1.0) for _ in range(16)]
    exact = ours.sign_flip_test(differences)
    sums = inversion.signed_sums(differences)
    assert len(sums) == 2**16
    drawn = ours.sign_flip_test([*differences, 1e-9], flips=40_000)
    assert drawn == pytest.approx(exact, abs=0.01)


def test_zero_differences_change_no_p_value():
    differences = [0.5, 0.5, -0.25, 1.0]
    assert ours.sign_flip_test(differences + [0.0] * 50) == ours.sign_flip_test(differences)
    assert ours.sign_flip_test([0.0] * 10) == 1.0


def bootstrapped(scores, means, level):
    """scipy's BCa end points for means that we drew."""
    drawn = stats._resampling.BootstrapResult(
        confidence_interval=None, bootstrap_distribution=np.array(means), standard_error=0.0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = stats.bootstrap(
            (scores,), np.mean, n_resamples=0, bootstrap_result=drawn, confidence_level=level, method="BCa"
        )
    return found.confidence_interval.low, found.confidence_interval.high


@pytest.mark.parametrize("cases", CASES)
def test_bca_is_scipys_on_the_same_resamples(cases):
    generator = random.Random(8)
    for _ in range(cases):
        scores = [generator.betavariate(2, 1) for _ in range(generator.randint(15, 60))]
        n = len(scores)
        means = sorted(sum(generator.choices(scores, k=n)) / n for _ in range(200))
        low, high = ours.bca_interval(scores, means, 0.9)
        assert (low, high) == pytest.approx(bootstrapped(scores, means, 0.9), abs=TOLERANCE)


def test_quantiles_are_numpys():
    generator = random.Random(9)
    values = sorted(generator.random() for _ in range(37))
    for p in (0.0, 0.025, 0.3, 0.5, 0.999, 1.0):
        assert ours.quantile(values, p) == pytest.approx(float(np.quantile(values, p)), abs=1e-12)


@pytest.mark.parametrize(
    ("draw", "mean", "n"),
    [
        pytest.param(lambda g: float(g.random() < 0.7), 0.7, 100, id="binary 0.7"),
        pytest.param(lambda g: float(g.random() < 0.5), 0.5, 40, id="binary 0.5"),
        pytest.param(lambda g: g.betavariate(4, 2), 4 / 6, 30, id="beta"),
        pytest.param(lambda g: g.choice([0.0, 0.25, 0.5, 0.75, 1.0, 1.0]), 3.5 / 6, 50, id="five grades"),
        pytest.param(lambda g: g.choice([0.0, 0.0, 0.6, 1.0]), 0.4, 100, id="f1 like"),
    ],
)
@pytest.mark.parametrize(
    "runs", [pytest.param(1500, id="sample"), pytest.param(10_000, id="all", marks=pytest.mark.full)]
)
def test_95_percent_intervals_hold_the_mean_that_often(draw, mean, n, runs):
    generator = random.Random(10)
    held = 0
    for _ in range(runs):
        low, high = ours.mean_interval([draw(generator) for _ in range(n)])
        held += low <= mean <= high
    assert 0.93 <= held / runs <= 0.97


@pytest.mark.parametrize(
    "runs", [pytest.param(300, id="sample"), pytest.param(2000, id="all", marks=pytest.mark.full)]
)
@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda g: (float(g.random() < 0.6), float(g.random() < 0.7)), id="binary"),
        pytest.param(
            lambda g: ((v := g.betavariate(3, 2)) * 0.9, min(1.0, v * 0.9 + 0.2 * g.random())), id="graded"
        ),
    ],
)
def test_paired_intervals_hold_the_difference_that_often(draw, runs):
    generator = random.Random(11)
    large = [draw(generator) for _ in range(200_000)]
    truth = sum(b - a for a, b in large) / len(large)
    held = 0
    for seed in range(runs):
        pairs = [draw(generator) for _ in range(60)]
        interval = ours.bootstrap_interval([b - a for a, b in pairs], resamples=400, seed=seed)
        held += interval[0] <= truth <= interval[1]
    margin = 2.6 * math.sqrt(0.95 * 0.05 / runs)
    assert 0.93 - margin <= held / runs <= 0.97 + margin


@pytest.mark.parametrize(
    "runs", [pytest.param(400, id="sample"), pytest.param(4000, id="all", marks=pytest.mark.full)]
)
def test_no_difference_is_called_one_in_at_most_a_twentieth(runs):
    generator = random.Random(12)
    false_alarms = {"binary": 0, "graded": 0}
    for _ in range(runs):
        a, b = ([float(generator.random() < 0.7) for _ in range(60)] for _ in range(2))
        false_alarms["binary"] += (
            ours.mcnemar_exact(
                sum(y > x for x, y in zip(a, b, strict=True)), sum(y < x for x, y in zip(a, b, strict=True))
            )
            < 0.05
        )
        differences = [generator.gauss(0, 1) for _ in range(25)]
        false_alarms["graded"] += ours.sign_flip_test(differences, flips=400) < 0.05
    margin = 2.6 * math.sqrt(0.05 * 0.95 / runs)
    assert all(count / runs <= 0.05 + margin for count in false_alarms.values())


def test_nothing_scored_says_nothing():
    assert ours.mean_interval([]) == (0.0, 1.0)
    assert ours.student_interval([0.5]) == (-math.inf, math.inf)
    assert ours.mean_interval([5.0]) == (-math.inf, math.inf)


def test_scores_all_alike_keep_a_width_that_shrinks_with_rows():
    narrow, wide = ours.mean_interval([0.5] * 1000), ours.mean_interval([0.5] * 10)
    assert wide[0] < narrow[0] < 0.5 < narrow[1] < wide[1]
    assert ours.mean_interval([1.0] * 10) == pytest.approx(ours.wilson_interval(10, 10))


def test_scores_beyond_one_are_not_cut_off():
    low, high = ours.mean_interval([3.0, 4.0, 5.0, 4.0])
    assert 1.0 < low < 4.0 < high


def test_bounded_scores_stay_in_bounds():
    low, high = ours.mean_interval([1.0, 1.0, 0.99])
    assert 0.0 <= low <= high <= 1.0


def test_paired_test_counts_and_names_what_it_did():
    result = ours.paired_test([0, 0, 1, 1, 0], [1, 1, 1, 0, 0])
    assert (result.fixed, result.broken, result.n) == (2, 1, 5)
    assert result.difference == pytest.approx(0.2)
    assert result.method == "exact McNemar test, Tango's score interval"
    assert ours.paired_test([0.5, 0.2], [0.7, 0.4]).method.startswith("sign-flip permutation test")


def test_a_clear_difference_is_detectable_and_noise_is_not():
    clear = ours.paired_test([0.0] * 40, [1.0] * 20 + [0.0] * 20)
    assert clear.detectable
    assert clear.interval[0] > 0
    noise = ours.paired_test([0.0, 1.0] * 20, [1.0, 0.0] * 20)
    assert not noise.detectable
    assert noise.rows_needed is None


def test_the_same_rows_give_the_same_digits():
    generator = random.Random(13)
    a, b = graded(generator, 80), graded(generator, 80)
    assert ours.paired_test(a, b) == ours.paired_test(a, b)


def test_unchanged_rows_still_leave_room_for_a_change():
    result = ours.paired_test([1.0, 0.0] * 5, [1.0, 0.0] * 5)
    assert result.p_value == 1.0
    assert result.interval[0] < 0 < result.interval[1]


def test_rows_needed_is_the_sample_size_formula():
    differences = [1.0] * 6 + [-1.0] * 4
    deviation = np.std(differences, ddof=1)
    expected = ((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * deviation / 0.2) ** 2
    assert ours.rows_needed(differences) == math.ceil(expected)


@pytest.mark.parametrize("pair", [([], []), ([1.0], [1.0, 0.0])])
def test_unpaired_scores_are_refused(pair):
    with pytest.raises(ValueError, match="equally long"):
        ours.paired_test(*pair)


@pytest.mark.parametrize("arguments", [(0.0, 3), (1.0, 3), (0.5, 0)])
def test_quantiles_refuse_what_has_none(arguments):
    with pytest.raises(ValueError, match="probability"):
        distributions.student_t_quantile(*arguments)
