"""The race: scores candidates stage by stage and drops those that will hardly win.

Knows nothing about how candidates are made. The candidates of a wave see the same rows in the same order, and are
compared with the best so far on these; decisions fall between stages, on whole stages.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from core.foundation.randomness import rng
from core.foundation.words import counted
from core.search.bench import Bench
from core.search.budget import Spend
from core.search.candidate import Candidate
from core.search.jobs import RowJob, RowResult
from core.search.journal import Journal
from core.search.pool import Pool
from core.search.problem import Problem
from core.search.racing import RacingRule
from core.search.row_order import row_order

__all__ = ["Race"]

SUGGESTION_POINTS = 0.2
"""What one failed suggestion takes of a candidate's score, of 100."""


def even_parts(count: int, most: int) -> list[int]:
    """Return the sizes of as few parts as possible, none above the most and none much smaller than another."""
    parts = math.ceil(count / most)
    return [count // parts + (part < count % parts) for part in range(parts)]


class Race:
    """Scores candidates on the problem's scoring rows.

    Args:
        rule: Who may go on; None: everybody, on every row (the published algorithms).
        width: Candidates in the race at once, where the rule does not say.
        blocks: Also without a rule go block by block: under a cap a whole set of rows is too large a unit.
    """

    def __init__(
        self,
        problem: Problem,
        pool: Pool,
        bench: Bench,
        journal: Journal,
        *,
        rule: RacingRule | None,
        width: int,
        blocks: bool = False,
    ) -> None:
        self._problem = problem
        self._pool = pool
        self._bench = bench
        self._journal = journal
        self._rule = rule
        self._width = width if rule is None or rule.wave is None else rule.wave
        self._blocks = rule is None and blocks
        self._waves_run = 0

    async def run(self, candidates: Sequence[Candidate]) -> bool:
        """Score candidates, in order; False where the end of the search cut it short."""
        for wave in self._waves(candidates):
            if not await self._wave(wave):
                return False
        return True

    async def sample(
        self, batches: Sequence[tuple[Candidate, Sequence[int]]], *, hopeful: bool = False
    ) -> bool:
        """Score candidates on rows of their own choice, as one unit; False where the end of the search cut it short.

        Args:
            batches: Candidates and the positions of their rows.
            hopeful: With a rule, go by its stages, and drop who lags behind the best so far on the same rows.
        """
        rule = self._rule.on_a_batch() if hopeful and self._rule is not None else None
        most = max(len(positions) for _, positions in batches)
        stages = (
            []
            if rule is None
            else [stage for stage in rule.stages(len(self._problem.scoring)) if stage < most]
        )
        active, done, complete = list(batches), 0, True
        for stage in (*stages, most):
            complete = await self._sample([(candidate, rows[done:stage]) for candidate, rows in active])
            if not complete or rule is None or stage == most:
                break
            active = [pair for pair in active if not self._hopeless(pair[0], self._all_rows(pair[1]), rule)]
            done = stage
        for candidate, _ in active:
            self._sampled(candidate)
        return complete

    def _all_rows(self, first: Sequence[int]) -> list[int]:
        """Return some rows and then all others: who lags on a mini-batch may still be the best on every row."""
        known = set(first)
        return [*first, *(row for row in range(len(self._problem.scoring)) if row not in known)]

    async def _sample(self, batches: Sequence[tuple[Candidate, Sequence[int]]]) -> bool:
        return await self._run(
            [
                RowJob(candidate, position, self._problem.scoring[position])
                for candidate, positions in batches
                for position in positions
                if not self._pool.scores.seen(candidate.key, position)
            ]
        )

    def _sampled(self, candidate: Candidate) -> None:
        rows = self._pool.standing(candidate).rows
        if rows == len(self._problem.scoring):
            self._finished(candidate)
        else:
            self._pool.finish(candidate, "minibatch" if rows else "proposed")
            self._bench.forget(candidate)
            self._write_score(candidate)

    def _waves(self, candidates: Sequence[Candidate]) -> Iterator[list[Candidate]]:
        waiting = list(candidates)
        if self._rule is not None and self._pool.leader is None:
            # The first candidate runs alone: the others are measured against it.
            yield waiting[:1]
            waiting = waiting[1:]
        for size in even_parts(len(waiting), self._width):
            yield waiting[:size]
            waiting = waiting[size:]

    async def _wave(self, wave: Sequence[Candidate]) -> bool:
        order, done = self._order(), 0
        active = list(wave)
        for stage in self._stages():
            active = self._going_on(active, order, done, alone=len(wave) == 1)
            if not active:
                break
            if not await self._stage(active, order[done:stage]):
                for candidate in active:
                    self._cut_short(candidate)
                return False
            done = stage
        for candidate in active:
            self._finished(candidate)
        return True

    def _stages(self) -> Sequence[int]:
        rows = len(self._problem.scoring)
        if self._rule is not None:
            return self._rule.stages(rows)
        return RacingRule().stages(rows) if self._blocks else (rows,)

    def _order(self) -> list[int]:
        """Return the racing order of the next wave; without a rule that of the rows.

        Rows often come sorted by label; in a racing order the first stages speak for the rest. Each wave has its own,
        or else the first few rows would decide about every candidate of the search.
        """
        rows = len(self._problem.scoring)
        if self._rule is None:
            return list(range(rows))
        self._waves_run += 1
        generator = rng(self._problem.seed, "racing order", self._waves_run)
        return row_order(rows, self._difficulty() if self._rule.stratified else None, generator)

    def _difficulty(self) -> list[float] | None:
        """Return what candidates that ran on every row scored on each, on average; None before there is one."""
        known = [self._pool.scores.counted(entry.candidate.key) for entry in self._pool.ranked()]
        return [math.fsum(scores) / len(known) for scores in zip(*known, strict=True)] if known else None

    async def _stage(self, active: Sequence[Candidate], block: Sequence[int]) -> bool:
        """Run a stage's rows for all active candidates, side by side; False where some rows are missing."""
        rows, scores = self._problem.scoring, self._pool.scores
        return await self._run(
            [
                RowJob(candidate, position, rows[position])
                for position in block
                for candidate in active
                if not scores.seen(candidate.key, position)
            ]
        )

    async def _run(self, jobs: Sequence[RowJob]) -> bool:
        results = await self._bench.rows(jobs)
        for job, result in zip(jobs, results, strict=True):
            if result is not None:
                self._put(job, result)
                (self._pool[job.candidate.id].spend or Spend()).add(result.spend)
        return all(result is not None for result in results)

    def _put(self, job: RowJob, result: RowResult) -> None:
        """Keep a row's score. A candidate loses 0.2 points of 100 for each failed suggestion that is a metric, and all
        of them for a failed assertion: DSPy's rule for programs with assertions, shared out to the rows.
        """
        scores = self._pool.scores
        less = SUGGESTION_POINTS / 100 * len(self._problem.scoring) * result.suggest_failures
        if result.assert_failures:
            scores.veto(job.candidate.key)
        scores.put(
            job.candidate.key, job.position, result.score, failed=result.outcome != "scored", less=less
        )

    def _going_on(
        self, active: Sequence[Candidate], order: Sequence[int], done: int, alone: bool
    ) -> list[Candidate]:
        """Return the candidates that run the next stage, and drop the others."""
        if self._rule is None:
            return list(active)
        rule = self._rule.alone() if alone else self._rule
        hopeful = [candidate for candidate in active if not self._hopeless(candidate, order, rule)]
        if rule.one_place(done, len(order)):
            hopeful = self._unlike(hopeful, order[:done])
        places = self._rule.places(len(active)) if done else len(active)
        if len(hopeful) <= places:
            return hopeful
        means = {candidate.id: self._mean(candidate, order[:done]) for candidate in hopeful}
        ranked = sorted(hopeful, key=lambda candidate: -means[candidate.id])  # of equals the earlier goes on
        staying = {candidate.id for candidate in ranked[:places]}
        for candidate in hopeful:
            if candidate.id not in staying:
                reason = (
                    f"{means[candidate.id]:.1%} on the first {counted(done, 'row')}: of {len(active)} side by side "
                    f"{places} went on, from {means[ranked[places - 1].id]:.1%} up"
                )
                self._drop(candidate, reason)
        return [candidate for candidate in hopeful if candidate.id in staying]

    def _unlike(self, candidates: Sequence[Candidate], rows: Sequence[int]) -> list[Candidate]:
        """Return the first of those that scored the same on each of the rows, and drop the others."""
        first: dict[tuple[float | None, ...], Candidate] = {}
        for candidate in candidates:
            same = first.setdefault(tuple(self._pool.scores.scores(candidate.key, rows)), candidate)
            if same is not candidate:
                self._drop(
                    candidate,
                    f"the same score as {same.label or same.id} on each of the first {counted(len(rows), 'row')}",
                )
        return list(first.values())

    def _mean(self, candidate: Candidate, rows: Sequence[int]) -> float:
        """Return a candidate's mean over the rows of the wave, as candidates are ranked; 0 without any."""
        scores = self._pool.scores.counted(candidate.key, rows)
        return math.fsum(scores) / len(scores) if scores else 0.0

    def _hopeless(self, candidate: Candidate, order: Sequence[int], rule: RacingRule) -> bool:
        """Drop a candidate that the rule gives no hope against the best so far; True: it is dropped."""
        leader = self._pool.leader
        if leader is None:
            return False
        scores = self._pool.scores
        seen = {row for row in order if scores.seen(candidate.key, row)}
        # A mini-batch may have come first: both sides in one order, the rows that the candidate has seen first.
        paired = sorted(order, key=lambda row: row not in seen)
        own = scores.counted(candidate.key, paired)
        reason = rule.hopeless(own, scores.counted(leader.key, paired), len(order) - len(own))
        if reason:
            self._drop(candidate, reason, leader)
        return bool(reason)

    def _drop(self, candidate: Candidate, reason: str, leader: Candidate | None = None) -> None:
        self._pool.finish(candidate, "dropped", reason)
        self._bench.forget(candidate)
        self._journal.write_once(
            "dropped",
            candidate=candidate.id,
            state=candidate.key,
            reason=reason,
            leader=None if leader is None else leader.id,
            rows=self._pool.scores.count(candidate.key),
            of=len(self._problem.scoring),
        )

    def _finished(self, candidate: Candidate) -> None:
        self._pool.finish(candidate, "full")
        self._bench.forget(candidate)
        self._write_score(candidate)

    def _cut_short(self, candidate: Candidate) -> None:
        standing = self._pool.standing(candidate)
        status = "partial" if standing.rows else "proposed"
        self._pool.finish(candidate, status, "the search ended before all rows were run")
        if standing.rows:
            self._write_score(candidate)

    def _write_score(self, candidate: Candidate) -> None:
        standing = self._pool.standing(candidate)
        self._journal.write_once(
            "score",
            candidate=candidate.id,
            state=candidate.key,
            label=candidate.label,
            **asdict(standing),
            full=standing.full,
            percent=None if standing.mean is None else round(100 * standing.mean, 2),
            on=self._problem.scored_on,
            best=self._pool.leader is not None and self._pool.leader.id == candidate.id,
        )
