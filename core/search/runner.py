"""Runs jobs at bounded concurrency on the I/O loop, in order of start.

Knows nothing about what the jobs are. A job that raises ends the batch after those in flight have finished; calls
that are under way are never cut off.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from core.foundation.drive import on_io

__all__ = ["run_jobs"]

T = TypeVar("T")

Job = Callable[[], Coroutine[Any, Any, T]]


async def run_jobs(jobs: Sequence[Job[T | None]], *, width: int, halt: Callable[[], bool]) -> list[T | None]:
    """Run the jobs, at most `width` at a time, and return their results in order.

    Args:
        jobs: Each makes its coroutine; started in order, each with a copy of the caller's context.
        width: Jobs in flight.
        halt: Asked before each start; True starts no more.

    Returns:
        One result a job; None for those that were not started.

    Raises:
        Exception: The first that a job raised, in order of the jobs.
    """
    if not jobs:
        return []
    batch = _Batch(jobs, halt)
    await on_io(lambda: batch.run(max(1, min(width, len(jobs)))))
    for error in batch.errors:
        if error is not None:
            raise error
    return batch.results


class _Batch:
    def __init__(self, jobs: Sequence[Job[Any]], halt: Callable[[], bool]) -> None:
        self.results: list[Any] = [None] * len(jobs)
        self.errors: list[BaseException | None] = [None] * len(jobs)
        self._jobs = jobs
        self._halt = halt
        self._remaining = iter(range(len(jobs)))
        self._failed = False

    async def run(self, width: int) -> None:
        context = contextvars.copy_context()
        await asyncio.gather(*(asyncio.create_task(self._work(context)) for _ in range(width)))

    async def _work(self, context: contextvars.Context) -> None:
        for index in self._remaining:
            if self._failed:
                return
            try:
                if self._halt():
                    return
                # A task with a context of its own: what a program sets does not reach the next job.
                self.results[index] = await asyncio.create_task(self._jobs[index](), context=context.copy())
            except Exception as error:
                self.errors[index], self._failed = error, True
                return
