"""The pool: scores, standings, duplicates, the leader."""

from __future__ import annotations

from core.search.candidate import Candidate, demo_counts, demo_rows, state_key
from core.search.pool import Pool
from core.search.score_cache import ScoreCache


def candidate(number: int, demo: str = "") -> Candidate:
    state = {"self": {"demos": [{"row": demo or str(number)}]}}
    return Candidate(f"c{number}", state_key(state), state)


def test_scores_keep_unscored_rows_apart_from_rows_not_run():
    cache = ScoreCache(4)
    cache.put("a", 0, 0.5)
    cache.put("a", 2, None)
    assert cache.scores("a") == [0.5, None]
    assert cache.scores("a", [2, 1, 0]) == [None, 0.5]
    assert (cache.count("a"), cache.seen("a", 2), cache.seen("a", 3), cache.count("b")) == (2, True, False, 0)
    cache.drop("a")
    assert cache.scores("a") == []


def test_a_score_over_some_rows_is_not_a_full_one():
    pool, one = Pool(3), candidate(1)
    pool.add(one)
    pool.scores.put(one.key, 0, 1.0)
    pool.scores.put(one.key, 1, None)
    standing = pool.standing(one)
    assert (standing.mean, standing.scored, standing.rows, standing.of, standing.full) == (
        1.0,
        1,
        2,
        3,
        False,
    )
    assert standing.interval[0] < 0.5
    assert pool.leader is None


def test_the_leader_is_the_best_full_candidate_and_the_earliest_of_equals():
    pool = Pool(2)
    for number, scores in enumerate([(1, 0), (0, 1), (1, 1), (1, 1)]):
        one = candidate(number)
        pool.add(one)
        for row, score in enumerate(scores):
            pool.scores.put(one.key, row, score)
        pool.finish(one, "full")
    assert pool.leader is not None
    assert pool.leader.id == "c2"
    assert [entry.candidate.id for entry in pool.ranked()] == ["c2", "c3", "c0", "c1"]


def test_the_same_state_is_the_same_program():
    pool = Pool(1)
    pool.add(candidate(0, "x"))
    again = pool.add(candidate(1, "x"))
    assert (again.status, again.reason) == ("duplicate", "the same program as c0")


def test_counts_and_rows_of_demos():
    state = {"a": {"demos": [{"row": "1", "values": {}}, {"row": "2"}]}, "b": {"instructions": "x"}}
    assert demo_counts(state) == {
        "a": {"bootstrapped": 1, "labeled": 1},
        "b": {"bootstrapped": 0, "labeled": 0},
    }
    assert demo_rows(state) == {"1", "2"}
