"""The coordinator of one evaluation: keeps a bounded number of rows in flight and decides when to end.

Knows nothing about tables, files or statistics. Workers pull from one shared iterator, so a row costs the
coordinator the same however many there are. Everything here happens on the I/O loop, so nothing needs a lock.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

from core.data.example import Example
from core.evaluate.call import MetricCall, ProgramCall
from core.evaluate.row import Row, RowOptions, evaluate_row_apart
from core.foundation.errors import BudgetExceeded
from core.foundation.threads import DaemonThreads, run_in_thread
from core.foundation.within import within

__all__ = ["EndReason", "Run"]

EndReason = Literal["finished", "budget", "stopped", "errors", "interrupted"]

SLICE_SECONDS = 0.002
"""How long rows that never wait (cached answers) may keep the loop from its other work."""


class Run:
    """One evaluation while it runs; `rows` can be read at any time.

    Args:
        examples: What to run, in order.
        program: How to run it.
        metric: How to score it; None leaves rows without a score.
        options: How rows are run.
        concurrency: Rows in flight.
        max_errors: So many failures (of infrastructure, of the metric, or raised by the program's own code) end the
            run; 0 does as 1.
        stop_requested: Asked before each row.
        observers: Called with each row in order of completion, one at a time, on a thread of their own; what
            they raise ends the run.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        program: ProgramCall,
        metric: MetricCall | None,
        options: RowOptions,
        *,
        concurrency: int,
        max_errors: int,
        stop_requested: Callable[[], bool] | None = None,
        observers: Sequence[Callable[[Row], None]] = (),
    ) -> None:
        self.examples = examples
        self.rows: list[Row | None] = [None] * len(examples)
        self.predictions: list[Any] = [None] * len(examples)
        self.errors = 0
        self.end_reason: EndReason = "finished"
        self.budget_error: BudgetExceeded | None = None
        self.settled = threading.Event()
        self._program, self._metric, self._options = program, metric, options
        self._concurrency = max(1, min(concurrency, len(examples)))
        self.max_errors = max(1, max_errors)
        self._stop_requested = stop_requested
        self._observers = observers
        self._remaining = iter(range(len(examples)))
        self._undelivered: list[Row] = []
        self._delivery: asyncio.Task[None] | None = None
        self._observers_thread = DaemonThreads("observers")
        self._pause_at = 0.0

    async def go(self) -> None:
        """Run rows until all are done or there is a reason to end; await it on the I/O loop.

        Raises:
            BaseException: What an observer or `stop_requested` raised; finished rows stay in `rows`.
        """
        self._context = contextvars.copy_context()
        workers = (
            [asyncio.create_task(self._work()) for _ in range(self._concurrency)] if self.examples else []
        )
        try:
            if workers:
                await asyncio.wait(workers, return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError:
            self.end_reason = "interrupted"
            raise
        finally:
            for worker in workers:
                worker.cancel()
            outcomes = await asyncio.gather(*workers, return_exceptions=True)
            if self._delivery is not None:
                await asyncio.gather(self._delivery, return_exceptions=True)
            self._observers_thread.shutdown()
            self.settled.set()
        self._raise_first(outcomes)

    def _raise_first(self, outcomes: Sequence[Any]) -> None:
        delivered = self._delivery.exception() if self._delivery is not None else None
        for outcome in (delivered, *outcomes):
            if isinstance(outcome, BaseException) and not isinstance(
                outcome, (asyncio.CancelledError, _TooManyErrors)
            ):
                raise outcome

    async def _work(self) -> None:
        for index in self._remaining:
            if self._should_end():
                return
            # In a fresh copy of the context: what a program sets does not reach the next row.
            work = evaluate_row_apart(index, self.examples[index], self._program, self._metric, self._options)
            try:
                row, prediction = await within(self._context.copy(), work)
            except BudgetExceeded as error:
                self.end_reason, self.budget_error = "budget", error
                return
            self._record(row, prediction)
            if time.monotonic() > self._pause_at:
                await asyncio.sleep(0)
                self._pause_at = max(self._pause_at, time.monotonic() + SLICE_SECONDS)

    def _should_end(self) -> bool:
        if self.end_reason == "finished" and self._stop_requested is not None and self._stop_requested():
            self.end_reason = "stopped"
        return self.end_reason != "finished"

    def _record(self, row: Row, prediction: Any) -> None:
        self.rows[row.index], self.predictions[row.index] = row, prediction
        if self._observers:
            self._tell(row)
        if row.outcome == "scored":
            return
        if row.outcome != "model_failure" or not row.expected_error:
            self.errors += 1
            if self.errors >= self.max_errors:
                self.end_reason = "errors"
                raise _TooManyErrors

    def _tell(self, row: Row) -> None:
        self._undelivered.append(row)
        if self._delivery is not None and self._delivery.done():
            self._delivery.result()  # what an observer raised ends the run here
            self._delivery = None
        if self._delivery is None:
            self._delivery = asyncio.create_task(self._deliver())

    async def _deliver(self) -> None:
        """Hand over what has come in meanwhile, a batch per hop to the observers' thread."""
        while self._undelivered:
            batch, self._undelivered = self._undelivered, []
            await run_in_thread(self._notify, batch, executor=self._observers_thread)

    def _notify(self, batch: list[Row]) -> None:
        for row in batch:
            for observer in self._observers:
                observer(row)


class _TooManyErrors(Exception):
    """Ends the run; the other workers are cancelled."""
