"""What is taken where a search ended in the middle of a race."""

from __future__ import annotations

from core.search.candidate import Candidate
from core.search.likely import likely_best
from core.search.pool import Pool


def pool_of(*scored, rows=20):
    pool = Pool(rows)
    for number, (status, scores) in enumerate(scored):
        candidate = Candidate(f"c{number}", f"k{number}", {})
        pool.add(candidate)
        for row, score in enumerate(scores):
            pool.scores.put(candidate.key, row, score)
        pool.finish(candidate, status)
    return pool


def best(*scored):
    found = likely_best(pool_of(*scored))
    return None if found is None else found.id


def test_nothing_scored_is_nothing_to_take():
    assert best() is None
    assert best(("proposed", [])) is None


def test_one_lucky_row_does_not_go_before_many_good_ones():
    poor = ("partial", [0.0] * 15)
    assert best(poor, ("partial", [1.0]), ("partial", [1.0] * 14 + [0.0])) == "c2"
    assert best(poor, ("partial", [1.0] * 3 + [0.0] * 12), ("partial", [1.0] * 2)) == "c2"


def test_one_cut_short_is_taken_where_it_leads_on_the_same_rows():
    full = [0.0] * 10 + [1.0] * 10
    assert best(("full", full), ("partial", [1.0] * 3 + [0.0] * 5)) == "c1"
    assert best(("full", full), ("partial", [0.0] * 8)) == "c0"  # a tie is no lead
    assert best(("full", full), ("dropped", [1.0] * 8)) == "c0"


def test_of_equals_the_earliest_is_taken():
    assert best(("partial", [1.0, 0.0]), ("partial", [0.0, 1.0])) == "c0"
