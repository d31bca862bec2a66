"""What a run was asked to do, as the engine's objects, after checking that its data are still the same.

Knows nothing about doing it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.foundation.errors import ResumeMismatch
from workbench.jobs.base import Job
from workbench.jobs.engine import load_program, open_embedder, open_model, use_cache_folder
from workbench.store import require
from workbench.store.tables import DatasetRow, MetricRow, RunRow, VersionRow

if TYPE_CHECKING:
    from core.lm import Embedder
    from core.lm.base import BaseLM

__all__ = ["RunRequest", "load_request"]

_SHARE_OF_ERRORS = 0.2
_LEAST_ERRORS = 10


@dataclass(frozen=True)
class RunRequest:
    """One run's request."""

    program: Any
    state: dict[str, Any] | None
    metric: Any
    lm: BaseLM
    embedder: Embedder | None
    adapter: str
    dataset_id: str
    split: str | None
    settings: dict[str, Any]
    seconds: float
    """How long earlier sessions of the run worked on it, as far as its progress says."""

    def max_errors(self, rows: int) -> int:
        """How many of so many rows have to fail because of infrastructure or the metric to end the run."""
        chosen = self.settings.get("max_errors")
        return int(chosen) if chosen is not None else max(_LEAST_ERRORS, math.ceil(_SHARE_OF_ERRORS * rows))


def load_request(job: Job) -> RunRequest:
    """Read a run's row and what it names.

    Raises:
        ResumeMismatch: The dataset was changed since the run was started.
        WorkbenchError: Something it names cannot be used.
    """
    from core.evaluate.metrics import make_metric

    use_cache_folder(job.config)
    with job.store.read() as session:
        run = require(session, RunRow, job.run_id, "run")
        version = require(session, VersionRow, run.version_id, "version")
        dataset = require(session, DatasetRow, run.dataset_id, "dataset")
        metric = require(session, MetricRow, run.metric_id, "metric")
    if dataset.fingerprint != run.dataset_fingerprint:
        raise ResumeMismatch(
            "The dataset was changed after this run was started.",
            differences={"data": (run.dataset_fingerprint, dataset.fingerprint)},
            hint="Start a new run on the dataset as it is now.",
        )
    settings = dict(run.settings)
    return RunRequest(
        program=load_program(version.spec, version.state),
        state=version.state,
        metric=make_metric(metric.spec),
        lm=open_model(job.store, run.model, temperature=settings.get("temperature")),
        embedder=open_embedder(job.store, run.model),
        adapter=settings.get("adapter") or "chat",
        dataset_id=dataset.id,
        split=None if run.split == "all" else run.split,
        settings=settings,
        seconds=float((run.progress or {}).get("seconds") or 0.0),
    )
