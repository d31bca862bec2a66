"""Intervals that hold what a test does not reject: published figures, brute force, coverage, and no contradiction."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest
from scipy import optimize, stats

from core.evaluate import statistics as ours
from core.evaluate.inversion import score_interval, sign_flips

CASES = [pytest.param(40, id="sample"), pytest.param(400, id="all", marks=pytest.mark.full)]


def test_the_score_interval_is_the_published_one():
    """Airway hyper-responsiveness of 21 children: Fagerland, Lydersen, Laake, Statistics in Medicine 33:2850, 2014."""
    low, high = score_interval(fixed=1, broken=7, n=21)
    assert (round(low, 3), round(high, 3)) == (-0.517, -0.026)


@pytest.mark.parametrize("cases", CASES)
def test_the_score_interval_ends_where_the_score_test_begins_to_reject(cases):
    """The statistic is made anew here: the likelihood is maximised by search, not by Tango's quadratic."""

    def statistic(fixed, broken, n, delta):
        def loss(share):  # of broken pairs; that of fixed ones is delta more
            parts = [(fixed, share + delta), (broken, share), (n - fixed - broken, 1 - 2 * share - delta)]
            return -sum(count * math.log(max(part, 1e-300)) for count, part in parts if count)

        bounds = (max(0.0, -delta), (1 - delta) / 2)
        share = optimize.minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-12}).x
        return (fixed - broken - n * delta) / math.sqrt(n * (2 * share + delta * (1 - delta)))

    generator = random.Random(1)
    for _ in range(cases):
        n = generator.randint(8, 400)
        fixed = generator.randint(1, n // 3)
        broken = generator.randint(1, n // 3)
        for end, sign in zip(score_interval(fixed, broken, n), (1, -1), strict=True):
            assert statistic(fixed, broken, n, end) == pytest.approx(
                sign * stats.norm.ppf(0.975), abs=1e-3
            ), (fixed, broken, n)


def test_the_score_interval_leaves_room_where_nothing_or_everything_changed():
    low, high = score_interval(0, 0, 30)
    assert (low, high) == (pytest.approx(-high), pytest.approx(ours.wilson_interval(0, 30)[1]))
    assert score_interval(30, 0, 30) == (pytest.approx(1 - 2 * high, abs=0.02), 1.0)
    assert score_interval(0, 30, 30)[0] == -1.0


@pytest.mark.parametrize("cases", CASES)
def test_the_flip_interval_holds_just_the_shifts_that_the_flip_test_does_not_reject(cases):
    generator = random.Random(2)
    for _ in range(cases):
        n = generator.randint(6, 11)
        differences = [generator.choice([0.0, 0.25, -0.5, generator.uniform(-1, 1)]) for _ in range(n)]
        p_value, (low, high) = sign_flips(differences)
        assert p_value == pytest.approx(shifted(differences, 0.0))
        for end, outward in ((low, -1e-6), (high, 1e-6)):
            assert shifted(differences, end + outward) < 0.05
            if low < high:
                assert shifted(differences, end - outward) >= 0.05


def shifted(differences, delta):
    """The test of a shift by its definition: every sign of every row, zeros too."""
    moved = np.array(differences) - delta
    signs = np.array(list(itertools.product((1, -1), repeat=len(moved))))
    return float(np.mean(np.abs(signs @ moved) >= abs(moved.sum()) - 1e-12))


def test_the_flip_interval_of_many_rows_comes_near_students():
    generator = random.Random(3)
    differences = [generator.gauss(0.1, 1.0) for _ in range(400)]
    assert sign_flips(differences)[1] == pytest.approx(ours.student_interval(differences), abs=0.01)


def binary(generator, n):
    chances = generator.random(), generator.random()
    return tuple([float(generator.random() < chance) for _ in range(n)] for chance in chances)


def unmoved(generator, n):
    a = [float(generator.random() < 0.5) for _ in range(n)]
    b = [1.0 if generator.random() < generator.choice([0.05, 0.4]) else score for score in a]
    return a, b


def in_grades(generator, n):
    a = [generator.choice([0.0, 0.25, 0.5, 1.0]) for _ in range(n)]
    b = [score if generator.random() < 0.6 else generator.choice([0.5, 0.75, 1.0]) for score in a]
    return a, b


def alike(generator, n):
    step = generator.choice([0.0, 0.1, 0.5, -0.2])
    return [0.3] * n, [0.3 + step] * n


def unbounded(generator, n):
    return [0.0] * n, [generator.gauss(generator.choice([0, 40]), 50) for _ in range(n)]


@pytest.mark.parametrize("draw", [binary, unmoved, in_grades, alike, unbounded])
@pytest.mark.parametrize("cases", CASES)
def test_interval_and_verdict_never_contradict_each_other(draw, cases):
    generator = random.Random(4)
    bounded = draw is not unbounded
    for number in range(3 * cases):
        n = (
            generator.choice([1, 2, 3, 5, 6, 7, 10, 12, 20, 40, 120])
            if number % 3
            else generator.randint(5, 12)
        )
        result = ours.paired_test(*draw(generator, n), seed=number)
        low, high = result.interval
        assert low <= result.difference + 1e-12
        assert result.difference - 1e-12 <= high
        # An end may touch zero where rows are so alike that the test gives no ends of its own.
        assert not low < 0 < high if result.detectable else low <= 0 <= high
        if bounded:
            assert -1 <= low <= high <= 1


def test_every_table_of_few_rows_agrees():
    for n in range(1, 21):
        for fixed in range(n + 1):
            for broken in range(n + 1 - fixed):
                a = [0.0] * fixed + [1.0] * broken + [0.0] * (n - fixed - broken)
                b = [1.0] * fixed + [0.0] * broken + [0.0] * (n - fixed - broken)
                result = ours.paired_test(a, b)
                assert result.detectable == (not result.interval[0] <= 0 <= result.interval[1]), (
                    fixed,
                    broken,
                )


def test_children_with_asthma_are_no_longer_told_both():
    """The score interval alone excludes zero where the exact test says p = 0.07."""
    a, b = [1.0] * 7 + [0.0] + [1.0] * 13, [0.0] * 7 + [1.0] + [1.0] * 13
    result = ours.paired_test(a, b)
    assert result.p_value == pytest.approx(0.0703, abs=1e-4)
    assert result.interval == (pytest.approx(-0.517, abs=1e-3), 0.0)


RUNS = [pytest.param(400, id="sample"), pytest.param(4_000, id="all", marks=pytest.mark.full)]


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize("n", [12, 60])
def test_95_percent_score_intervals_hold_the_difference_that_often(n, runs):
    generator = random.Random(5)
    held = 0
    for _ in range(runs):
        differences = generator.choices([1, 1, -1, *[0] * 7], k=n)
        low, high = score_interval(differences.count(1), differences.count(-1), n)
        held += low <= 0.1 <= high
    margin = 2.6 * math.sqrt(0.95 * 0.05 / runs)
    assert 0.93 - margin <= held / runs <= 0.985 + margin


@pytest.mark.parametrize("runs", RUNS)
@pytest.mark.parametrize(
    ("draw", "truth", "n"),
    [
        pytest.param(lambda g: g.choice([0.0, 0.0, g.uniform(-0.6, 1.0)]), 0.2 / 3, 20, id="skewed, 20 rows"),
        pytest.param(lambda g: g.choice([0.5, -0.5, 0.25, 1.0]), 0.3125, 10, id="skewed, 10 rows"),
        pytest.param(lambda g: g.choice([0.0, g.uniform(-1.0, 1.0)]), 0.0, 20, id="symmetric, 20 rows"),
    ],
)
def test_95_percent_flip_intervals_hold_the_difference_as_often_as_students(draw, truth, n, runs):
    """Few skewed rows say less than any 95 % interval thinks: Student's holds 92 % of the first, a bootstrap-t 90 %."""
    generator = random.Random(5)
    held = students = 0
    for _ in range(runs):
        differences = [draw(generator) for _ in range(n)]
        low, high = sign_flips(differences, flips=400)[1]
        held += low <= truth <= high
        low, high = ours.student_interval(differences)
        students += low <= truth <= high
    assert students / runs - 0.01 <= held / runs <= 0.985
