"""A plateau counts candidates that did not beat the best: on all rows, dropped on the way, or on a mini-batch."""

from __future__ import annotations

from typing import Any

from core.optimizers import InferRules, MIPROv2
from core.search.candidate import Candidate
from core.search.pool import Pool
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows


def pool_with(scores: list[float]) -> Pool:
    """A pool whose candidate c0 ran on every row."""
    pool = Pool(len(scores))
    put(pool, "c0", scores, "full")
    return pool


def put(pool: Pool, name: str, scores: list[float], status: Any, **notes: Any) -> None:
    one = Candidate(name, name, {}, notes=notes)
    if not any(entry.candidate.id == name for entry in pool):
        pool.add(one)
    for row, score in enumerate(scores):
        pool.scores.put(name, row, score)
    pool.finish(pool[name].candidate, status)


def test_what_lost_on_a_mini_batch_counts_once_and_what_leads_there_does_not() -> None:
    pool = pool_with([1.0, 0.0, 0.0])
    put(pool, "c1", [1.0, 0.0], "minibatch")
    put(pool, "c2", [1.0, 1.0], "minibatch")
    put(pool, "c3", [0.0], "dropped")
    assert pool.lost == {"c1", "c3"}
    put(pool, "c1", [1.0, 0.0, 0.0], "full")
    assert pool.lost == {"c1", "c3"}
    assert pool.since_best == 2  # what a race of MIPROv2 counts by stays as it was
    put(pool, "c2", [1.0, 1.0, 0.0], "full")
    assert pool.leader is not None and pool.leader.id == "c2"
    assert not pool.lost and pool.since_best == 0


def test_the_program_as_given_is_no_attempt() -> None:
    pool = pool_with([1.0, 1.0])
    put(pool, "c1", [0.0, 0.0], "full", baseline=True)
    assert not pool.lost


def compiled(optimizer: Any, **options: Any) -> Any:
    with context(lm=ToyLM(jitter=0, skill=20)):
        return optimizer.compile(
            TwoSteps(), trainset=rows("train", 30), valset=rows("val", 40), **options
        ).report


def test_rules_are_tried_before_a_plateau_ends_the_search() -> None:
    rules = InferRules(metric=exact, max_bootstrapped_demos=3, max_labeled_demos=6, num_candidates=6)
    report = compiled(rules, plateau=1)
    assert any("rules" in one.notes for one in report.candidates)


def test_mini_batches_that_lost_bring_a_plateau() -> None:
    sizes = {"auto": None, "num_candidates": 4, "max_bootstrapped_demos": 2, "max_labeled_demos": 4}
    trials = {"num_trials": 12, "minibatch_size": 10, "minibatch_full_eval_steps": 12}
    optimizer = MIPROv2.create({**sizes, **trials}, metric=exact)
    through, ended = compiled(optimizer, racing=False), compiled(optimizer, racing=False, plateau=2)
    assert through.stop_code == "done"
    assert ended.stop_code == "plateau"
    assert ended.calls < through.calls
