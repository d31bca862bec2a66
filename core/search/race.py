"""The race: scores candidates block by block and drops those that will hardly win.

Knows nothing about how candidates are made. All candidates see the same rows in the same order; decisions fall
between blocks, on whole blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from core.foundation.randomness import rng
from core.search.bench import Bench
from core.search.budget import Spend
from core.search.candidate import Candidate
from core.search.jobs import RowJob, RowResult
from core.search.journal import Journal
from core.search.pool import Pool
from core.search.problem import Problem
from core.search.racing import RacingRule, block_size

__all__ = ["Race"]

SUGGESTION_POINTS = 0.2
"""What one failed suggestion takes of a candidate's score, of 100."""


class Race:
    """Scores candidates on the problem's scoring rows.

    Args:
        rule: Who may go on; None: everybody, on every row (the published algorithms).
        width: Candidates in the race at once.
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
        self._width = width
        self._size = (
            block_size(len(problem.scoring)) if rule is not None or blocks else max(1, len(problem.scoring))
        )
        self._order = list(range(len(problem.scoring)))
        if rule is not None:
            # Rows often come sorted by label; in a shuffled order the first blocks speak for the rest.
            rng(problem.seed, "racing order").shuffle(self._order)

    async def run(self, candidates: Sequence[Candidate]) -> bool:
        """Score candidates, in order; False where the end of the search cut it short."""
        for wave in self._waves(candidates):
            if not await self._wave(wave):
                return False
        return True

    async def sample(self, batches: Sequence[tuple[Candidate, Sequence[int]]]) -> bool:
        """Score candidates on rows of their own choice, as one unit; False where the end of the search cut it short."""
        jobs = [
            RowJob(candidate, position, self._problem.scoring[position])
            for candidate, positions in batches
            for position in positions
            if not self._pool.scores.seen(candidate.key, position)
        ]
        complete = await self._run(jobs)
        for candidate, _ in batches:
            rows = self._pool.standing(candidate).rows
            if rows == len(self._problem.scoring):
                self._finished(candidate)
            else:
                self._pool.finish(candidate, "minibatch" if rows else "proposed")
                self._bench.forget(candidate)
                self._write_score(candidate)
        return complete

    def _waves(self, candidates: Sequence[Candidate]) -> Iterator[list[Candidate]]:
        waiting = list(candidates)
        while waiting:
            # The first candidate runs alone: the others are measured against it.
            size = 1 if self._rule is not None and self._pool.leader is None else self._width
            yield waiting[:size]
            waiting = waiting[size:]

    async def _wave(self, wave: Sequence[Candidate]) -> bool:
        active = list(wave)
        for block in self._blocks():
            active = [candidate for candidate in active if not self._dropped(candidate)]
            if not active:
                break
            if not await self._block(active, block):
                for candidate in active:
                    self._cut_short(candidate)
                return False
        for candidate in active:
            self._finished(candidate)
        return True

    def _blocks(self) -> Iterator[list[int]]:
        for start in range(0, len(self._order), self._size):
            yield self._order[start : start + self._size]

    async def _block(self, active: Sequence[Candidate], block: Sequence[int]) -> bool:
        """Run one block of rows for all active candidates; False where some rows are missing."""
        rows, scores = self._problem.scoring, self._pool.scores
        return await self._run(
            [
                RowJob(candidate, position, rows[position])
                for candidate in active
                for position in block
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
        scores, score = self._pool.scores, result.score
        if score is not None and result.suggest_failures:
            score -= SUGGESTION_POINTS / 100 * len(self._problem.scoring) * result.suggest_failures
        if result.assert_failures:
            scores.veto(job.candidate.key)
        scores.put(job.candidate.key, job.position, score)

    def _dropped(self, candidate: Candidate) -> bool:
        leader = self._pool.leader
        if self._rule is None or leader is None:
            return False
        scores = self._pool.scores
        seen = {row for row in self._order if scores.seen(candidate.key, row)}
        # A mini-batch may have come first: both sides in one order, the rows that the candidate has seen first.
        paired = sorted(self._order, key=lambda row: row not in seen)
        own = scores.scores(candidate.key, paired)
        theirs = scores.scores(leader.key, paired)
        reason = self._rule.hopeless(own, theirs, len(self._order) - len(own))
        if not reason:
            return False
        self._pool.finish(candidate, "dropped", reason)
        self._bench.forget(candidate)
        self._journal.write_once(
            "dropped",
            candidate=candidate.id,
            state=candidate.key,
            reason=reason,
            leader=leader.id,
            rows=len(own),
            of=len(self._order),
        )
        return True

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
