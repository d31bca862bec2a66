"""Datasets: read an upload, map its columns to fields, import, edit and split; rows keep their ids.

Knows nothing about models or runs. Uploads are bytes with a cap; their names are shown and never used as paths.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.foundation.errors import DataError, StoreError
from core.foundation.fingerprint import fingerprint, jsonable
from workbench.jobs.engine import checked_split
from workbench.services.columns import Table, dataset_of, read_table, suggest_mapping, table_of_rows
from workbench.services.tasks import checked_name, newest_version
from workbench.services.workspace import Workspace
from workbench.store import require
from workbench.store.tables import DataRow, DatasetRow, TaskRow

__all__ = [
    "SPLITS",
    "DatasetInfo",
    "Item",
    "Table",
    "get_dataset",
    "get_rows",
    "import_dataset",
    "list_datasets",
    "read_table",
    "set_split",
    "split_dataset",
    "suggest_mapping",
    "update_rows",
]

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset without its rows."""

    id: str
    task_id: str
    name: str
    filename: str
    fields: list[str]
    inputs: list[str]
    mapping: dict[str, str]
    counts: dict[str, int]
    """Rows by split; those in none under ""."""
    split: dict[str, Any] | None
    """How it was split last: the shares, seed and stratify; None where it never was."""
    fingerprint: str
    """Of all rows and their splits; changes with every edit."""
    created: float
    changed: float

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Item:
    """One row."""

    id: str
    position: int
    split: str | None
    data: dict[str, Any]


def import_dataset(
    ws: Workspace, task_id: str, name: str, table: Table, mapping: Mapping[str, str]
) -> DatasetInfo:
    """Store a table as a dataset of a task.

    Args:
        mapping: Column → field; columns that are not named (or map to "") are left out. A column mapped to "id"
            names the rows; without one ids are made from the contents.

    Raises:
        DataError: A column, an input or a value is wrong; lists rows and fields, and nothing was stored.
    """
    version = newest_version(ws, task_id)
    if version is None:
        raise StoreError("The task has no program yet.", hint="Describe the program before the data.")
    chosen = {column: field for column, field in mapping.items() if field}
    found = dataset_of(table, chosen, version.spec)
    if not len(found):
        raise DataError(
            "There are no rows in it.", file=table.filename, hint="The first row must name the columns."
        )
    with ws.store.write() as session:
        require(session, TaskRow, task_id, "task")
        info = DatasetRow(
            task_id=task_id,
            name=checked_name(name),
            filename=table.filename[:200],
            mapping=chosen,
            inputs=[item["name"] for item in version.spec["inputs"] if item["name"] in chosen.values()],
        )
        session.add(info)
        session.flush()
        for position, example in enumerate(found):
            data = jsonable(example.toDict())
            session.add(DataRow(dataset_id=info.id, example_id=example.id, position=position, data=data))
        return _touched(session, info)


def list_datasets(ws: Workspace, task_id: str) -> list[DatasetInfo]:
    """Return a task's datasets, newest first."""
    query = select(DatasetRow).where(DatasetRow.task_id == task_id).order_by(DatasetRow.created.desc())
    with ws.store.read() as session:
        require(session, TaskRow, task_id, "task")
        return [_info(session, row) for row in session.scalars(query)]


def get_dataset(ws: Workspace, dataset_id: str) -> DatasetInfo:
    """Return one dataset.

    Raises:
        StoreError: There is none of that id.
    """
    with ws.store.read() as session:
        return _info(session, require(session, DatasetRow, dataset_id, "dataset"))


def get_rows(
    ws: Workspace, dataset_id: str, split: str | None = None, *, limit: int | None = None, offset: int = 0
) -> list[Item]:
    """Return rows in their order; all splits where none is given."""
    query = select(DataRow).where(DataRow.dataset_id == dataset_id).order_by(DataRow.position)
    if (wanted := checked_split(split)) is not None:
        query = query.where(DataRow.split == wanted)
    with ws.store.read() as session:
        require(session, DatasetRow, dataset_id, "dataset")
        return [_item(row) for row in session.scalars(query.limit(limit).offset(offset))]


def split_dataset(
    ws: Workspace,
    dataset_id: str,
    train: float = 0.4,
    validation: float = 0.4,
    test: float = 0.2,
    seed: int = 0,
    stratify: str | None = None,
) -> DatasetInfo:
    """Deal the rows into splits; the same seed gives the same splits.

    Args:
        train: A share of the rows (0.4), or a number of rows (100); 0 leaves the part empty.
        validation: As `train`.
        test: As `train`.
        stratify: Field whose values are spread evenly.

    Raises:
        DataError: The shares cannot be met.
    """
    from core.data.dataset import Dataset
    from core.data.example import Example

    items = get_rows(ws, dataset_id)
    examples = [Example(item.data).with_id(item.id) for item in items]
    parts = Dataset(examples).split(
        train=train or None, validation=validation or None, test=test or None, seed=seed, stratify=stratify
    )
    # The order within a part is the split's own, shuffled: files are often sorted by label.
    where = {name: (part, rank) for part, rows in parts.items() for rank, name in enumerate(rows.ids)}
    with ws.store.write() as session:
        info = require(session, DatasetRow, dataset_id, "dataset")
        for row in session.scalars(select(DataRow).where(DataRow.dataset_id == dataset_id)):
            row.split, row.rank = where.get(row.example_id, (None, None))
        info.split = {
            "train": train,
            "validation": validation,
            "test": test,
            "seed": seed,
            "stratify": stratify,
        }
        return _touched(session, info)


def set_split(ws: Workspace, dataset_id: str, example_ids: Sequence[str], split: str | None) -> DatasetInfo:
    """Put some rows into a split by hand, or into none."""
    wanted = checked_split(split)
    with ws.store.write() as session:
        info = require(session, DatasetRow, dataset_id, "dataset")
        for row in _rows_by_id(session, dataset_id, example_ids):
            row.split, row.rank = wanted, None
        return _touched(session, info)


def update_rows(
    ws: Workspace,
    dataset_id: str,
    *,
    changed: Mapping[str, Mapping[str, Any]] | None = None,
    added: Sequence[Mapping[str, Any]] = (),
    removed: Sequence[str] = (),
    split: str | None = None,
) -> DatasetInfo:
    """Edit a dataset: all of the edits or, on an error, none.

    Args:
        changed: Example id → the fields that change; the id stays.
        added: New rows, put at the end.
        removed: Ids of rows that go.
        split: Where the added rows go.
    """
    info = get_dataset(ws, dataset_id)
    version = newest_version(ws, info.task_id)
    spec = version.spec if version else {}
    edits = dict(changed or {})
    new = _fitted(list(added), spec)
    with ws.store.write() as session:
        stored = require(session, DatasetRow, dataset_id, "dataset")
        for row in _rows_by_id(session, dataset_id, list(edits)):
            row.data = _fitted([{**row.data, **edits[row.example_id]}], spec)[0]
        for row in _rows_by_id(session, dataset_id, removed):
            session.delete(row)
        session.flush()
        _append(session, stored, new, checked_split(split))
        return _touched(session, stored)


def _append(session: Session, info: DatasetRow, rows: list[dict[str, Any]], split: str | None) -> None:
    taken = set(session.scalars(select(DataRow.example_id).where(DataRow.dataset_id == info.id)))
    last = session.scalar(select(func.max(DataRow.position)).where(DataRow.dataset_id == info.id))
    start = 0 if last is None else last + 1
    for offset, data in enumerate(rows):
        example_id = _free(fingerprint(data)[:12], taken)
        session.add(
            DataRow(
                dataset_id=info.id, example_id=example_id, position=start + offset, split=split, data=data
            )
        )


def _fitted(rows: Sequence[Mapping[str, Any]], spec: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return rows with values of the program's types."""
    if not rows:
        return []
    table = table_of_rows(rows)
    return [
        jsonable(example.toDict())
        for example in dataset_of(table, {name: name for name in table.columns}, spec)
    ]


def _rows_by_id(session: Session, dataset_id: str, example_ids: Sequence[str]) -> list[DataRow]:
    wanted = set(example_ids)
    query = select(DataRow).where(DataRow.dataset_id == dataset_id)
    found = [row for row in session.scalars(query) if row.example_id in wanted] if wanted else []
    missing = wanted - {row.example_id for row in found}
    if missing:
        raise StoreError(
            f"The dataset has no row '{sorted(missing)[0]}'.",
            hint="Reload; another window may have removed it.",
        )
    return found


def _free(wanted: str, taken: set[str]) -> str:
    """Return `wanted`, or with a number behind it where that is taken already, and take it."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    taken.add(name)
    return name


def _touched(session: Session, info: DatasetRow) -> DatasetInfo:
    """Write what follows from the rows: fingerprint and time of change."""
    session.flush()
    query = select(DataRow).where(DataRow.dataset_id == info.id).order_by(DataRow.position)
    # The rank is a part: runs number their rows in the order of the split.
    rows = [[row.example_id, row.split, row.rank, row.data] for row in session.scalars(query)]
    info.fingerprint = fingerprint(rows)
    info.changed = time.time()
    session.flush()
    return _info(session, info)


def _info(session: Session, row: DatasetRow) -> DatasetInfo:
    counting = select(DataRow.split, func.count()).where(DataRow.dataset_id == row.id).group_by(DataRow.split)
    first = select(DataRow.data).where(DataRow.dataset_id == row.id).order_by(DataRow.position).limit(1)
    return DatasetInfo(
        id=row.id,
        task_id=row.task_id,
        name=row.name,
        filename=row.filename,
        fields=list(session.scalar(first) or {}),
        inputs=list(row.inputs),
        mapping=dict(row.mapping),
        counts={split or "": count for split, count in session.execute(counting)},
        split=row.split,
        fingerprint=row.fingerprint,
        created=row.created,
        changed=row.changed,
    )


def _item(row: DataRow) -> Item:
    return Item(row.example_id, row.position, row.split, jsonable(row.data))
