"""Pairs of a program and an example, run side by side.

Knows nothing about modules: a program is whatever can be called.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.data.example import Example
from core.foundation.drive import on_io
from core.foundation.errors import BatchAborted, BudgetExceeded, ConfigurationError
from core.modules.calling import called
from core.settings import current

__all__ = ["Pair", "PairOptions", "run_pairs"]

_log = logging.getLogger("core.parallel")

Pair = tuple[Callable[..., Any], Any]


@dataclass(frozen=True)
class PairOptions:
    """How pairs are run; `core.Parallel` says what each means."""

    num_threads: int | None = None
    max_errors: int | None = None
    access_examples: bool = True
    return_failed_examples: bool = False
    provide_traceback: bool | None = None
    disable_progress_bar: bool = False


async def run_pairs(pairs: Sequence[Pair], options: PairOptions) -> Any:
    """Run the pairs; give their results in order, None for one that failed.

    Raises:
        BatchAborted: `max_errors` pairs failed; `.results` holds what was finished.
        BudgetExceeded: A budget in force forbids more calls.
    """
    now = current()
    limit = options.max_errors if options.max_errors is not None else now.max_errors
    traced = now.provide_traceback if options.provide_traceback is None else options.provide_traceback
    work = [
        (program, example, *arguments_of(program, example, options.access_examples))
        for program, example in pairs
    ]
    batch = Batch(work, limit, traced, quiet=options.disable_progress_bar)
    await on_io(lambda: batch.go(options.num_threads or now.num_threads))
    if options.return_failed_examples:
        return batch.results, [example for example, _ in batch.failed], [e for _, e in batch.failed]
    return batch.results


def arguments_of(program: Any, example: Any, opened: bool) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(example, Example):
        return ((), example.input_values()) if opened else ((example,), {})
    if isinstance(example, dict):
        return (), dict(example)
    if isinstance(example, tuple):
        return example, {}
    if isinstance(example, list):
        return ((example,) if getattr(program, "takes_pairs", False) else tuple(example)), {}
    raise ConfigurationError(
        f"Parallel cannot call a program with a {type(example).__name__}.",
        hint="Give an Example with its inputs set, a dict of arguments, or a tuple of them.",
    )


class Batch:
    """One run; everything here happens on the I/O loop, so nothing needs a lock."""

    def __init__(self, work: list[Any], max_errors: int, traced: bool, *, quiet: bool) -> None:
        self.results: list[Any] = [None] * len(work)
        self.failed: list[tuple[Any, Exception]] = []
        self._failures: list[tuple[int, Any, Exception]] = []
        self._work, self._max_errors, self._traced = work, max_errors, traced
        self._remaining = iter(range(len(work)))
        self._done = 0
        self._shown = not quiet and sys.stderr.isatty()

    async def go(self, width: int) -> None:
        context = contextvars.copy_context()
        workers = [asyncio.create_task(self._serve(context)) for _ in range(min(width, len(self._work)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            if self._shown:
                sys.stderr.write("\n")
            self.failed = [(example, error) for _, example, error in sorted(self._failures, key=_position)]

    async def _serve(self, context: contextvars.Context) -> None:
        for index in self._remaining:
            program, example, args, kwargs = self._work[index]
            try:
                # A fresh copy of the context: what one program sets does not reach the next.
                work = asyncio.create_task(called(program, args, kwargs), context=context.copy())
                self.results[index] = await work
            except BudgetExceeded:
                raise
            except Exception as error:
                self._fail(index, program, example, error)
            self._done += 1
            if self._shown:
                sys.stderr.write(f"\r{self._done}/{len(self._work)}")

    def _fail(self, index: int, program: Any, example: Any, error: Exception) -> None:
        self._failures.append((index, example, error))
        text = (
            "".join(traceback.format_exception(error)) if self._traced else f"{type(error).__name__}: {error}"
        )
        _log.warning("%s failed on pair %d: %s", type(program).__name__, index, text)
        if len(self._failures) >= self._max_errors:
            raise BatchAborted(
                f"{len(self._failures)} of {len(self._work)} pairs failed, as many as max_errors bears. "
                f"The last: {type(error).__name__}: {error}",
                results=self.results,
                hint="What was finished is in `.results`; raise max_errors to go on in spite of failures.",
            ) from error


def _position(failure: tuple[int, Any, Exception]) -> int:
    return failure[0]
