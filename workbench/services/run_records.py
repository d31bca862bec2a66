"""Runs, their rows and traces as plain records: what pages and the command line are given.

Knows nothing about how runs are started or ended.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.jobs import RunState, state_of
from workbench.services.workspace import Workspace
from workbench.store.tables import ResultRow, RunRow

__all__ = ["Run", "RunItem", "Trace", "item_of", "run_of"]


@dataclass(frozen=True)
class Run:
    """One evaluation, compile or ablation."""

    id: str
    task_id: str
    kind: str
    """"evaluate", "compile" or "ablation"."""
    name: str
    status: RunState
    version_id: str
    dataset_id: str
    metric_id: str
    split: str
    model: str
    settings: dict[str, Any]
    progress: dict[str, Any]
    """Live figures. Of an evaluation: done, total, score, failed, cached, cost. Of a compile: see `run_events`."""
    result: dict[str, Any] | None
    error: dict[str, str] | None
    """Of a failed run: type, message, hint."""
    result_version_id: str | None
    """The version that a compile made."""
    attempt: int
    archived: bool
    created: float
    started: float | None
    finished: float | None

    @property
    def active(self) -> bool:
        """True while something will still happen by itself; pages poll while this is so."""
        return self.status in ("queued", "running", "stopping")

    @property
    def can_resume(self) -> bool:
        """True where `resume_run` makes sense."""
        return self.status in ("interrupted", "stopped", "failed") or (
            self.status == "done" and self.unscored > 0
        )

    @property
    def unscored(self) -> int:
        """Rows without a score because of infrastructure or the metric; resuming runs them again."""
        counts = self.result or {}
        return int(counts.get("n_infrastructure_failures") or 0) + int(counts.get("n_metric_failures") or 0)

    @property
    def score(self) -> float | None:
        """Score in percent; None while there is none."""
        value = (self.result or {}).get("score")
        return None if value is None else float(value)

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval of the score, in percent."""
        value = (self.result or {}).get("interval")
        return None if not value else (100 * float(value[0]), 100 * float(value[1]))

    @property
    def seconds(self) -> float | None:
        """How long it was worked on, pauses before a resume left out; None before it started."""
        if self.started is None:
            return None
        known = ({} if self.active else self.result or {}).get("seconds") or self.progress.get("seconds")
        if known is not None and (not self.active or self.attempt > 1):
            return float(known)
        end = self.finished if not self.active and self.finished else time.time()
        return max(0.0, end - self.started)

    @property
    def budget_warnings(self) -> list[dict[str, Any]]:
        """What was said at half and four fifths of a cap: resource, share, used, cap; only of caps still in force."""
        caps = self.settings.get("budget") or {}
        return [
            warning
            for warning in self.progress.get("warnings") or ()
            if caps.get(warning["resource"]) in (None, warning["cap"])
        ]

    @property
    def done(self) -> int:
        """Rows finished so far."""
        return int(self.progress.get("done", 0))

    @property
    def total(self) -> int | None:
        """Rows there are to do, where known."""
        value = self.progress.get("total")
        return None if value is None else int(value)


@dataclass(frozen=True)
class RunItem:
    """One row of an evaluation."""

    position: int
    repeat: int
    example_id: str
    inputs: dict[str, Any]
    labels: dict[str, Any]
    outputs: dict[str, Any]
    score: float | None
    outcome: str
    """"scored", "model_failure", "infrastructure_failure" or "metric_failure"."""
    feedback: str
    error: str
    latency: float
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    cached: bool | None
    rating: int | None
    comment: str


@dataclass(frozen=True)
class Trace:
    """The spans of one row, in the order in which they ended."""

    spans: list[dict[str, Any]]
    truncated: bool
    """True where long texts or steps were cut to keep the store small."""


def run_of(ws: Workspace, row: RunRow) -> Run:
    """Return a run's row as it is now; one whose holder died is interrupted."""
    return Run(
        id=row.id,
        task_id=row.task_id,
        kind=row.kind,
        name=row.name,
        status=state_of(row, ws.config),
        version_id=row.version_id,
        dataset_id=row.dataset_id,
        metric_id=row.metric_id,
        split=row.split,
        model=row.model,
        settings=row.settings,
        progress=row.progress,
        result=row.result,
        error=row.error,
        result_version_id=row.result_version_id,
        attempt=row.attempt,
        archived=row.archived,
        created=row.created,
        started=row.started,
        finished=row.finished,
    )


def item_of(row: ResultRow, ratings: Mapping[tuple[int, int], tuple[int, str]]) -> RunItem:
    """Return a stored row with its rating, if it has one."""
    body = row.body
    usage = body.get("usage") or {}
    rating, comment = ratings.get((row.repeat, row.position), (None, ""))
    return RunItem(
        position=row.position,
        repeat=row.repeat,
        example_id=row.example_id,
        inputs=body.get("inputs") or {},
        labels=body.get("labels") or {},
        outputs=body.get("outputs") or {},
        score=row.score,
        outcome=row.outcome,
        feedback=body.get("feedback") or "",
        error=body.get("error") or "",
        latency=float(body.get("latency") or 0.0),
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
        cost=body.get("cost"),
        cached=body.get("cached"),
        rating=rating,
        comment=comment,
    )
