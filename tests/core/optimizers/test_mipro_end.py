"""When a race of MIPROv2 ends: after a few combinations that were no better, the best of them heard in full."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from core.optimizers.mipro_end import no_better, promising
from core.optimizers.mipro_plan import Plan
from core.search.candidate import Candidate
from core.search.pool import Pool

ROWS, BATCH = 20, 5
PLAN = Plan(demo_sets=6, instructions=3, trials=10, batch=BATCH, full_every=5)


def searched(*tried: tuple[str, float, int], racing: bool = True):
    """Return the view of a search that tried these: what became of each, its score of every row, and its rows."""
    pool = Pool(ROWS)
    for number, (status, score, rows) in enumerate(tried):
        candidate = Candidate(f"c{number}", f"k{number}", {})
        pool.add(candidate)
        for row in range(rows):
            pool.scores.put(candidate.key, row, score)
        pool.finish(candidate, status)
    return SimpleNamespace(pool=pool, racing=racing)


GIVEN, BEST = ("full", 0.4, ROWS), ("full", 0.8, ROWS)
WORSE, LEVEL, AHEAD = ("dropped", 0.5, 3), ("minibatch", 0.8, BATCH), ("minibatch", 0.9, BATCH)


def test_four_after_the_best_are_enough_and_what_was_tried_before_it_does_not_count() -> None:
    assert no_better(searched(GIVEN, WORSE, BEST, WORSE, LEVEL, WORSE), PLAN) == 0
    assert no_better(searched(GIVEN, WORSE, BEST, WORSE, LEVEL, WORSE, WORSE), PLAN) == 4
    assert no_better(searched(GIVEN, BEST, *[WORSE] * 9, racing=False), PLAN) == 0


def test_the_program_as_given_is_believed_to_be_the_best_only_after_seven() -> None:
    low = ("dropped", 0.1, 3)
    assert no_better(searched(GIVEN, *[low] * 6), PLAN) == 0
    assert no_better(searched(GIVEN, *[low] * 7), PLAN) == 7


def test_a_large_search_bears_a_fourth_of_its_trials() -> None:
    large = PLAN.__class__(**{**vars(PLAN), "trials": 40})
    assert no_better(searched(BEST, *[WORSE] * 9), large) == 0
    assert no_better(searched(BEST, *[WORSE] * 10), large) == 10


def test_without_mini_batches_five_that_ran_on_all_rows_or_were_dropped_are_enough() -> None:
    full = PLAN.__class__(**{**vars(PLAN), "batch": None})
    assert no_better(searched(BEST, *[WORSE] * 4), full) == 0
    assert no_better(searched(BEST, *[WORSE] * 5), full) == 5
    assert not promising(searched(BEST, *[WORSE] * 5), full)


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ((WORSE, LEVEL, WORSE), False),  # level with the best is not ahead of it
        ((WORSE, AHEAD, WORSE), True),
        ((AHEAD, ("dropped", 0.7, 12), WORSE), False),  # one was heard beyond its mini-batch already
        ((AHEAD, ("full", 0.7, ROWS)), False),
    ],
)
def test_one_that_leads_on_its_mini_batch_is_heard_in_full_once_before_the_end(since, expected) -> None:
    assert promising(searched(GIVEN, BEST, *since), PLAN) is expected
