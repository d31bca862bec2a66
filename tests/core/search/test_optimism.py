"""What to expect of a winner on other rows: less than the rows that chose it say, the more so the more it was luck."""

from __future__ import annotations

import math
import random

import pytest

from core.search.candidate import Candidate
from core.search.optimism import expected_score
from core.search.pool import Pool


def pool_of(table, seen=None):
    pool, found = Pool(len(table[0])), []
    for number, scores in enumerate(table):
        candidate = Candidate(f"c{number}", f"k{number}", {})
        pool.add(candidate)
        run = len(scores) if seen is None else seen[number]
        for row, score in enumerate(scores[:run]):
            pool.scores.put(candidate.key, row, score)
        pool.finish(candidate, "full" if run == len(scores) else "dropped")
        found.append(candidate)
    return pool, found


def halved(table, stages):
    """Return how many rows each runs where after every stage two fifths of the candidates go on."""
    rows, going, seen = len(table[0]), list(range(len(table))), [0] * len(table)
    for stage in (*stages, rows):
        for number in going:
            seen[number] = stage
        best_first = sorted(going, key=lambda number: -sum(table[number][:stage]))
        going = best_first[: math.ceil(0.4 * len(going))]
    return seen if stages else None


def test_one_candidate_was_not_chosen_and_keeps_its_score():
    pool, [only] = pool_of([[1.0, 0.0, 1.0, 1.0]])
    assert expected_score(pool, only, random.Random(1)) == 0.75
    assert expected_score(Pool(4), Candidate("c9", "none", {}), random.Random(1)) is None


def test_a_clear_winner_keeps_its_score_and_one_of_many_equals_does_not():
    clear, [best, *_] = pool_of([[1.0] * 38 + [0.0] * 2, [0.0] * 40, [0.0] * 40])
    assert expected_score(clear, best, random.Random(1)) == pytest.approx(0.95)
    generator = random.Random(3)
    equals, candidates = pool_of([[float(generator.random() < 0.5) for _ in range(40)] for _ in range(12)])
    lucky = max(candidates, key=equals.mean)
    assert expected_score(equals, lucky, random.Random(1)) < equals.mean(lucky) - 0.05


@pytest.mark.parametrize(("rows", "stages"), [(40, ()), (40, (5, 10, 20)), (100, (13, 26, 52))])
def test_on_average_it_is_what_other_rows_give(rows, stages):
    generator, errors, flattered = random.Random(8), [], []
    for _ in range(120):
        skills = [generator.gauss(0.5, 0.08) for _ in range(10)]
        table = [[float(generator.random() < skill) for _ in range(rows)] for skill in skills]
        seen = halved(table, stages)
        pool, candidates = pool_of(table, seen)
        best = pool.leader
        truth = skills[candidates.index(best)]
        errors.append(expected_score(pool, best, generator) - truth)
        flattered.append(pool.mean(best) - truth)
    assert sum(flattered) / 120 > 0.02
    assert abs(sum(errors)) < 0.5 * sum(flattered)
