"""Adds a program version to a task: numbered, fingerprinted, and not twice.

Knows nothing about what a spec or a state means.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.foundation.fingerprint import fingerprint, jsonable
from workbench.store.store import require
from workbench.store.tables import TaskRow, VersionRow

__all__ = ["add_version"]


def add_version(
    session: Session,
    task_id: str,
    *,
    spec: Mapping[str, Any],
    state: Mapping[str, Any] | None,
    origin: str,
    label: str = "",
    parent_id: str | None = None,
) -> VersionRow:
    """Return a new version, or the task's newest of this origin where it says the same."""
    require(session, TaskRow, task_id, "task")
    mark = fingerprint([spec, state])
    same_origin = select(VersionRow).where(VersionRow.task_id == task_id, VersionRow.origin == origin)
    newest = session.scalar(same_origin.order_by(VersionRow.number.desc()).limit(1))
    if newest is not None and newest.fingerprint == mark and newest.label == label:
        return newest
    number = session.scalar(select(func.max(VersionRow.number)).where(VersionRow.task_id == task_id)) or 0
    row = VersionRow(
        task_id=task_id,
        number=number + 1,
        spec=jsonable(spec),
        state=jsonable(state),
        parent_id=parent_id,
        origin=origin,
        label=label,
        fingerprint=mark,
    )
    session.add(row)
    session.flush()
    return row
