"""The sample tasks that ship with the workbench; one call opens one with data, split and metric.

Knows nothing about what is in them beyond their description. A sample is chosen by name,
never by path.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from core.foundation.errors import UnknownNameError
from workbench.locate import sample_data_dir
from workbench.services.columns import Table, read_table, suggest_mapping
from workbench.services.datasets import import_dataset, split_dataset
from workbench.services.metrics import save_metric
from workbench.services.tasks import create_task
from workbench.services.workspace import Workspace
from workbench.store.tables import TaskRow

__all__ = ["DEFAULT_SAMPLE", "Sample", "list_samples", "open_sample"]

DEFAULT_SAMPLE = "support_tickets"
"""The one that a fresh workbench opens with."""


@dataclass(frozen=True)
class Sample:
    """A sample task that can be opened."""

    name: str
    title: str
    description: str
    licence: str
    steps: int
    bytes: int


def list_samples() -> list[Sample]:
    """Return the sample tasks, the default one first."""
    found = [_sample(folder.name, _read(folder)) for folder in _folders()]
    return sorted(found, key=lambda sample: (sample.name != DEFAULT_SAMPLE, sample.name))


def open_sample(ws: Workspace, name: str, *, again: bool = False) -> str:
    """Open a sample as a task and return the task's id; one that is open already is not opened twice.

    Args:
        again: Make another task of it.

    Raises:
        UnknownNameError: There is no sample of that name.
    """
    folder = next((folder for folder in _folders() if folder.name == name), None)
    if folder is None:
        names = ", ".join(sample.name for sample in list_samples())
        raise UnknownNameError(f"There is no sample '{name}'.", hint=f"There are: {names}.")
    known = None if again else _opened(ws, name)
    if known is not None:
        return known
    described = _read(folder)
    program = _with_corpus(described["program"], folder)
    table = _table(folder / described["dataset"])
    task = create_task(
        ws,
        described["title"],
        program,
        description=described.get("description", ""),
        sample=name,
        origin="import",
    )
    mapping = described.get("mapping") or suggest_mapping(table.columns, program)
    info = import_dataset(ws, task.id, described["dataset"], table, mapping)
    split = {key: value for key, value in described["split"].items() if key in _SPLIT_KEYS}
    split_dataset(ws, info.id, **split)
    save_metric(ws, task.id, described["metric"])
    return task.id


_SPLIT_KEYS = ("train", "validation", "test", "seed", "stratify")


def _folders() -> list[Path]:
    root = sample_data_dir()
    return sorted(path.parent for path in root.glob("*/task.json")) if root.is_dir() else []


def _read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "task.json").read_text(encoding="utf-8"))


def _table(path: Path) -> Table:
    return read_table(path.read_bytes(), path.name)


def _with_corpus(program: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Put the passages of `corpus.jsonl`, where there is one, into the program."""
    corpus = folder / "corpus.jsonl"
    if program.get("corpus") or not corpus.exists():
        return dict(program)
    rows = [json.loads(line) for line in corpus.read_text(encoding="utf-8").splitlines() if line.strip()]
    return {**program, "corpus": [f"{row['title']} | {row['text']}" for row in rows]}


def _opened(ws: Workspace, name: str) -> str | None:
    query = select(TaskRow.id).where(TaskRow.sample == name, TaskRow.archived.is_(False))
    with ws.store.read() as session:
        return session.scalars(query.order_by(TaskRow.created.desc())).first()


def _sample(name: str, described: Mapping[str, Any]) -> Sample:
    return Sample(
        name=name,
        title=described["title"],
        description=described.get("description", ""),
        licence=described.get("licence", ""),
        steps=len(described["program"]["steps"]),
        bytes=(sample_data_dir() / name / described["dataset"]).stat().st_size,
    )
