"""Carries runs out in this process: for tests, notebooks and the command line.

Knows nothing about workers. A run survives the process in the store; whoever resumes it goes on from there.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from core.foundation.errors import JobError
from workbench.config import Config
from workbench.jobs.base import Body, RunState
from workbench.jobs.execute import execute
from workbench.jobs.holder import this_process
from workbench.jobs.lease import Lease, request_stop, run_state
from workbench.store import Store, require
from workbench.store.tables import RunRow

__all__ = ["InlineJobRunner"]


class InlineJobRunner:
    """Runs jobs here.

    Args:
        background: On a thread, so that `start` returns at once; otherwise `start` returns when the run has ended.
        kinds: Bodies by kind; the built-in ones where not given.
    """

    def __init__(
        self,
        store: Store,
        config: Config,
        *,
        background: bool = False,
        kinds: Mapping[str, Body] | None = None,
    ) -> None:
        self._store, self._config, self._kinds = store, config, kinds
        self._background = background
        self._threads: dict[str, threading.Thread] = {}
        self.holder: str | None = this_process("inline")

    def start(self, run_id: str) -> None:
        """Carry the run out; an interrupt from the keyboard asks it to stop and waits for calls in flight."""
        thread = threading.Thread(
            target=self._work, args=(run_id, held := list[Lease]()), name=f"run-{run_id}"
        )
        self._threads[run_id] = thread
        thread.daemon = True  # a second interrupt ends the process; what is stored can be resumed
        thread.start()
        if not self._background:
            self._wait(thread, held)

    def join(self, run_id: str, timeout: float | None = None) -> None:
        """Wait until a run in the background has ended.

        Raises:
            JobError: It has not within `timeout` seconds.
        """
        thread = self._threads.get(run_id)
        if thread is not None:
            thread.join(timeout)
            if thread.is_alive():
                raise JobError(f"Run '{run_id}' has not ended after {timeout} seconds.")

    def stop(self, run_id: str) -> None:
        """Ask the run to stop."""
        request_stop(self._store, self._config, run_id)

    def status(self, run_id: str) -> RunState:
        """Return the run's state."""
        return run_state(self._store, self._config, run_id)

    def _work(self, run_id: str, held: list[Lease]) -> None:
        with self._store.read() as session:
            attempt = require(session, RunRow, run_id, "run").attempt
        execute(self._store, self._config, run_id, attempt, self.holder or "", kinds=self._kinds, held=held)

    def _wait(self, thread: threading.Thread, held: list[Lease]) -> None:
        asked = False
        while thread.is_alive():
            try:
                thread.join(0.2)
            except KeyboardInterrupt:
                if asked:
                    raise
                asked = True
                for lease in held:
                    lease.ask_stop()
