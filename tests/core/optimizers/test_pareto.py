"""Fronts by row: who is on them, who is never needed, how parents are drawn, which rows tell two apart."""

import random
from collections import Counter

from core.optimizers.crossover import find_pair, joined, subsample
from core.optimizers.pareto import draw_parent, fronts_of, row_scores, undominated
from core.search.candidate import Candidate
from core.search.pool import Pool

SPECIALIST = {
    "c0": {0: 0.0, 1: 0.0, 2: 0.0, 3: 0.0},
    "c1": {0: 1.0, 1: 1.0, 2: 1.0, 3: 0.0},
    "c2": {0: 0.0, 1: 0.0, 2: 0.0, 3: 1.0},
}


def test_a_specialist_stays_on_the_front_that_a_mean_would_drop() -> None:
    kept = {name for front in undominated(SPECIALIST).values() for name in front}
    assert kept == {"c1", "c2"}
    assert fronts_of(SPECIALIST)[3] == {"c2"}


def test_who_stands_beside_another_on_every_front_is_never_needed() -> None:
    scores = {"c0": {0: 1.0, 1: 0.0}, "c1": {0: 1.0, 1: 1.0}, "c2": {0: 1.0, 1: 1.0}}
    assert undominated(scores) == {0: {"c1"}, 1: {"c1"}}


def test_rows_that_a_candidate_did_not_run_are_not_held_against_it() -> None:
    scores = {"c0": {0: 0.5, 1: 0.5}, "c1": {1: 1.0}}
    assert undominated(scores) == {0: {"c0"}, 1: {"c1"}}


def test_parents_are_drawn_as_often_as_they_lead() -> None:
    draw = random.Random(0)
    counts = Counter(draw_parent(SPECIALIST, draw) for _ in range(4_000))
    assert set(counts) == {"c1", "c2"}
    assert 2.5 < counts["c1"] / counts["c2"] < 3.6


def pool_of(*candidates: tuple[dict[str, str], tuple[str, ...], list[float]]) -> Pool:
    pool = Pool(len(candidates[0][2]))
    for number, (texts, parents, scores) in enumerate(candidates):
        state = {path: {"instructions": text} for path, text in texts.items()}
        candidate = Candidate(f"c{number}", f"k{number}", state, parents=parents)
        pool.add(candidate)
        for row, score in enumerate(scores):
            pool.scores.put(candidate.key, row, score)
        pool.finish(candidate, "full")
    return pool


def test_a_join_takes_each_step_from_the_side_that_changed_it() -> None:
    pool = pool_of(
        ({}, (), [0, 0, 0]), ({"look": "L"}, ("c0",), [1, 0, 0]), ({"say": "S"}, ("c0",), [0, 1, 0])
    )
    pair = find_pair(pool, row_scores(pool), ("look", "say"), random.Random(1))
    assert pair is not None
    assert pair.ids == ["c1", "c2"]
    assert pair.ancestor.id == "c0"
    assert pair.state == {"look": {"instructions": "L"}, "say": {"instructions": "S"}}


def test_what_both_changed_comes_from_the_better_one() -> None:
    own, first, second = {}, {"a": {"instructions": "1"}}, {"a": {"instructions": "2"}}
    assert joined(own, first, second, ["a"], [second]) == second
    assert joined(own, first, own, ["a"], [second]) == first
    assert joined(own, first, first, ["a"], [second]) == first


def test_parent_and_child_are_not_joined() -> None:
    pool = pool_of(
        ({}, (), [0, 0]), ({"look": "L"}, ("c0",), [1, 0]), ({"look": "L", "say": "S"}, ("c1",), [0, 1])
    )
    assert find_pair(pool, row_scores(pool), ("look", "say"), random.Random(0)) is None


def test_a_join_that_exists_is_not_made_again() -> None:
    base = [({}, (), [0, 0, 0]), ({"look": "L"}, ("c0",), [1, 0, 0]), ({"say": "S"}, ("c0",), [0, 1, 0])]
    pool = pool_of(*base)
    pair = find_pair(pool, row_scores(pool), ("look", "say"), random.Random(1))
    assert pair is not None
    from core.search.candidate import state_key

    pool.add(Candidate("c3", state_key(pair.state), pair.state, parents=("c1", "c2")))
    assert find_pair(pool, row_scores(pool), ("look", "say"), random.Random(1)) is None


def test_joins_are_tried_on_rows_where_the_two_differ() -> None:
    first = {row: float(row < 10) for row in range(30)}
    second = {row: float(10 <= row < 20) for row in range(30)}
    rows = subsample(first, second, 5, random.Random(0))
    assert len(rows) == 5
    assert any(row < 10 for row in rows) and any(10 <= row < 20 for row in rows)
    assert subsample({1: 1.0}, {2: 1.0}, 5, random.Random(0)) == ()
