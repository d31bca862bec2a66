"""Waiting for a run on the command line: how far it is where someone watches, and warnings of its budget.

Knows nothing about any single command.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

from core.foundation.errors import JobError, StoreError
from workbench.cli.run_text import kind_of, warning_text
from workbench.services import runs
from workbench.services.workspace import Workspace

__all__ = ["Watcher", "exit_code", "wait"]


_OF_THE_BUDGET = re.compile(r"\d+% of the budget of ")


class Watcher:
    """Shows on the error stream how far a run is; what was said of its budget once is not said again.

    Args:
        quiet: Show nothing.
    """

    def __init__(self, *, quiet: bool) -> None:
        self.workspace: Workspace | None = None
        self._quiet = quiet
        self._bar = not quiet and sys.stderr.isatty()
        self._said: set[str] = set()
        self.said: list[str] = []

    @contextmanager
    def listening(self) -> Generator[None]:
        """Say a search's own warnings as they come, each kind once; `said` keeps them, so that the end need not."""
        logger = logging.getLogger("core.search")
        if self._quiet:
            yield
            return
        logger.addFilter(self._take)
        try:
            yield
        finally:
            logger.removeFilter(self._take)

    def _take(self, record: logging.LogRecord) -> bool:
        """Say a warning in the place of logging it; anything else is logged."""
        if record.levelno != logging.WARNING:
            return True
        text = record.getMessage()
        if _OF_THE_BUDGET.match(text):  # `show` says it, with how much is used
            return False
        if kind_of(text) not in map(kind_of, self.said):
            self.clear()
            print(f"warning: {text}", file=sys.stderr, flush=True)
        self.said.append(text)
        return False

    def look_at(self, run_id: str) -> None:
        """Look at a run; a store that is busy is looked at again later."""
        if self.workspace is None or self._quiet:
            return
        with suppress(StoreError):
            self.show(runs.get_run(self.workspace, run_id))

    def show(self, run: runs.Run) -> None:
        """Show what is new about it."""
        if self._quiet:
            return
        for warning in run.budget_warnings:
            text = warning_text(warning)
            if text not in self._said:
                self._said.add(text)
                self.clear()
                print(f"warning: {text}", file=sys.stderr, flush=True)
        if self._bar and run.active:
            score = run.progress.get("score")
            best = "" if score is None else f"  {score:g} %"
            line = f"{run.status}: {run.done}/{run.total or '?'} rows{best}"
            print(f"\r{line:<60}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away that says how far it is."""
        if self._bar:
            print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)


def wait(ws: Workspace, run_id: str, options: argparse.Namespace) -> runs.Run:
    """Wait until a run has ended, showing how far it is where someone watches.

    Raises:
        JobError: It ran here, and its end could not be written.
    """
    watcher: Watcher = options.watcher
    if ws.jobs.holder is not None:
        run = runs.get_run(ws, run_id)
        watcher.show(run)
        watcher.clear()
        if run.active:
            raise JobError(
                f"The end of run '{run_id}' could not be written.",
                hint=f"Is the disk full? What was finished is kept: workbench runs resume {run_id}",
            )
        return run
    try:
        while (run := runs.get_run(ws, run_id)).active:
            watcher.show(run)
            time.sleep(0.2)
    except KeyboardInterrupt:
        run = runs.stop_run(ws, run_id)
        raise
    finally:
        watcher.clear()
    watcher.show(run)
    return run


def exit_code(run: runs.Run) -> int:
    """Return the code that says how a run ended: 0 done, 130 stopped, 1 failed."""
    return {"done": 0, "stopped": 130}.get(run.status, 1)
