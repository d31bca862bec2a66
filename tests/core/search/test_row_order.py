"""The order of rows in a race: fair to every row, and each stage like the whole."""

from __future__ import annotations

import random

import pytest

from core.search.row_order import row_order


@pytest.mark.parametrize("rows", [0, 1, 2, 7, 40, 100])
@pytest.mark.parametrize("known", [False, True])
def test_every_row_comes_once(rows, known):
    difficulty = [row % 3 / 2 for row in range(rows)] if known else None
    assert sorted(row_order(rows, difficulty, random.Random(1))) == list(range(rows))


def test_the_first_rows_hold_their_share_of_hard_ones():
    difficulty = [0.0] * 10 + [1.0] * 30
    for seed in range(50):
        order = row_order(40, difficulty, random.Random(seed))
        for stage in (8, 16, 24, 32):
            hard = sum(difficulty[row] == 0.0 for row in order[:stage])
            assert abs(hard - stage / 4) <= 2


def test_every_row_is_as_likely_to_be_among_the_first():
    difficulty, met = [row / 13 for row in range(13)], [0] * 13
    generator = random.Random(5)
    for _ in range(2600):
        for row in row_order(13, difficulty, generator)[:4]:
            met[row] += 1
    assert min(met) > 720
    assert max(met) < 880


def test_a_mean_over_the_first_rows_varies_less_than_over_random_ones():
    difficulty = [float(row >= 20) for row in range(40)]

    def spread(known):
        means = []
        for seed in range(300):
            order = row_order(40, known, random.Random(seed))[:10]
            means.append(sum(difficulty[row] for row in order) / 10)
        middle = sum(means) / len(means)
        return sum((mean - middle) ** 2 for mean in means) / len(means)

    assert spread(difficulty) < spread(None) / 3
