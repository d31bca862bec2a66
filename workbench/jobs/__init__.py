"""Jobs: evaluations and compiles carried out outside the web process, safe against any crash.

Knows nothing about services or pages.
"""

from __future__ import annotations

from workbench.jobs.base import ACTIVE, ENDED, Body, Job, JobControl, Jobs, NewVersion, Outcome, RunState
from workbench.jobs.inline import InlineJobRunner
from workbench.jobs.lease import run_state, state_of, sweep
from workbench.jobs.supervise import WorkerJobs, ensure_worker, watch_worker, worker_lives, worker_log

__all__ = [
    "ACTIVE",
    "ENDED",
    "Body",
    "InlineJobRunner",
    "Job",
    "JobControl",
    "Jobs",
    "NewVersion",
    "Outcome",
    "RunState",
    "WorkerJobs",
    "ensure_worker",
    "run_state",
    "state_of",
    "sweep",
    "watch_worker",
    "worker_lives",
    "worker_log",
]
