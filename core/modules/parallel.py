"""`Parallel`: many (program, example) pairs at once.

Knows nothing about scores; an evaluation is `core.evaluate`'s. Pairs run as tasks on the I/O loop, plain sync programs
on a thread each, so calls nested in calls never wait for one another's place.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from core.data.example import Example
from core.foundation.drive import on_io
from core.foundation.errors import BatchAborted, BudgetExceeded, ConfigurationError
from core.modules.calling import called
from core.modules.module import Module
from core.settings import current

__all__ = ["Parallel"]

_log = logging.getLogger("core.parallel")

Pair = tuple[Callable[..., Any], Any]


class Parallel(Module):
    """Runs programs side by side.

        Parallel(num_threads=4)([(program, example), (program, {"question": "…"})])

    Args:
        num_threads: Pairs in flight; None takes the setting of that name.
        max_errors: So many failed pairs end the run; None takes the setting.
        access_examples: Call with the inputs of an `Example`; False hands over the example itself.
        return_failed_examples: Return (results, failed examples, their exceptions).
        provide_traceback: Log the traceback of a failure; None takes the setting.
        disable_progress_bar: Show no count on the terminal.
        timeout, straggler_limit: Accepted from programs that pass them. DSPy sends slow pairs a second time after
            `timeout` seconds; here nothing is ever sent twice.
    """

    def __init__(
        self,
        num_threads: int | None = None,
        max_errors: int | None = None,
        access_examples: bool = True,
        return_failed_examples: bool = False,
        provide_traceback: bool | None = None,
        disable_progress_bar: bool = False,
        timeout: float | None = 120,
        straggler_limit: int = 3,
    ) -> None:
        super().__init__()
        self.num_threads = num_threads
        self.max_errors = max_errors
        self.access_examples = access_examples
        self.return_failed_examples = return_failed_examples
        self.provide_traceback = provide_traceback
        self.disable_progress_bar = disable_progress_bar
        self.timeout = timeout
        self.straggler_limit = straggler_limit

    async def aforward(self, exec_pairs: Sequence[Pair], num_threads: int | None = None) -> Any:
        """Run the pairs; give their results in order, None for one that failed.

        Args:
            exec_pairs: (program, example); an example is an `Example`, a dict (arguments by name), a tuple (arguments
                by position), or a list (the pairs of a `Parallel` inside this one, else arguments by position).
            num_threads: For this call alone.

        Raises:
            BatchAborted: `max_errors` pairs failed; `.results` holds what was finished.
            BudgetExceeded: A budget in force forbids more calls.
        """
        now = current()
        limit = self.max_errors if self.max_errors is not None else now.max_errors
        traced = now.provide_traceback if self.provide_traceback is None else self.provide_traceback
        work = [
            (program, example, *_arguments(program, example, self.access_examples))
            for program, example in exec_pairs
        ]
        batch = _Batch(work, limit, traced, quiet=self.disable_progress_bar)
        await on_io(lambda: batch.go(num_threads or self.num_threads or now.num_threads))
        if self.return_failed_examples:
            return batch.results, [example for example, _ in batch.failed], [e for _, e in batch.failed]
        return batch.results


def _arguments(program: Any, example: Any, opened: bool) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(example, Example):
        return ((), example.input_values()) if opened else ((example,), {})
    if isinstance(example, dict):
        return (), dict(example)
    if isinstance(example, tuple):
        return example, {}
    if isinstance(example, list):
        return ((example,) if isinstance(program, Parallel) else tuple(example)), {}
    raise ConfigurationError(
        f"Parallel cannot call a program with a {type(example).__name__}.",
        hint="Give an Example with its inputs set, a dict of arguments, or a tuple of them.",
    )


class _Batch:
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
