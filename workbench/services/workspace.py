"""The workspace: an open store, somewhere to carry runs out, and the configuration; first argument of every service.

Knows nothing about tasks or runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import func, select

from core.foundation.errors import ConfigurationError
from workbench.config import Config, read_config
from workbench.jobs import (
    ACTIVE,
    InlineJobRunner,
    Jobs,
    WorkerJobs,
    ensure_worker,
    watch_worker,
    worker_lives,
)
from workbench.jobs.engine import use_cache_folder
from workbench.jobs.supervise import worker_log
from workbench.store import Store, open_store
from workbench.store.tables import RunRow

__all__ = ["WorkerStatus", "Workspace", "open_workspace", "start_watching", "worker_status"]


@dataclass(frozen=True)
class Workspace:
    """What a service works on."""

    store: Store
    jobs: Jobs
    config: Config

    def close(self) -> None:
        """Give the store's connections back."""
        self.store.close()


@dataclass(frozen=True)
class WorkerStatus:
    """Whether runs are being carried out."""

    lives: bool
    active_runs: int
    log: Path


def open_workspace(
    config: Config | None = None,
    *,
    jobs: Literal["worker", "inline", "background"] = "worker",
    watch: Callable[[str], None] | None = None,
) -> Workspace:
    """Open the store, making or upgrading it where needed, and point the engine at the configured cache.

    Args:
        config: Read from the environment where not given.
        jobs: Who carries runs out: the worker process, this thread (`start` waits), or a thread of this process.
        watch: Told a run's id several times a second while "inline" carries it out.

    Raises:
        StoreError: The store cannot be opened.
    """
    found = config or read_config()
    store = open_store(found.store_url)
    use_cache_folder(found)
    if jobs == "worker":
        return Workspace(store, WorkerJobs(store, found), found)
    if jobs not in ("inline", "background"):
        raise ConfigurationError(f"Jobs cannot be '{jobs}'.", hint="Choose worker, inline or background.")
    return Workspace(
        store, InlineJobRunner(store, found, background=jobs == "background", watch=watch), found
    )


def start_watching(ws: Workspace) -> threading.Event:
    """Start a worker now and whenever there is work and none lives, until the returned event is set."""
    ensure_worker(ws.config)
    return watch_worker(ws.store, ws.config)


def worker_status(ws: Workspace) -> WorkerStatus:
    """Return whether a worker lives and how many runs wait or run."""
    with ws.store.read() as session:
        active = session.scalar(select(func.count()).select_from(RunRow).where(RunRow.status.in_(ACTIVE)))
    return WorkerStatus(worker_lives(ws.config), active or 0, worker_log(ws.config))
