"""What an optimizer sees of a search: read-only, plus the work it may ask for.

Knows nothing about any optimizer. All randomness and all work come from here, so an optimizer needs no state of its
own, and a resumed search, which asks it the same questions again, gets the same answers.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from typing import Any

from core.foundation.randomness import rng
from core.search.bench import Bench
from core.search.candidate import Candidate
from core.search.jobs import Answer, AskJob, Attempt, TraceJob
from core.search.journal import Journal
from core.search.pool import Pool
from core.search.problem import Problem
from core.search.result import AttemptRecord

__all__ = ["SearchView"]

_log = logging.getLogger("core.search")


class SearchView:
    """A running search as its optimizer sees it.

    Attributes:
        problem: Program, rows, metric, seed.
        pool: All candidates so far with their scores.
        round: How often `propose` was called before.
        width: Candidates that are worth proposing at once; 1 where each should know the one before.
        racing: Candidates may be dropped; False: the published algorithm, every one on every row.
        ending: Why the optimizer proposes no more; empty: all that it planned was tried.
        attempts: What became of every attempt of a teacher; optimizers add to it, the report shows it.
    """

    def __init__(
        self, problem: Problem, pool: Pool, bench: Bench, journal: Journal, width: int, racing: bool = True
    ) -> None:
        self.problem = problem
        self.pool = pool
        self.round = 0
        self.width = width
        self.racing = racing
        self.warnings: list[str] = list(problem.warnings)
        self.attempts: list[AttemptRecord] = []
        self.ending = ""
        self._bench = bench
        self._journal = journal

    @property
    def ended(self) -> bool:
        """True once the budget is used up or a stop was asked for: only what is known already can be used."""
        return self._bench.halted is not None

    @property
    def calls_left(self) -> int | None:
        """Calls that the budget still allows; None without a cap on calls."""
        return self._bench.calls_left

    @property
    def leader(self) -> Candidate | None:
        """The best candidate that ran on every row."""
        return self.pool.leader

    def rng(self, *purpose: object) -> random.Random:
        """Return a generator for one purpose; the same purpose always gives the same numbers."""
        return rng(self.problem.seed, *purpose)

    async def traces(self, jobs: Sequence[TraceJob]) -> list[Attempt | None]:
        """Run a teacher on training rows, as one unit; None for what the end of the search left out."""
        return await self._bench.traces(jobs)

    async def ask(self, jobs: Sequence[AskJob]) -> list[Answer | None]:
        """Ask proposers, as one unit; None for what the end of the search left out."""
        return await self._bench.asks(jobs)

    def note(self, text: str, *, hint: str = "", **details: Any) -> None:
        """Write a remark into the log."""
        self._journal.write_once("note", text=text, hint=hint, **details)

    def end(self, why: str) -> None:
        """Say why nothing more is proposed, in a sentence: the log has it, and the report as the reason for its end."""
        self.ending = why
        self.note(why)

    def warn(self, text: str, *, hint: str = "", details: Mapping[str, Any] | None = None) -> None:
        """Write a remark that the caller must not miss: into the log, the report and Python's logging."""
        _log.warning("%s", f"{text} {hint}".strip())
        self.warnings.append(f"{text} {hint}".strip())
        self.note(text, hint=hint, level="warning", **(details or {}))
