"""Runs: start, watch, stop, resume, look at, rate and put away evaluations, compiles and ablations.

Knows nothing about how runs are carried out. Everything is read from the store, so any process sees the same.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.foundation.errors import ConfigurationError, JobError, StoreError
from workbench.jobs import ensure_worker, state_of
from workbench.services.run_records import Run, RunItem, Trace, item_of, run_of
from workbench.services.spending import check_not_below_spent
from workbench.services.starting import checked_budget, start_compile, start_evaluation
from workbench.services.tasks import checked_name
from workbench.services.workspace import Workspace
from workbench.store import StoreRunLog, require
from workbench.store.tables import RatingRow, ResultRow, RunRow, TraceRow

__all__ = [
    "Run",
    "RunItem",
    "Trace",
    "active_runs",
    "archive_run",
    "count_rows",
    "find_run",
    "get_run",
    "list_runs",
    "rate_row",
    "rename_run",
    "resume_run",
    "run_events",
    "run_row",
    "run_rows",
    "run_status",
    "run_trace",
    "start_compile",
    "start_evaluation",
    "stop_run",
    "wake_worker",
]


def list_runs(
    ws: Workspace,
    task_id: str | None = None,
    *,
    kind: str | None = None,
    status: str | None = None,
    archived: bool = False,
    limit: int = 500,
) -> list[Run]:
    """Return runs, newest first.

    Args:
        task_id: Only of this task.
        kind: "evaluate", "compile" or "ablation".
        status: Only in this state.
        archived: Include those put away.
    """
    query = select(RunRow).order_by(RunRow.created.desc(), RunRow.id).limit(limit)
    if task_id is not None:
        query = query.where(RunRow.task_id == task_id)
    if kind is not None:
        query = query.where(RunRow.kind == kind)
    if not archived:
        query = query.where(RunRow.archived.is_(False))
    with ws.store.read() as session:
        runs = [run_of(ws, row) for row in session.scalars(query)]
    return [run for run in runs if status in (None, run.status)]


def active_runs(ws: Workspace) -> list[Run]:
    """Return what is queued or running, oldest first: the chip that every page shows."""
    query = (
        select(RunRow).where(RunRow.status.in_(("queued", "running", "stopping"))).order_by(RunRow.created)
    )
    with ws.store.read() as session:
        return [run for run in (run_of(ws, row) for row in session.scalars(query)) if run.active]


def get_run(ws: Workspace, run_id: str) -> Run:
    """Return one run as it is now; one small read, fit for polling.

    Raises:
        StoreError: There is none of that id.
    """
    with ws.store.read() as session:
        return run_of(ws, require(session, RunRow, run_id, "run"))


def find_run(ws: Workspace, named: str) -> Run:
    """Return the run of that id, or else the newest one of that name: what a person types.

    Raises:
        StoreError: There is neither.
    """
    query = select(RunRow).where(RunRow.name == named).order_by(RunRow.created.desc(), RunRow.id)
    with ws.store.read() as session:
        row = session.get(RunRow, named) or session.scalars(query.limit(1)).first()
        return run_of(ws, row if row is not None else require(session, RunRow, named, "run"))


run_status = get_run
"""The name that says what pages poll."""


def run_rows(
    ws: Workspace,
    run_id: str,
    *,
    outcome: str | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[RunItem]:
    """Return an evaluation's rows in the dataset's order, also while it runs.

    Args:
        outcome: Only those that met this outcome.
    """
    query = select(ResultRow).where(ResultRow.run_id == run_id).order_by(ResultRow.repeat, ResultRow.position)
    if outcome is not None:
        query = query.where(ResultRow.outcome == outcome)
    with ws.store.read() as session:
        require(session, RunRow, run_id, "run")
        ratings = {
            (row.repeat, row.position): (row.rating, row.comment)
            for row in session.scalars(select(RatingRow).where(RatingRow.run_id == run_id))
        }
        return [item_of(row, ratings) for row in session.scalars(query.limit(limit).offset(offset))]


def run_row(ws: Workspace, run_id: str, position: int, repeat: int = 0) -> RunItem:
    """Return one row of an evaluation; what a link to a row opens.

    Raises:
        StoreError: There is no such row, or not yet.
    """
    with ws.store.read() as session:
        row = _result_row(session, run_id, position, repeat)
        rating = session.scalar(_rating_query(run_id, position, repeat))
        known = {(repeat, position): (rating.rating, rating.comment)} if rating else {}
        return item_of(row, known)


def run_trace(ws: Workspace, run_id: str, position: int, repeat: int = 0) -> Trace:
    """Return the trace of one row; empty where none was kept."""
    query = select(TraceRow).where(
        TraceRow.run_id == run_id, TraceRow.position == position, TraceRow.repeat == repeat
    )
    with ws.store.read() as session:
        row = session.scalars(query.order_by(TraceRow.created.desc())).first()
    return Trace(row.spans, row.truncated) if row is not None else Trace([], False)


def run_events(ws: Workspace, run_id: str, *, since: int = -1) -> list[dict[str, Any]]:
    """Return a run's events after position `since`, oldest first; each carries its `position`."""
    events = StoreRunLog(ws.store, run_id).since(since)
    return [{**event, "position": since + 1 + offset} for offset, event in enumerate(events)]


def stop_run(ws: Workspace, run_id: str) -> Run:
    """Ask a run to stop. Calls in flight finish, and the best so far is kept."""
    ws.jobs.stop(run_id)
    return get_run(ws, run_id)


def resume_run(ws: Workspace, run_id: str, *, budget: Mapping[str, float | None] | None = None) -> Run:
    """Go on with a run that was interrupted, stopped or failed, or whose rows failed; what is finished stays.

    Args:
        budget: New caps for a compile or an ablation, e.g. to add to those that ended it.

    Raises:
        ConfigurationError: A cap is lower than what was spent already: that would throw away what it paid for.
        JobError: The run is still going, or is done.
    """
    events = run_events(ws, run_id) if budget else []
    with ws.store.write() as session:
        row = require(session, RunRow, run_id, "run")
        run = run_of(ws, row)
        if not run.can_resume and not (run.status == "done" and budget):
            capped = run.status == "done" and (run.result or {}).get("stop_code") in ("budget", "seconds")
            hint = "Only a run with something left to do can be resumed."
            raise JobError(
                f"The run is {run.status}{': its budget was used up' if capped else ''}.",
                hint="Raise the budget to go on: --budget calls=…" if capped else hint,
            )
        if budget is not None:
            if row.kind == "evaluate":
                raise ConfigurationError("An evaluation has no budget.", hint="Resume it without one.")
            check_not_below_spent(run, checked_budget(budget), events)
            caps = checked_budget({**row.settings.get("budget", {}), **budget})
            row.settings = {**row.settings, "budget": caps}
        row.status, row.attempt, row.worker = "queued", row.attempt + 1, ws.jobs.holder
        row.heartbeat, row.finished, row.error = None, None, None
    ws.jobs.start(run_id)
    return get_run(ws, run_id)


def rename_run(ws: Workspace, run_id: str, name: str) -> Run:
    """Give a run another name."""
    with ws.store.write() as session:
        row = require(session, RunRow, run_id, "run")
        row.name = checked_name(name)
        return run_of(ws, row)


def archive_run(ws: Workspace, run_id: str, archived: bool = True) -> Run:
    """Put a run away, or take it out again. Nothing is deleted."""
    with ws.store.write() as session:
        row = require(session, RunRow, run_id, "run")
        if archived and state_of(row, ws.config) in ("queued", "running", "stopping"):
            raise JobError("The run is still going.", hint="Stop it first.")
        row.archived = archived
        return run_of(ws, row)


def rate_row(
    ws: Workspace, run_id: str, position: int, rating: int | None, comment: str = "", *, repeat: int = 0
) -> RunItem:
    """Say what a person thinks of one answer.

    Args:
        rating: 1 good, 0 unsure, -1 bad; None takes the rating away.
    """
    if rating not in (None, -1, 0, 1):
        raise ConfigurationError(f"A rating of {rating} is not known.", hint="Use 1, 0, -1, or none.")
    with ws.store.write() as session:
        row = _result_row(session, run_id, position, repeat)
        known = session.scalar(_rating_query(run_id, position, repeat))
        if rating is None:
            if known is not None:
                session.delete(known)
        else:
            made = known or RatingRow(
                run_id=run_id, repeat=repeat, position=position, example_id=row.example_id
            )
            made.rating, made.comment, made.created = rating, comment[:10_000], time.time()
            session.add(made)
    return run_row(ws, run_id, position, repeat)


def wake_worker(ws: Workspace) -> bool:
    """Start a worker where none lives; what a page offers when runs stay queued."""
    return ensure_worker(ws.config)


def count_rows(ws: Workspace, run_id: str) -> dict[str, int]:
    """Return how many rows met each outcome, without reading them."""
    query = (
        select(ResultRow.outcome, func.count()).where(ResultRow.run_id == run_id).group_by(ResultRow.outcome)
    )
    with ws.store.read() as session:
        return {str(outcome): int(count) for outcome, count in session.execute(query)}


def _result_row(session: Session, run_id: str, position: int, repeat: int) -> ResultRow:
    query = select(ResultRow).where(
        ResultRow.run_id == run_id, ResultRow.position == position, ResultRow.repeat == repeat
    )
    row = session.scalar(query)
    if row is None:
        raise StoreError(f"Run '{run_id}' has no row {position}.", hint="It may not be finished yet.")
    return row


def _rating_query(run_id: str, position: int, repeat: int) -> Any:
    return select(RatingRow).where(
        RatingRow.run_id == run_id, RatingRow.position == position, RatingRow.repeat == repeat
    )
