"""Carries out one run: claim it, call the body for its kind, write the end.

Knows nothing about queues, processes or what the bodies do.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from core.foundation.errors import JobError, StoreError, WorkbenchError
from core.trace import redact
from workbench.config import Config
from workbench.jobs.base import Body, Job
from workbench.jobs.bodies import bodies
from workbench.jobs.lease import Lease, claim
from workbench.store import Store, require
from workbench.store.tables import RunRow

__all__ = ["error_record", "execute"]

log = logging.getLogger(__name__)


def execute(
    store: Store,
    config: Config,
    run_id: str,
    attempt: int,
    holder: str,
    *,
    kinds: Mapping[str, Body] | None = None,
    held: list[Lease] | None = None,
) -> str:
    """Carry out one attempt of a run and return how it ended: "done", "stopped", "failed" or "superseded".

    Args:
        kinds: The bodies by kind of run; the built-in ones where not given.
        held: Filled with the lease, for callers who want to ask it to stop.
    """
    lease = claim(store, config, run_id, attempt, holder)
    if lease is None:
        return "superseded"
    if held is not None:
        held.append(lease)
    try:
        body = (bodies() if kinds is None else kinds)[_kind(store, run_id)]
        outcome = body(Job(store, config, run_id, lease))
    except Exception as error:
        if not isinstance(error, WorkbenchError):
            log.exception("run %s failed", run_id)
        return _fail(lease, error)
    try:
        lease.finish(outcome)
    except JobError:
        return "superseded"
    except Exception as error:
        log.exception("the end of run %s could not be written", run_id)
        return _fail(lease, error)
    return outcome.status


def error_record(error: BaseException) -> dict[str, str]:
    """Return an error as it is stored and shown: what, why, and what to do."""
    if isinstance(error, WorkbenchError):
        return {"type": type(error).__name__, "message": redact(error.message), "hint": redact(error.hint)}
    return {
        "type": type(error).__name__,
        "message": redact(f"{type(error).__name__}: {error}"),
        "hint": "This was not expected. The worker's log has the details; resuming goes on from what is stored.",
    }


def _fail(lease: Lease, error: Exception) -> str:
    try:
        lease.fail(error_record(error))
    except (JobError, StoreError):
        log.exception("the failure could not be written")
        return "superseded"
    return "failed"


def _kind(store: Store, run_id: str) -> str:
    with store.read() as session:
        return require(session, RunRow, run_id, "run").kind
