"""The tables of the store, as typed SQLAlchemy models.

Knows nothing about programs, metrics or models: what they are is JSON made above. Times are
seconds since 1970 (UTC). The schema changes only through `migrations/`; a test holds the two together.
"""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import JSON, Boolean, Float, ForeignKey, Index, Integer, String, Text, UniqueConstraint, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column

from core.foundation.errors import StoreError
from workbench.store.ids import new_id

__all__ = [
    "Base",
    "ConnectionRow",
    "DataRow",
    "DatasetRow",
    "EventRow",
    "MetricRow",
    "PriceRow",
    "RatingRow",
    "ResultRow",
    "RunRow",
    "TaskRow",
    "TraceRow",
    "VersionRow",
]

Json = JSON(none_as_null=True)


class Base(DeclarativeBase):
    """What all tables share."""


class TaskRow(Base):
    """A task: groups program versions, datasets, metrics and runs."""

    __tablename__ = "tasks"

    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    sample: Mapped[str | None] = mapped_column(String(64))
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    created: Mapped[float] = mapped_column(Float, default=time.time)


class VersionRow(Base):
    """One version of a task's program; written once, never changed."""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("task_id", "number"),)

    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), index=True)
    number: Mapped[int] = mapped_column(Integer)
    spec: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[dict[str, Any] | None] = mapped_column(Json)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("versions.id"))
    origin: Mapped[str] = mapped_column(String(64), default="form")
    label: Mapped[str] = mapped_column(Text, default="")
    fingerprint: Mapped[str] = mapped_column(String(64))
    created: Mapped[float] = mapped_column(Float, default=time.time)


class DatasetRow(Base):
    """A dataset's description; its examples are `DataRow`s."""

    __tablename__ = "datasets"

    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text, default="")
    mapping: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    inputs: Mapped[list[str]] = mapped_column(Json, default=list)
    split: Mapped[dict[str, Any] | None] = mapped_column(Json)
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    created: Mapped[float] = mapped_column(Float, default=time.time)
    changed: Mapped[float] = mapped_column(Float, default=time.time)


class DataRow(Base):
    """One example of a dataset."""

    __tablename__ = "data_rows"
    __table_args__ = (UniqueConstraint("dataset_id", "example_id"),)

    key: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), index=True)
    example_id: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(Integer)
    split: Mapped[str | None] = mapped_column(String(16))
    rank: Mapped[int | None] = mapped_column(Integer)
    """Place within the split; by hand added rows have none and stand last."""
    data: Mapped[dict[str, Any]] = mapped_column(Json)


class MetricRow(Base):
    """A metric chosen for a task: kind and parameters."""

    __tablename__ = "metrics"

    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    spec: Mapped[dict[str, Any]] = mapped_column(Json)
    fingerprint: Mapped[str] = mapped_column(String(64))
    created: Mapped[float] = mapped_column(Float, default=time.time)


class RunRow(Base):
    """One evaluation or compile: what was asked, how far it is, how it ended."""

    __tablename__ = "runs"
    __table_args__ = (Index("ix_runs_status", "status"),)

    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(String(16), default="queued")
    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id"))
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id"))
    metric_id: Mapped[str] = mapped_column(ForeignKey("metrics.id"))
    split: Mapped[str] = mapped_column(String(16), default="")
    model: Mapped[str] = mapped_column(Text, default="")
    dataset_fingerprint: Mapped[str] = mapped_column(String(64), default="")
    metric_fingerprint: Mapped[str] = mapped_column(String(64), default="")
    settings: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    progress: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    error: Mapped[dict[str, Any] | None] = mapped_column(Json)
    result_version_id: Mapped[str | None] = mapped_column(ForeignKey("versions.id"))
    attempt: Mapped[int] = mapped_column(Integer, default=1)
    worker: Mapped[str | None] = mapped_column(Text)
    heartbeat: Mapped[float | None] = mapped_column(Float)
    archived: Mapped[bool] = mapped_column(Boolean, default=False)
    created: Mapped[float] = mapped_column(Float, default=time.time)
    started: Mapped[float | None] = mapped_column(Float)
    finished: Mapped[float | None] = mapped_column(Float)


class EventRow(Base):
    """One event of a run's log; appended, never changed."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("run_id", "seq"),)

    key: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    seq: Mapped[int] = mapped_column(Integer)
    type: Mapped[str] = mapped_column(String(32))
    body: Mapped[dict[str, Any]] = mapped_column(Json)
    created: Mapped[float] = mapped_column(Float, default=time.time)


class ResultRow(Base):
    """One example of an evaluation, with what the program gave and the score."""

    __tablename__ = "row_results"
    __table_args__ = (UniqueConstraint("run_id", "repeat", "position"),)

    key: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    repeat: Mapped[int] = mapped_column(Integer, default=0)
    position: Mapped[int] = mapped_column(Integer)
    example_id: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(32))
    score: Mapped[float | None] = mapped_column(Float)
    body: Mapped[dict[str, Any]] = mapped_column(Json)
    created: Mapped[float] = mapped_column(Float, default=time.time)


class TraceRow(Base):
    """The spans of one row of a run, or of one call made by hand."""

    __tablename__ = "traces"
    __table_args__ = (Index("ix_traces_run", "run_id", "repeat", "position"),)

    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    run_id: Mapped[str | None] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    repeat: Mapped[int] = mapped_column(Integer, default=0)
    position: Mapped[int] = mapped_column(Integer, default=0)
    spans: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    truncated: Mapped[bool] = mapped_column(Boolean, default=False)
    created: Mapped[float] = mapped_column(Float, default=time.time)


class RatingRow(Base):
    """A person's opinion of one answer."""

    __tablename__ = "ratings"
    __table_args__ = (UniqueConstraint("run_id", "repeat", "position"),)

    key: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    repeat: Mapped[int] = mapped_column(Integer, default=0)
    position: Mapped[int] = mapped_column(Integer)
    example_id: Mapped[str] = mapped_column(Text)
    rating: Mapped[int] = mapped_column(Integer)
    comment: Mapped[str] = mapped_column(Text, default="")
    created: Mapped[float] = mapped_column(Float, default=time.time)


class ConnectionRow(Base):
    """A model endpoint. Holds the name of the variable with the key, never the key."""

    __tablename__ = "connections"

    id: Mapped[str] = mapped_column(String(16), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(Text, unique=True)
    base_url: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    key_env: Mapped[str | None] = mapped_column(Text)
    options: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    created: Mapped[float] = mapped_column(Float, default=time.time)


class PriceRow(Base):
    """Money per million tokens of one model."""

    __tablename__ = "prices"

    model: Mapped[str] = mapped_column(Text, primary_key=True)
    prompt: Mapped[float] = mapped_column(Float)
    completion: Mapped[float] = mapped_column(Float)
    changed: Mapped[float] = mapped_column(Float, default=time.time)


class PreferenceRow(Base):
    """One choice of the person who runs this workbench, e.g. the model that forms start with."""

    __tablename__ = "preferences"

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    value: Mapped[Any] = mapped_column(Json, nullable=False)
    changed: Mapped[float] = mapped_column(Float, default=time.time)


def _refuse_change(mapper: Mapper[Any], connection: object, target: object) -> None:
    raise StoreError(
        f"A row of '{mapper.local_table}' was about to be changed or removed, and these are written once.",
        hint="Save a new version instead.",
    )


for _written_once in (VersionRow, EventRow):
    event.listen(_written_once, "before_update", _refuse_change)
event.listen(VersionRow, "before_delete", _refuse_change)
