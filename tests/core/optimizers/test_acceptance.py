"""Successive acceptance: how many rows a candidate meets, and who is given more of them."""

from types import SimpleNamespace
from typing import Any

from core.foundation.randomness import rng
from core.optimizers.acceptance import promoted, stage_rows
from core.search.candidate import Candidate
from core.search.pool import Pool


def view_of(rows: int, scores: dict[str, list[float]]) -> Any:
    """A search whose first candidate ran on every row and the others on the first few."""
    pool = Pool(rows)
    for name, found in scores.items():
        candidate = Candidate(name, f"key {name}", {name: {"instructions": name}}, notes={"group": 1})
        pool.add(candidate)
        for row, score in enumerate(found):
            pool.scores.put(candidate.key, row, score)
        pool.finish(candidate, "full" if len(found) == rows else "minibatch")
    problem = SimpleNamespace(scoring=range(rows))
    return SimpleNamespace(
        problem=problem, pool=pool, leader=pool.leader, rng=lambda *purpose: rng(0, *purpose)
    )


def group(candidate: Candidate) -> int | None:
    return candidate.notes["group"]


def test_a_quarter_then_half_then_all() -> None:
    view = view_of(40, {})
    first, second = stage_rows(view, 3), stage_rows(view, 3, 10)
    assert first is not None and second is not None
    assert len(first) == 10 and len(second) == 20 and set(first) < set(second)
    assert stage_rows(view, 3, 20) is None
    assert stage_rows(view, 4) != first


def test_eight_rows_are_the_least_and_few_rows_are_met_at_once() -> None:
    assert len(stage_rows(view_of(20, {}), 0) or ()) == 8
    assert len(stage_rows(view_of(20, {}), 0, 8) or ()) == 16
    assert stage_rows(view_of(16, {}), 0) is None


def test_only_who_leads_goes_on_and_the_most_promising_first() -> None:
    best = [0.0] * 5 + [1.0] * 35
    view = view_of(40, {"c0": best, "c1": [1.0] * 3 + [0.0] * 7, "c2": [1.0] * 9 + [0.0]})
    found = promoted(view, group)
    assert found is not None and found.state == {"c2": {"instructions": "c2"}}
    assert found.rows is not None and len(found.rows) == 20
    behind = view_of(40, {"c0": best, "c1": [1.0] * 5 + [0.0] * 5})
    assert promoted(behind, group) is None


def test_a_short_lead_promises_less_than_the_same_share_of_more_rows() -> None:
    view = view_of(40, {"c0": [0.0] * 40, "c1": [1.0] * 2, "c2": [1.0] * 10})
    found = promoted(view, group)
    assert found is not None and "c2" in found.state


def test_without_a_leader_or_for_others_nothing_is_promoted() -> None:
    assert promoted(view_of(40, {"c1": [1.0] * 10}), group) is None
    view = view_of(40, {"c0": [0.0] * 40, "c1": [1.0] * 10})
    assert promoted(view, lambda candidate: None) is None
