"""Tasks and the versions of their programs.

Knows nothing about data, metrics or runs beyond counting them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.foundation.errors import ConfigurationError, StoreError
from workbench.services.specs import check_spec, usable_spec
from workbench.services.workspace import Workspace
from workbench.store import require
from workbench.store.tables import DatasetRow, MetricRow, RunRow, TaskRow, VersionRow
from workbench.store.versions import add_version

if TYPE_CHECKING:
    from core.pipeline.spec import ProgramSpec

__all__ = [
    "Overview",
    "Task",
    "Version",
    "archive_task",
    "check_spec",
    "create_task",
    "get_task",
    "get_version",
    "list_tasks",
    "newest_version",
    "overview",
    "rename_task",
    "save_version",
    "versions",
]

NAME_LENGTH = 200


@dataclass(frozen=True)
class Task:
    """A task: groups program versions, datasets, metrics and runs."""

    id: str
    name: str
    description: str
    sample: str | None
    """Name of the sample it was opened from, if any."""
    archived: bool
    created: float
    """Seconds since 1970 (UTC), as all times here."""


@dataclass(frozen=True)
class Version:
    """One version of a program; never changed once saved."""

    id: str
    task_id: str
    number: int
    spec: dict[str, Any]
    state: dict[str, Any] | None
    """What compiling found (demos, instructions); None for a program as written."""
    parent_id: str | None
    origin: str
    """"form", "import", or "compile:" and the run's id."""
    label: str
    fingerprint: str
    created: float

    @property
    def name(self) -> str:
        """A short text that tells this version from others."""
        return f"v{self.number} · {self.label}" if self.label else f"v{self.number}"

    @property
    def compiled(self) -> bool:
        """True where it carries a compiled state."""
        return self.state is not None

    @property
    def run_id(self) -> str | None:
        """The compile that made it, if one did."""
        return self.origin.partition(":")[2] or None


@dataclass(frozen=True)
class Overview:
    """How far a task is: what the strip of steps and the home page show."""

    task: Task
    versions: int
    compiled_versions: int
    datasets: int
    metrics: int
    evaluations: int
    compiles: int
    active_runs: int
    versions_scored: int
    """How many versions have a finished evaluation: from two on there is something to compare."""
    scores: list[tuple[str, str, float, float]]
    """(run id, name, score in percent, when finished) of finished evaluations, oldest first."""

    @property
    def done(self) -> dict[str, bool]:
        """Which of the steps have been taken."""
        return {
            "task": self.versions > 0,
            "data": self.datasets > 0,
            "metric": self.metrics > 0,
            "evaluate": self.evaluations > 0,
            "compile": self.compiled_versions > 0,
            "compare": self.versions_scored > 1,
        }


def list_tasks(ws: Workspace, *, archived: bool = False) -> list[Task]:
    """Return the tasks, newest first.

    Args:
        archived: Include those put away.
    """
    query = select(TaskRow).order_by(TaskRow.created.desc(), TaskRow.id)
    if not archived:
        query = query.where(TaskRow.archived.is_(False))
    with ws.store.read() as session:
        return [_task(row) for row in session.scalars(query)]


def create_task(
    ws: Workspace,
    name: str,
    spec: ProgramSpec | Mapping[str, Any],
    *,
    description: str = "",
    sample: str | None = None,
    origin: str = "form",
) -> Task:
    """Make a task with the first version of its program.

    Raises:
        PipelineError: The program cannot be run; lists every problem.
    """
    program = usable_spec(spec)
    with ws.store.write() as session:
        row = TaskRow(name=checked_name(name), description=description, sample=sample)
        session.add(row)
        session.flush()
        add_version(session, row.id, spec=program.model_dump(mode="json"), state=None, origin=origin)
        return _task(row)


def get_task(ws: Workspace, task_id: str) -> Task:
    """Return one task.

    Raises:
        StoreError: There is none of that id.
    """
    with ws.store.read() as session:
        return _task(require(session, TaskRow, task_id, "task"))


def rename_task(ws: Workspace, task_id: str, name: str, description: str | None = None) -> Task:
    """Give a task another name, and description where one is given."""
    with ws.store.write() as session:
        row = require(session, TaskRow, task_id, "task")
        row.name = checked_name(name)
        row.description = row.description if description is None else description
        return _task(row)


def archive_task(ws: Workspace, task_id: str, archived: bool = True) -> None:
    """Put a task away, or take it out again. Nothing is deleted."""
    with ws.store.write() as session:
        require(session, TaskRow, task_id, "task").archived = archived


def overview(ws: Workspace, task_id: str) -> Overview:
    """Return how far a task is."""
    with ws.store.read() as session:
        task = _task(require(session, TaskRow, task_id, "task"))
        states = session.execute(select(RunRow.kind, RunRow.status).where(RunRow.task_id == task_id)).all()
        finished = select(RunRow).where(
            RunRow.task_id == task_id,
            RunRow.kind == "evaluate",
            RunRow.status == "done",
            RunRow.archived.is_(False),
        )
        rows = session.scalars(finished.order_by(RunRow.finished)).all()
        return Overview(
            task=task,
            versions=_count(session, VersionRow, task_id),
            compiled_versions=sum(
                1
                for state in session.scalars(select(VersionRow.state).where(VersionRow.task_id == task_id))
                if state
            ),
            datasets=_count(session, DatasetRow, task_id),
            metrics=_count(session, MetricRow, task_id),
            evaluations=sum(1 for kind, status in states if (kind, status) == ("evaluate", "done")),
            compiles=sum(1 for kind, status in states if (kind, status) == ("compile", "done")),
            active_runs=sum(1 for _, status in states if status in ("queued", "running", "stopping")),
            versions_scored=len({row.version_id for row in rows if row.result}),
            scores=[
                (row.id, row.name, row.result["score"], row.finished or row.created)
                for row in rows
                if row.result and row.result.get("score") is not None
            ],
        )


def save_version(
    ws: Workspace,
    task_id: str,
    spec: ProgramSpec | Mapping[str, Any],
    message: str = "",
    *,
    state: Mapping[str, Any] | None = None,
    parent_id: str | None = None,
    origin: str = "form",
) -> Version:
    """Save a program as the task's next version; one that says the same as the newest is not saved twice.

    Raises:
        PipelineError: The program cannot be run.
        StateError: The state does not fit the program.
    """
    program = usable_spec(spec)
    if state is not None:
        from core.pipeline import build

        build(program).load_state(dict(state))
    with ws.store.write() as session:
        if parent_id is not None and require(session, VersionRow, parent_id, "version").task_id != task_id:
            raise StoreError(
                "The parent version belongs to another task.", hint="Choose a version of this task."
            )
        row = add_version(
            session,
            task_id,
            spec=program.model_dump(mode="json"),
            state=state,
            origin=origin,
            label=message.strip()[:NAME_LENGTH],
            parent_id=parent_id or _newest(session, task_id),
        )
        return _version(row)


def versions(ws: Workspace, task_id: str) -> list[Version]:
    """Return a task's versions, newest first."""
    query = select(VersionRow).where(VersionRow.task_id == task_id).order_by(VersionRow.number.desc())
    with ws.store.read() as session:
        require(session, TaskRow, task_id, "task")
        return [_version(row) for row in session.scalars(query)]


def newest_version(ws: Workspace, task_id: str, *, compiled: bool | None = None) -> Version | None:
    """Return the newest version, or the newest (not) compiled one; None where there is none."""
    wanted = (version for version in versions(ws, task_id) if compiled in (None, version.compiled))
    return next(wanted, None)


def get_version(ws: Workspace, version_id: str) -> Version:
    """Return one version.

    Raises:
        StoreError: There is none of that id.
    """
    with ws.store.read() as session:
        return _version(require(session, VersionRow, version_id, "version"))


def checked_name(name: str) -> str:
    """Return a name as it is stored.

    Raises:
        ConfigurationError: It is empty or very long.
    """
    text = " ".join(name.split())
    if not text or len(text) > NAME_LENGTH:
        raise ConfigurationError(
            "A name is needed." if not text else "The name is too long.",
            hint=f"Use 1 to {NAME_LENGTH} characters.",
        )
    return text


def _newest(session: Session, task_id: str) -> str | None:
    query = (
        select(VersionRow.id).where(VersionRow.task_id == task_id).order_by(VersionRow.number.desc()).limit(1)
    )
    return session.scalar(query)


def _count(session: Session, table: Any, task_id: str) -> int:
    return session.scalar(select(func.count()).select_from(table).where(table.task_id == task_id)) or 0


def _task(row: TaskRow) -> Task:
    return Task(row.id, row.name, row.description, row.sample, row.archived, row.created)


def _version(row: VersionRow) -> Version:
    return Version(
        id=row.id,
        task_id=row.task_id,
        number=row.number,
        spec=row.spec,
        state=row.state,
        parent_id=row.parent_id,
        origin=row.origin,
        label=row.label,
        fingerprint=row.fingerprint,
        created=row.created,
    )
