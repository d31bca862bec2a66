"""The worker process: durable DBOS workflows, one per attempt of a run, taken from the store.

Knows nothing about what runs do. The store's queued rows are the requests; DBOS gives the queue, the limit on how
many run at once, and the restart after a crash. Nothing but DBOS writes its database, which lies in a private
folder, because DBOS unpickles rows that say so.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from core.foundation.errors import JobError, MissingExtraError, StoreError
from workbench.config import Config
from workbench.jobs.base import Body
from workbench.jobs.execute import execute
from workbench.jobs.holder import this_process
from workbench.jobs.lease import sweep
from workbench.jobs.supervise import worker_lock
from workbench.store import open_store
from workbench.store.database import private_folder
from workbench.store.locks import FileLock
from workbench.store.tables import RunRow

__all__ = ["DEFAULT_WORKER", "JOBS_VERSION", "run_worker"]

log = logging.getLogger(__name__)

DEFAULT_WORKER = "worker"
JOBS_VERSION = "1"
"""Version of the workflow below. DBOS takes up only workflows of the same version after a restart."""

_QUEUE = "runs"
_POLL = 0.2
_SWEEP_EVERY = 5.0
_SETTLE = 3.0
_CLAIM_AGAIN = 1.0


def run_worker(
    config: Config,
    *,
    name: str = DEFAULT_WORKER,
    concurrency: int = 2,
    idle_exit: float | None = None,
    kinds: Mapping[str, Body] | None = None,
) -> bool:
    """Carry out queued runs until told to end (SIGTERM, SIGINT) or idle for `idle_exit` seconds.

    Args:
        name: One worker of a name per home; a second of the same name leaves at once.
        concurrency: How many runs at a time, in this worker and, from now on, in the others of the home.

    Returns:
        False where a worker of that name is there already.
    """
    private_folder(config.home)
    private_folder(config.jobs_folder)
    lock = worker_lock(config, name)
    if not _acquire(lock):
        return False
    holder = this_process(name)
    lock.write(f"{os.getpid()} {holder}")
    try:
        _Worker(config, name, holder, concurrency, kinds).serve(idle_exit)
    finally:
        lock.release()
    return True


def _acquire(lock: FileLock) -> bool:
    """Take the lock; those who only look hold it for a moment, so one refusal says nothing."""
    for _ in range(10):
        if lock.acquire():
            return True
        time.sleep(0.05)
    return False


class _Worker:
    def __init__(
        self, config: Config, name: str, holder: str, concurrency: int, kinds: Mapping[str, Body] | None
    ) -> None:
        self._config, self._name, self._holder = config, name, holder
        self._concurrency, self._kinds = concurrency, kinds
        self._store = open_store(config.store_url)
        self._end = threading.Event()
        self._sent: set[tuple[str, int]] = set()
        self._busy = 0
        self._lock = threading.Lock()

    def serve(self, idle_exit: float | None) -> None:
        """Take queued runs until the end is asked for."""
        enqueue = self._launch()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._end.set())
        started = swept = active = time.monotonic()
        while not self._end.wait(_POLL):
            now = time.monotonic()
            try:
                if self._take(enqueue) or self._busy:
                    active = now
                if now - started > _SETTLE and now - swept > _SWEEP_EVERY:
                    sweep(self._store, self._config)
                    swept = now
            except StoreError:
                log.exception("the store could not be read; trying again")
            if idle_exit is not None and now - active > idle_exit:
                break
        self._leave()

    def _launch(self) -> Callable[[str, int], None]:
        """Start DBOS, which takes up what a crash left, and return how to hand it a run."""
        try:
            from dbos import DBOS, SetWorkflowID
        except ModuleNotFoundError as error:
            raise MissingExtraError("dbos", "workbench", purpose="the worker") from error

        DBOS(config=_dbos_config(self._config, self._name))

        @DBOS.step(name="carry_out")
        def carry_out(run_id: str, attempt: int) -> str:
            return self._carry_out(run_id, attempt)

        @DBOS.workflow(name="run")
        def run(run_id: str, attempt: int) -> str:
            return carry_out(run_id, attempt)

        DBOS.launch()
        DBOS.register_queue(
            _QUEUE,
            worker_concurrency=self._concurrency,
            polling_interval_sec=_POLL,
            on_conflict="always_update",
        )

        def enqueue(run_id: str, attempt: int) -> None:
            with SetWorkflowID(f"{run_id}.{attempt}"):
                DBOS.enqueue_workflow(_QUEUE, run, run_id, attempt)

        return enqueue

    def _carry_out(self, run_id: str, attempt: int) -> str:
        with self._lock:
            self._busy += 1
        try:
            while True:
                try:
                    return execute(
                        self._store, self._config, run_id, attempt, self._holder, kinds=self._kinds
                    )
                except StoreError:
                    # Only the claim raises it. To DBOS the attempt would be over, and nobody would take it again.
                    log.exception("run %s could not be claimed; trying again", run_id)
                    time.sleep(_CLAIM_AGAIN)
        finally:
            with self._lock:
                self._busy -= 1

    def _take(self, enqueue: Callable[[str, int], None]) -> bool:
        """Put queued runs that no one has reserved into DBOS's queue; true where any wait.

        All workers of a home share that queue. Two that see the same run give it the same workflow id, so that it is
        carried out once.
        """
        query = select(RunRow.id, RunRow.attempt).where(RunRow.status == "queued", RunRow.worker.is_(None))
        with self._store.read() as session:
            waiting = [
                (str(run_id), int(attempt))
                for run_id, attempt in session.execute(query.order_by(RunRow.created))
            ]
        for item in waiting:
            if item not in self._sent:
                enqueue(*item)
                self._sent.add(item)
        return bool(waiting)

    def _leave(self) -> None:
        """End the process at once. What runs is pending with DBOS and goes on when a worker is started again."""
        log.info("worker ends")
        self._store.close()
        logging.shutdown()
        if self._busy:
            os._exit(0)  # the pool's threads would keep the process until the run's end
        from dbos import DBOS

        DBOS.destroy()


def _dbos_config(config: Config, name: str) -> Any:
    if not name.replace("-", "").replace("_", "").isalnum():
        raise JobError(f"'{name}' cannot be a worker's name.", hint="Use letters, digits, - and _.")
    return {
        "name": "workbench",
        "system_database_url": config.jobs_url,
        "application_version": JOBS_VERSION,
        # A restart takes up what an executor of the same name left. One SQLite file is one machine's, whatever it is
        # called today; machines that share a server must not take each other's work.
        "executor_id": name if config.jobs_url.startswith("sqlite") else f"{name}@{socket.gethostname()}",
        "enable_otlp": False,
        "log_level": "WARNING",
    }
