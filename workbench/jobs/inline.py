"""Carries runs out in this process: for tests, notebooks and the command line.

Knows nothing about workers. A run survives the process in the store; whoever resumes it goes on from there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

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
        watch: Told the run's id several times a second while `start` waits: for whoever looks on.
    """

    def __init__(
        self,
        store: Store,
        config: Config,
        *,
        background: bool = False,
        kinds: Mapping[str, Body] | None = None,
        watch: Callable[[str], None] | None = None,
    ) -> None:
        self._store, self._config, self._kinds = store, config, kinds
        self._watch = watch
        self._background = background
        self._ended: dict[str, threading.Event] = {}
        self.holder: str | None = this_process("inline")

    def start(self, run_id: str) -> None:
        """Carry the run out; an interrupt from the keyboard asks it to stop and waits for calls in flight."""
        held, ended = list[Lease](), threading.Event()
        self._ended[run_id] = ended
        # A daemon: a second interrupt ends the process, and what is stored can be resumed.
        work = threading.Thread(
            target=self._work, args=(run_id, held, ended), name=f"run-{run_id}", daemon=True
        )
        work.start()
        if not self._background:
            self._wait(ended, held, run_id)

    def join(self, run_id: str, timeout: float | None = None) -> None:
        """Wait until a run in the background has ended.

        Raises:
            JobError: It has not within `timeout` seconds.
        """
        ended = self._ended.get(run_id)
        if ended is not None and not ended.wait(timeout):
            raise JobError(f"Run '{run_id}' has not ended after {timeout} seconds.")

    def stop(self, run_id: str) -> None:
        """Ask the run to stop."""
        request_stop(self._store, self._config, run_id)

    def status(self, run_id: str) -> RunState:
        """Return the run's state."""
        return run_state(self._store, self._config, run_id)

    def _work(self, run_id: str, held: list[Lease], ended: threading.Event) -> None:
        try:
            with self._store.read() as session:
                attempt = require(session, RunRow, run_id, "run").attempt
            execute(
                self._store, self._config, run_id, attempt, self.holder or "", kinds=self._kinds, held=held
            )
        finally:
            ended.set()

    def _wait(self, ended: threading.Event, held: list[Lease], run_id: str = "") -> None:
        # On an event and not on the thread: a join that Ctrl-C interrupts takes a live thread for dead (Python 3.11).
        asked = False
        while not ended.is_set():
            try:
                if not ended.wait(0.2) and self._watch is not None:
                    self._watch(run_id)
            except KeyboardInterrupt:
                if asked:
                    raise
                asked = True
            for lease in held if asked else ():  # also one that is claimed only after the interrupt
                lease.ask_stop()
