"""The rows of an evaluation on their way into the store, and the figures over them.

Knows nothing about how rows are run. A row is written when it is finished, so a crash loses none that was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, select

from core.evaluate.report import Summary
from core.evaluate.row import Row
from workbench.jobs.spans import stored_spans
from workbench.store import Store
from workbench.store.tables import ResultRow, TraceRow

__all__ = ["FINAL", "RowBook", "figures"]

FINAL = ("scored", "model_failure")
"""Outcomes that hold. Rows that failed because of infrastructure or the metric are run again on resume."""


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

    def write(self, repeat: int, row: Row) -> None:
        """Store a finished row with its trace, in place of an earlier failure of the same example."""
        spans, truncated = stored_spans(row.spans or ())
        bare = replace(row, spans=None)
        where = {"run_id": self._run_id, "repeat": repeat, "position": row.index}
        with self._store.write() as session:
            for table in (ResultRow, TraceRow):
                session.execute(delete(table).filter_by(**where))
            body = bare.to_dict()
            session.add(
                ResultRow(**where, example_id=row.example_id, outcome=row.outcome, score=row.score, body=body)
            )
            if spans:
                session.add(TraceRow(**where, spans=spans, truncated=truncated))
        self._rows[repeat, row.index] = bare

    @property
    def rows(self) -> list[Row]:
        """All rows: repeat by repeat, each in the dataset's order."""
        return [self._rows[key] for key in sorted(self._rows)]

    def per_example(self) -> list[Row]:
        """One row per example; of several repeats the score is the mean of those that count."""
        grouped: dict[int, list[Row]] = {}
        for (_, position), row in sorted(self._rows.items()):
            grouped.setdefault(position, []).append(row)
        return [_averaged(grouped[position]) for position in sorted(grouped)]


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
