"""What a bootstrapping of `KNNFewShot` needs of a search, for the one call that it is made for.

Knows nothing about neighbours: the teacher runs in the caller's own context, and what fails is counted.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from core.evaluate.call import MetricCall
from core.foundation.errors import EvaluationAborted
from core.foundation.randomness import rng
from core.foundation.threads import DaemonThreads
from core.foundation.words import counted
from core.optimizers.bootstrap_few_shot import BootstrapFewShot
from core.search.jobs import Attempt, TraceJob, run_trace
from core.search.problem import Problem
from core.search.result import AttemptRecord
from core.search.runner import run_jobs
from core.settings import current

__all__ = ["Failures", "NeighbourCall"]

_log = logging.getLogger("core.optimizers")


class Failures:
    """What failed while demos were made, over the life of a program; the first is said at once, and only once."""

    def __init__(self) -> None:
        self.count = 0
        self._last = ""
        self._lock = threading.Lock()

    def add(self, failed: Sequence[Attempt]) -> None:
        """Count attempts that failed by infrastructure or metric."""
        if not failed:
            return
        with self._lock:
            first = self.count == 0
            self.count += len(failed)
            self._last = failed[-1].why or failed[-1].error
        if first:
            told = "KNNFewShot: a training row gave no demo, as %s. Further ones: `warnings` of the program."
            _log.warning(told, failed[0].why or failed[0].error)

    def warnings(self) -> list[str]:
        """Return what is to be said of them."""
        if not self.count:
            return []
        runs = counted(self.count, "run")
        return [f"{runs} of the teacher gave no demo by a failure; the last: {self._last}"]


class NeighbourCall:
    """What a bootstrapping needs of a search, for one call: it runs the teacher in the caller's own context, so budgets
    and meters around the call count what it spends.
    """

    def __init__(
        self,
        problem: Problem,
        bootstrapper: BootstrapFewShot,
        granted: Callable[[int], int],
        failures: Failures,
    ) -> None:
        self.problem = problem
        self.attempts: list[AttemptRecord] = []
        self.ended = False
        self._granted = granted
        self._failures = failures
        self._threads = DaemonThreads("neighbours")
        self._metric = MetricCall(problem.metric, self._threads) if problem.metric is not None else None
        most = bootstrapper.params.max_errors
        self._max_errors = max(1, current().max_errors if most is None else most)
        self._errors = 0

    @property
    def racing(self) -> bool:
        """False: nothing is scored against anything."""
        return False

    def rng(self, *purpose: object) -> Any:
        """Return a generator for one purpose and these neighbours."""
        return rng(self.problem.seed, *purpose)

    async def traces(self, jobs: Sequence[TraceJob]) -> list[Attempt | None]:
        """Run the teacher on rows; None for those that may not be run any more."""
        allowed = self._granted(len(jobs))
        self.ended = allowed < len(jobs)
        work = [partial(run_trace, job, self._threads, self._metric) for job in jobs[:allowed]]
        found = await run_jobs(work, width=current().num_threads, halt=lambda: False)
        failed = [attempt for attempt in found if attempt is not None and attempt.counts_as_error]
        self._errors += len(failed)
        self._failures.add(failed)
        if failed and self._errors >= self._max_errors:
            raise EvaluationAborted(
                f"{counted(self._errors, 'attempt')} failed, which ends it (max_errors={self._max_errors}). "
                f"The last: {failed[-1].error or failed[-1].why}",
                hint="Check the model and the metric, or raise max_errors.",
            )
        return [*found, *([None] * (len(jobs) - allowed))]

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown()
