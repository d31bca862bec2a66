"""The last look: winner and program as given, scored on rows that chose nothing, and what can be concluded from it.

Knows nothing about how the winner was found. The score that chose a winner flatters it, as the luckiest of many is
chosen (the winner's curse); on rows that took no part the mean is unbiased, and the paired test says whether the
difference is more than chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from core.evaluate.statistics import mean_interval, paired_test
from core.search.bench import Bench
from core.search.budget import Budget, Spend
from core.search.candidate import Candidate, build, state_key
from core.search.estimate import calls_per_run
from core.search.jobs import PROGRAM_FAILED, RowJob, RowResult
from core.search.journal import Journal
from core.search.problem import Problem
from core.search.racing import block_size
from core.search.result import Confirmation, ScoreReport

__all__ = ["confirm", "confirmation_of", "search_part"]

MOST_KEPT_BACK = 4
"""A capped search keeps at most this part (a fourth) of its budget for confirming the winner."""


def search_part(budget: Budget, problem: Problem) -> Budget:
    """Return what the search itself may spend, so that the winner can be confirmed after it."""
    rows = 2 * len(problem.confirm)
    if not rows:
        return budget
    # What a confirmation takes in tokens is not known before; four candidates' worth of scoring is a short search.
    share = 1 - min(1 / MOST_KEPT_BACK, rows / (rows + 4 * max(1, len(problem.scoring))))
    calls, tokens, cost = budget.calls, budget.tokens, budget.cost
    if calls is not None:
        calls = calls - min(rows * calls_per_run(problem.student), calls // MOST_KEPT_BACK)
    return Budget(
        calls=calls,
        tokens=None if tokens is None else math.floor(tokens * share),
        cost=None if cost is None else cost * share,
        seconds=budget.seconds,
    )


async def confirm(problem: Problem, bench: Bench, journal: Journal, best: Candidate) -> Confirmation | None:
    """Score winner and given program on the confirmation rows, row by row side by side; None without any result."""
    given = Candidate("given:confirm", state_key({}), {}, "the program as given")
    chosen = Candidate(f"{best.id}:confirm", best.key, best.state, best.label)
    kept = _same_program(problem, best)
    sides = (chosen,) if kept else (chosen, given)
    ran: dict[str, list[RowResult]] = {side.id: [] for side in sides}
    spend = Spend()
    for block in _blocks(problem):
        jobs = [RowJob(side, position, problem.confirm[position]) for position in block for side in sides]
        results = await bench.rows(jobs, purpose="confirm")
        for start in range(0, len(jobs), len(sides)):
            pair = results[start : start + len(sides)]
            finished = [result for result in pair if result is not None]
            for result in finished:
                spend.add(result.spend)
            if len(finished) == len(sides):
                for side, result in zip(sides, finished, strict=True):
                    ran[side.id].append(result)
        if any(result is None for result in results):
            break
    scores = {side: [_score_of(result, bench.lowest) for result in results] for side, results in ran.items()}
    found = confirmation_of(problem, scores[chosen.id], None if kept else scores[given.id], spend)
    if found is not None:
        journal.write_once("confirmed", **asdict(found))
    return found


def _score_of(result: RowResult, lowest: float) -> float | None:
    """Return a row's score; a program that failed has the lowest where a metric gives less than 0."""
    if result.score is None or result.outcome not in PROGRAM_FAILED:
        return result.score
    return min(result.score, lowest)


def _same_program(problem: Problem, best: Candidate) -> bool:
    program = build(problem.student, best.state, problem.train_rows)
    return program.dump_state() == problem.student.dump_state()


def _blocks(problem: Problem) -> Iterator[range]:
    count = len(problem.confirm)
    size = block_size(count)
    return (range(start, min(count, start + size)) for start in range(0, count, size))


def confirmation_of(
    problem: Problem,
    chosen: Sequence[float | None],
    given: Sequence[float | None] | None,
    spend: Spend,
) -> Confirmation | None:
    pairs = [
        (before, after)
        for before, after in zip(chosen if given is None else given, chosen, strict=True)
        if before is not None and after is not None
    ]
    if not pairs:
        return None
    before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    of, unscored = len(problem.confirm), len(chosen) - len(pairs)
    test: Mapping[str, Any] | None = None if given is None else asdict(paired_test(before, after))
    return Confirmation(
        on=problem.confirmed_on,
        score=_score(after, of, problem.confirmed_on, unscored),
        given=_score(before, of, problem.confirmed_on, unscored),
        improvement=None if test is None else dict(test),
        spend=spend.to_dict(),
    )


def _score(scores: Sequence[float], of: int, on: str, unscored: int) -> ScoreReport:
    mean = math.fsum(scores) / len(scores)
    interval = mean_interval(scores)
    return ScoreReport(mean, round(100 * mean, 2), interval, len(scores), of, len(scores) == of, on, unscored)
