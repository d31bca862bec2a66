"""Racing: saves rows, never the wrong candidate."""

from __future__ import annotations

import math
import random

import pytest

from core.search.racing import Curtailed, block_size


def winner(scores):
    best = 0
    for index, row in enumerate(scores):
        if math.fsum(row) > math.fsum(scores[best]) + 1e-9:
            best = index
    return best


def raced(scores, rule, block):
    leader, rows_run, count = 0, len(scores[0]), len(scores[0])
    for index in range(1, len(scores)):
        seen = 0
        while seen < count and not rule.hopeless(scores[index][:seen], scores[leader], count - seen):
            seen = min(count, seen + block)
        rows_run += seen
        if seen == count and math.fsum(scores[index]) > math.fsum(scores[leader]) + 1e-9:
            leader = index
    return leader, rows_run


@pytest.mark.parametrize("graded", [False, True])
def test_the_winner_is_that_of_the_full_evaluation(graded):
    generator = random.Random(4)
    saved = []
    for _ in range(300):
        rows, candidates = generator.choice([5, 30, 100]), generator.randint(2, 12)
        skills = [generator.random() for _ in range(candidates)]
        scores = [
            [
                generator.random() ** (1 / (0.2 + s)) if graded else float(generator.random() < s)
                for _ in range(rows)
            ]
            for s in skills
        ]
        best, run = raced(scores, Curtailed(), block_size(rows))
        assert best == winner(scores)
        saved.append(1 - run / (rows * candidates))
    assert sum(saved) / len(saved) > (0.02 if graded else 0.2)  # graded scores leave more to hope for


def test_a_tie_does_not_beat_the_leader():
    assert Curtailed().hopeless([1.0, 0.0], [1.0, 0.0, 1.0], 1)
    assert not Curtailed().hopeless([1.0, 1.0], [1.0, 0.0, 1.0], 1)


def test_nobody_runs_against_a_perfect_leader():
    assert "cannot be beaten" in Curtailed().hopeless([], [1.0, 1.0], 2)


def test_a_metric_above_one_switches_the_rule_off():
    assert not Curtailed().hopeless([0.0, 0.0], [5.0, 5.0, 5.0], 1)


def test_rows_without_a_score_do_not_count_as_zero():
    assert not Curtailed().hopeless([None, 1.0], [1.0, 0.0, 1.0], 1)
    assert Curtailed().hopeless([None, 0.0], [1.0, None, 1.0], 1)


@pytest.mark.parametrize(("rows", "size"), [(1, 8), (90, 8), (200, 17), (5_000, 32)])
def test_blocks_depend_on_the_number_of_rows_alone(rows, size):
    assert block_size(rows) == size
