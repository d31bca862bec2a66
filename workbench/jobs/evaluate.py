"""The body of an evaluation: runs the rows that are not stored yet and writes each as it finishes.

Knows nothing about queues or leases. Called again after a crash it goes on where the stored rows end.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from core.data.example import Example
from core.evaluate import Evaluate
from core.evaluate.row import Row
from core.foundation.errors import EvaluationAborted
from workbench.jobs.base import Job, Outcome
from workbench.jobs.engine import engine_context, load_examples
from workbench.jobs.request import RunRequest, load_request
from workbench.jobs.results import FINAL, RowBook, RowWriter, figures

__all__ = ["run_evaluation"]


def run_evaluation(job: Job) -> Outcome:
    """Score a program version on a split.

    Raises:
        EvaluationAborted: Too many rows failed because of infrastructure or the metric; finished rows are stored.
    """
    request = load_request(job)
    examples = load_examples(job.store, request.dataset_id, request.split, request.settings.get("limit"))
    repeats = int(request.settings.get("repeats") or 1)
    book = RowBook(job.store, job.run_id)
    watch = _Watch(job, book, len(examples) * repeats, request.seconds)
    reason = "finished"
    for repeat in range(repeats):
        with RowWriter(book) as writer:
            reason = _pass(job, request, examples, repeat, book.finished(repeat), writer, watch)
        if reason != "finished":
            break
    result = {**figures(book, watch.total), "end_reason": reason, "seconds": watch.seconds}
    return Outcome("done" if reason == "finished" else "stopped", result)


def _pass(
    job: Job,
    request: RunRequest,
    examples: Sequence[Example],
    repeat: int,
    finished: set[int],
    writer: RowWriter,
    watch: _Watch,
) -> str:
    """Run what is left of one repeat and return why it ended."""
    left = [position for position in range(len(examples)) if position not in finished]
    if not left:
        return "finished"

    def keep(row: Row) -> None:
        writer.put(repeat, replace(row, index=left[row.index]))
        watch.add(row)

    # The first repeat shares its replies with every other run; the others have samples of their own.
    lm = request.lm.copy(rollout_id=repeat) if repeat else request.lm
    evaluate = Evaluate(
        devset=[examples[position] for position in left],
        metric=request.metric,
        num_threads=int(request.settings.get("concurrency") or 8),
        max_errors=request.max_errors(len(examples)),
        traces=True,
        on_row=keep,
        stop_requested=job.control.stop_requested,
    )
    with engine_context(job.store, lm, request.adapter, request.embedder):
        try:
            return str(evaluate(request.program).end_reason)
        except EvaluationAborted as error:
            error.hint = (
                "Mend what failed and resume: finished rows are kept and only the others are run again."
            )
            raise


class _Watch:
    """Says how far the evaluation is; adds up as rows come in, so that a row costs the same however many there are."""

    def __init__(self, job: Job, book: RowBook, total: int, earlier: float) -> None:
        self._job, self.total = job, total
        self._start = time.monotonic() - earlier
        self._done = self._failed = self._cached = self._counted = 0
        self._prompt_tokens = self._completion_tokens = 0
        self._sum = 0.0
        self._cost: float | None = 0.0
        for row in book.rows:
            if row.outcome in FINAL:  # the others are run again
                self._count(row)
        self._tell()

    @property
    def seconds(self) -> float:
        """Wall time, that of earlier sessions included and the pauses between them not."""
        return round(time.monotonic() - self._start, 3)

    def add(self, row: Row) -> None:
        """Take one more row."""
        self._count(row)
        self._tell()

    def _count(self, row: Row) -> None:
        self._done += 1
        self._failed += row.outcome != "scored"
        self._cached += bool(row.cached)
        if row.score is not None:
            self._counted += 1
            self._sum += row.score
        self._cost = None if self._cost is None or row.cost is None else self._cost + row.cost
        self._prompt_tokens += row.usage.prompt_tokens
        self._completion_tokens += row.usage.completion_tokens

    def _tell(self) -> None:
        self._job.control.progress(
            done=self._done,
            total=self.total,
            score=round(100 * self._sum / self._counted, 2) if self._counted else None,
            failed=self._failed,
            cached=self._cached,
            seconds=self.seconds,
            cost=self._cost,
            prompt_tokens=self._prompt_tokens,
            completion_tokens=self._completion_tokens,
        )
