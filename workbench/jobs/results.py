"""The rows of an evaluation on their way into the store, and the figures over them.

Knows nothing about how rows are run. A row is written when it is finished, so a crash loses none that was.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from core.evaluate.report import Summary
from core.evaluate.row import Row
from workbench.jobs.spans import stored_spans
from workbench.store import Store
from workbench.store.tables import ResultRow, TraceRow

__all__ = ["FINAL", "RowBook", "RowWriter", "figures"]

FINAL = ("scored", "model_failure")
"""Outcomes that hold. Rows that failed because of infrastructure or the metric are run again on resume."""

_BATCH = 100


class RowBook:
    """The stored rows of one run, by repeat and position."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store, self._run_id = store, run_id
        self._rows: dict[tuple[int, int], Row] = {}
        with store.read() as session:
            for stored in session.scalars(select(ResultRow).where(ResultRow.run_id == run_id)):
                self._rows[stored.repeat, stored.position] = Row.from_dict(stored.body)

    def finished(self, repeat: int) -> set[int]:
        """Positions whose outcome holds."""
        return {at for (pass_, at), row in self._rows.items() if pass_ == repeat and row.outcome in FINAL}

    def write(self, rows: Sequence[tuple[int, Row]]) -> None:
        """Store finished rows, (repeat, row) each, with their traces, in place of earlier failures of the same."""
        with self._store.write() as session:
            for repeat, row in rows:
                where = {"run_id": self._run_id, "repeat": repeat, "position": row.index}
                if (repeat, row.index) in self._rows:
                    for table in (ResultRow, TraceRow):
                        session.execute(delete(table).filter_by(**where))
                self._add(session, where, row)
        self._rows.update({(repeat, row.index): replace(row, spans=None) for repeat, row in rows})

    def _add(self, session: Session, where: dict[str, Any], row: Row) -> None:
        body = replace(row, spans=None).to_dict()
        result = {"example_id": row.example_id, "outcome": row.outcome, "score": row.score, "body": body}
        session.execute(insert(ResultRow).values(**where, **result))
        spans, truncated = stored_spans(row.spans or ())
        if spans:
            session.execute(insert(TraceRow).values(**where, spans=spans, truncated=truncated))

    @property
    def rows(self) -> list[Row]:
        """All rows: repeat by repeat, each in the dataset's order."""
        return [self._rows[key] for key in sorted(self._rows)]

    def of_repeat(self, repeat: int) -> list[Row]:
        """The rows of one repeat, in the dataset's order."""
        return [row for (own, _), row in sorted(self._rows.items()) if own == repeat]

    def per_example(self) -> list[Row]:
        """One row per example; of several repeats the score is the mean of those that count."""
        grouped: dict[int, list[Row]] = {}
        for (_, position), row in sorted(self._rows.items()):
            grouped.setdefault(position, []).append(row)
        return [_averaged(grouped[position]) for position in sorted(grouped)]


class RowWriter:
    """Writes rows on a thread of its own: one at a time when they come slowly, many in one commit when they come fast.

    Use it as a context manager; leaving the block waits until everything is written.
    """

    def __init__(self, book: RowBook) -> None:
        self._book = book
        self._queue: SimpleQueue[tuple[int, Row] | None] = SimpleQueue()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="row-writer", daemon=True)

    def __enter__(self) -> RowWriter:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()
        if kind is None and self._error is not None:
            raise self._error

    def put(self, repeat: int, row: Row) -> None:
        """Hand a row over.

        Raises:
            StoreError: An earlier row could not be written.
        """
        if self._error is not None:
            raise self._error
        self._queue.put((repeat, row))

    def _work(self) -> None:
        over = False
        while not over:
            batch = [self._queue.get()]
            while len(batch) < _BATCH and not self._queue.empty():
                batch.append(self._queue.get())
            over = None in batch
            rows = [item for item in batch if item is not None]
            try:
                if rows and self._error is None:
                    self._book.write(rows)
            except BaseException as error:
                self._error = error


def _averaged(rows: Sequence[Row]) -> Row:
    scores = [row.score for row in rows if row.score is not None]
    if len(rows) == 1 or not scores:
        return rows[0]
    return replace(rows[0], score=math.fsum(scores) / len(scores))


def figures(book: RowBook, expected: int) -> dict[str, Any]:
    """Return the figures over a run's rows: what its page and the command line show.

    Args:
        expected: Rows that were asked for, repeats included.
    """
    every, summary = Summary(book.rows), Summary(book.per_example())
    usage = every.usage
    missing = expected - len(every.rows)
    unscored = every.count("infrastructure_failure") + every.count("metric_failure")
    return {
        "score": round(100 * summary.mean, 2) if summary.n_counted else None,
        "mean": summary.mean if summary.n_counted else None,
        "interval": list(summary.interval) if summary.n_counted else None,
        "rows": len(every.rows),
        "expected": expected,
        "n_scored": every.count("scored"),
        "n_model_failures": every.count("model_failure"),
        "n_infrastructure_failures": every.count("infrastructure_failure"),
        "n_metric_failures": every.count("metric_failure"),
        "flagged": bool(missing or unscored),
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cost": every.cost,
        "metric_cost": every.metric_cost,
        "latency_p50": every.latency(0.5),
        "latency_p95": every.latency(0.95),
        "cached_rows": sum(1 for row in every.rows if row.cached),
    }
