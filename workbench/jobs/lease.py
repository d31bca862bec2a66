"""A run's lease: who may carry it out, its heartbeat, the stop request, its progress and its end.

Knows nothing about what runs do. All of it is in the run's row, so that any process can see and ask.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.foundation.errors import JobError, StoreError
from core.foundation.fingerprint import jsonable
from workbench.config import Config
from workbench.jobs.base import ENDED, Outcome, RunState
from workbench.jobs.holder import holder_lives
from workbench.store import Store, require
from workbench.store.tables import RunRow, VersionRow
from workbench.store.versions import add_version

__all__ = ["Lease", "claim", "request_stop", "run_state", "state_of", "sweep"]


def state_of(row: RunRow, config: Config) -> RunState:
    """Return the state of a run as it really is: one whose holder died is interrupted."""
    held = row.status in ("running", "stopping") or (row.status == "queued" and row.worker is not None)
    if held and not holder_lives(row.worker, row.heartbeat, config.dead_after_seconds):
        return "interrupted"
    return row.status  # type: ignore[return-value]


def run_state(store: Store, config: Config, run_id: str) -> RunState:
    """Return the state of the run called `run_id`."""
    with store.read() as session:
        return state_of(require(session, RunRow, run_id, "run"), config)


def request_stop(store: Store, config: Config, run_id: str) -> None:
    """Ask a run to stop; one that nobody carries out is stopped at once."""
    with store.write() as session:
        row = require(session, RunRow, run_id, "run")
        state = state_of(row, config)
        if state == "running":
            row.status = "stopping"
        elif state in ("queued", "interrupted"):
            row.status, row.finished = "stopped", time.time()


def sweep(store: Store, config: Config) -> int:
    """Mark the runs whose holder died; returns how many. A worker that still owes them takes them up again."""
    with store.write() as session:
        rows = session.scalars(
            select(RunRow).where(RunRow.status.in_(("queued", "running", "stopping")))
        ).all()
        dead = [row for row in rows if state_of(row, config) == "interrupted"]
        for row in dead:
            row.status = "interrupted"
    return len(dead)


def claim(store: Store, config: Config, run_id: str, attempt: int, holder: str) -> Lease | None:
    """Take a run for this process, or return None where there is nothing to do.

    Nothing is to do when the run has ended, was resumed as a later attempt, another process lives and has it, or the
    store is a fresh one that does not know it.
    """
    with store.write() as session:
        row = session.get(RunRow, run_id)
        if row is None or row.attempt != attempt or row.status in ENDED:
            return None
        if row.worker not in (None, holder) and holder_lives(
            row.worker, row.heartbeat, config.dead_after_seconds
        ):
            return None
        row.status = "stopping" if row.status == "stopping" else "running"
        row.worker, row.heartbeat = holder, time.time()
        row.started = row.started or time.time()
        row.error = None
        stopping = row.status == "stopping"
    return Lease(store, config, run_id, attempt, holder, stopping=stopping)


class Lease:
    """The right to carry out one attempt of a run, kept alive by a thread while it is held."""

    def __init__(
        self, store: Store, config: Config, run_id: str, attempt: int, holder: str, *, stopping: bool
    ) -> None:
        self._store, self._config = store, config
        self._run_id, self._attempt, self._holder = run_id, attempt, holder
        self._stop = threading.Event()
        self._over = threading.Event()
        self._progress: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._beat, name=f"lease-{run_id}", daemon=True)
        if stopping:
            self._stop.set()
        self._thread.start()

    def stop_requested(self) -> bool:
        """True once someone asked for a stop, or the lease was lost to another attempt."""
        return self._stop.is_set()

    def ask_stop(self) -> None:
        """Ask from within the process (Ctrl-C)."""
        self._stop.set()

    def progress(self, **values: Any) -> None:
        """Say how far the run is; written with the next beat."""
        with self._lock:
            self._progress = {**self._progress, **values}

    def finish(self, outcome: Outcome) -> str | None:
        """Write the end of the run and the version it made, in one transaction; returns the version's id."""
        with self._ending() as (session, row):
            row.status = outcome.status
            row.result = jsonable(outcome.result)
            if outcome.version is not None:
                parent = require(session, VersionRow, row.version_id, "version")
                row.result_version_id = add_version(
                    session,
                    row.task_id,
                    spec=parent.spec,
                    state=outcome.version.state,
                    origin=f"compile:{row.id}",
                    label=outcome.version.label,
                    parent_id=parent.id,
                ).id
            return row.result_version_id

    def fail(self, error: Mapping[str, Any]) -> None:
        """Write that the run failed, and why."""
        with self._ending() as (_, row):
            row.status = "failed"
            row.error = jsonable(error)

    @contextmanager
    def _ending(self) -> Generator[tuple[Session, RunRow], None, None]:
        """The transaction that ends the run; refused where the lease was lost meanwhile."""
        self._over.set()
        self._thread.join()
        with self._store.write() as session:
            row = require(session, RunRow, self._run_id, "run")
            if not self._mine(row):
                raise JobError(
                    f"Run '{row.id}' was taken over by {row.worker or 'nobody'} meanwhile.",
                    hint="Nothing is lost: the other one ends it.",
                )
            row.progress = jsonable(self._progress) if self._progress else row.progress
            row.finished, row.worker, row.heartbeat = time.time(), None, None
            yield session, row

    def _beat(self) -> None:
        pause = min(0.5, self._config.heartbeat_seconds)
        written, last = dict[str, Any](), time.monotonic()
        while not self._over.wait(pause):
            with self._lock:
                values = self._progress
            due = time.monotonic() - last >= self._config.heartbeat_seconds or values is not written
            try:
                if due:
                    self._write(values)
                    written, last = values, time.monotonic()
                self._look()
            except StoreError:
                continue  # the store is busy or full; the next beat tries again

    def _write(self, values: dict[str, Any]) -> None:
        with self._store.write() as session:
            row = require(session, RunRow, self._run_id, "run")
            if self._mine(row):
                row.heartbeat = time.time()
                row.status = "running" if row.status == "interrupted" else row.status
                row.progress = jsonable(values) if values else row.progress

    def _look(self) -> None:
        with self._store.read() as session:
            row = require(session, RunRow, self._run_id, "run")
            if row.status == "stopping" or not self._mine(row):
                self._stop.set()

    def _mine(self, row: RunRow) -> bool:
        return row.attempt == self._attempt and row.worker == self._holder
