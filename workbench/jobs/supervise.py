"""Starts the worker process when there is work, watches it, and leaves runs to it.

Knows nothing about what the worker does inside. A file lock says whether it lives: the system frees the lock of a
process that ends.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

from sqlalchemy import select

from core.foundation.errors import JobError, StoreError
from workbench.config import Config
from workbench.jobs.base import RunState
from workbench.jobs.holder import process_lives
from workbench.jobs.lease import request_stop, run_state, state_of
from workbench.store import Store
from workbench.store.database import private_folder
from workbench.store.locks import FileLock
from workbench.store.tables import RunRow

__all__ = ["WorkerJobs", "ensure_worker", "watch_worker", "worker_lives", "worker_lock", "worker_log"]

_STARTUP_SECONDS = 20.0
_LOG_BYTES = 5 * 2**20


def worker_lock(config: Config, name: str = "worker") -> FileLock:
    """Return the lock that the worker called `name` holds while it lives.

    Raises:
        JobError: It cannot be a worker's name, which is a part of file names.
    """
    if not re.fullmatch(r"[\w-]{1,64}", name):
        raise JobError(f"'{name}' cannot be a worker's name.", hint="Use letters, digits, - and _.")
    return FileLock(config.jobs_folder / f"{name}.lock")


def worker_log(config: Config) -> Path:
    """Return the file with what workers started by the app say."""
    return config.jobs_folder / "worker.log"


def worker_lives(config: Config, name: str = "worker") -> bool:
    """True where a worker of that name holds its lock."""
    private_folder(config.home)
    private_folder(config.jobs_folder)
    lock = worker_lock(config, name)
    free = lock.acquire()
    lock.release()
    return not free


def ensure_worker(config: Config, *, idle_exit: float = 600.0) -> bool:
    """Start a worker unless one is there or starting; returns at once, True where one was started.

    Args:
        idle_exit: The worker ends by itself after so many seconds without work.
    """
    if worker_lives(config):
        return False
    starting = FileLock(config.jobs_folder / "starting.lock")
    if not starting.acquire():
        return False
    try:
        if _is_starting(starting.note()):
            return False
        process = _spawn(config, idle_exit)
        starting.write(f"{process.pid} {time.time()}")
        # Waited for on a thread so that the process table does not keep a dead worker as a zombie.
        threading.Thread(target=process.wait, name="worker-wait", daemon=True).start()
    finally:
        starting.release()
    return True


def _is_starting(note: str) -> bool:
    pid, _, begun = note.partition(" ")
    if not pid.isdigit() or time.time() - float(begun or 0) > _STARTUP_SECONDS:
        return False
    return process_lives(int(pid))


def _spawn(config: Config, idle_exit: float) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    log_file = worker_log(config)
    mode = "wb" if log_file.exists() and log_file.stat().st_size > _LOG_BYTES else "ab"
    command = [sys.executable, "-P", "-m", "workbench", "worker", "--idle-exit", str(idle_exit)]
    try:
        with log_file.open(mode) as output:
            return subprocess.Popen(  # noqa: S603 (our own interpreter and package, a list of arguments)
                command,
                cwd=config.jobs_folder,
                env={**os.environ, **config.environment(), "PYTHONPATH": os.pathsep.join(paths)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in the app's terminal is not meant for the worker
            )
    except OSError as error:
        raise JobError(f"The worker process could not be started: {error}.") from error


class WorkerJobs:
    """The `Jobs` interface over worker processes: the row is the request, a worker takes it."""

    holder: str | None = None

    def __init__(self, store: Store, config: Config) -> None:
        self._store, self._config = store, config

    def start(self, run_id: str) -> None:
        """See that a worker is there; it takes the queued run within half a second."""
        ensure_worker(self._config)

    def stop(self, run_id: str) -> None:
        """Ask the run to stop."""
        request_stop(self._store, self._config, run_id)

    def status(self, run_id: str) -> RunState:
        """Return the run's state."""
        return run_state(self._store, self._config, run_id)


def work_waits(store: Store, config: Config) -> bool:
    """True where a run is queued for any worker, or its worker died."""
    query = select(RunRow).where(RunRow.status.in_(("queued", "running", "stopping")))
    with store.read() as session:
        rows = session.scalars(query).all()
        return any(row.worker is None or state_of(row, config) == "interrupted" for row in rows)


def watch_worker(store: Store, config: Config, *, every: float = 2.0) -> threading.Event:
    """Start a worker whenever there is work and none lives, until the returned event is set."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(every):
            try:
                if work_waits(store, config):
                    ensure_worker(config)
            except (StoreError, JobError):
                continue

    threading.Thread(target=watch, name="worker-watch", daemon=True).start()
    return over
