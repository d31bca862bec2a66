"""Tables as they are uploaded, and which column is which field.

Knows nothing about the store.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.foundation.errors import DataError
from core.foundation.fingerprint import jsonable
from workbench.services.specs import as_spec

if TYPE_CHECKING:
    from core.pipeline.spec import ProgramSpec

__all__ = ["UPLOAD_BYTES", "Table", "coerced_rows", "read_table", "suggest_mapping"]

UPLOAD_BYTES = 200 * 2**20
"""Largest upload that is read."""

_ALIASES = {
    "input": ("text", "question", "query", "message", "prompt", "utterance", "sentence", "content", "body"),
    "output": (
        "label",
        "category",
        "class",
        "intent",
        "answer",
        "target",
        "output",
        "response",
        "expected",
        "gold",
    ),
}


@dataclass(frozen=True)
class Table:
    """An upload as rows of plain values."""

    columns: list[str]
    rows: list[dict[str, Any]]
    problems: list[str] = field(default_factory=list[str])
    """What is odd about it, for people; rows are usable all the same."""
    filename: str = ""


def read_table(data: bytes, filename: str) -> Table:
    """Read an upload: CSV, TSV, JSON, JSONL, Parquet or XLSX by its file name.

    Raises:
        DataError: It is too large, of an unknown kind, or cannot be read; names the row where one is to blame.
    """
    from core.data.loaders import load_dataset

    if len(data) > UPLOAD_BYTES:
        raise DataError(
            f"The file has {len(data) / 2**20:.0f} MB; at most {UPLOAD_BYTES // 2**20} are read.",
            file=filename,
            hint="Upload a sample of it.",
        )
    rows = load_dataset(data, filename=filename).to_records()
    if not rows:
        raise DataError(
            "There are no rows in it.", file=filename, hint="The first row must hold the column names."
        )
    columns = list(dict.fromkeys(name for row in rows for name in row))
    plain = [{name: jsonable(row.get(name)) for name in columns} for row in rows]
    return Table(columns, plain, _oddities(columns, plain), filename)


def suggest_mapping(columns: Sequence[str], spec: ProgramSpec | Mapping[str, Any]) -> dict[str, str]:
    """Return the likely field of each column; columns that fit nothing are left out."""
    found = as_spec(spec)
    wanted = [(item.name, "input") for item in found.inputs] + [(name, "output") for name in found.outputs]
    mapping: dict[str, str] = {}
    for match in (_same, _alike, _alias):
        for name, role in wanted:
            if name in mapping.values():
                continue
            free = [
                column
                for column in columns
                if column not in mapping and _plain(column) not in ("id", "index")
            ]
            column = match(name, role, free)
            if column is not None:
                mapping[column] = name
    open_fields = [name for name, _ in wanted if name not in mapping.values()]
    free = [column for column in columns if column not in mapping and _plain(column) not in ("id", "index")]
    if len(open_fields) == 1 and len(free) == 1:
        mapping[free[0]] = open_fields[0]
    return mapping


def coerced_rows(
    table: Table, mapping: Mapping[str, str], shapes: Mapping[str, dict[str, Any]], inputs: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the mapped rows with values of their fields' types.

    Raises:
        DataError: A value does not fit, or an input is empty; names row and field.
    """
    return [
        {
            name: _value(row.get(column), name, shapes.get(name), name in inputs, table.filename, number)
            for column, name in mapping.items()
        }
        for number, row in enumerate(table.rows, start=2)  # the header is row 1
    ]


def _value(value: Any, name: str, shape: dict[str, Any] | None, needed: bool, file: str, number: int) -> Any:
    from core.wire.coerce import coerce
    from core.wire.scalars import CoercionError

    empty = value is None or (isinstance(value, str) and not value.strip())
    if empty and needed and not (shape and shape["kind"] == "optional"):
        raise DataError(
            "The input is empty.", file=file, row=number, field=name, hint="Fill it in or remove the row."
        )
    if empty:
        return None if value is None or shape is None or shape["kind"] != "str" else value
    if shape is None or (shape["kind"] == "str" and isinstance(value, str)):
        return value
    try:
        return coerce(value, shape)
    except CoercionError as error:
        raise DataError(
            f"{error}", file=file, row=number, field=name, hint="Correct the value or the type of the field."
        ) from error


def _oddities(columns: list[str], rows: list[dict[str, Any]]) -> list[str]:
    notes = [
        f"Column '{name}' is empty in {empty} of {len(rows)} rows."
        for name in columns
        if (empty := sum(1 for row in rows if row[name] in (None, "")))
    ]
    if any(not name.strip() for name in columns):
        notes.append("A column has no name.")
    return notes


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _same(name: str, _role: str, columns: Sequence[str]) -> str | None:
    return next((column for column in columns if _plain(column) == _plain(name)), None)


def _alike(name: str, _role: str, columns: Sequence[str]) -> str | None:
    by_plain = {_plain(column): column for column in columns}
    near = difflib.get_close_matches(_plain(name), by_plain, n=1, cutoff=0.8)
    if near:
        return by_plain[near[0]]
    return next(
        (by_plain[key] for key in by_plain if key and (key in _plain(name) or _plain(name) in key)), None
    )


def _alias(_name: str, role: str, columns: Sequence[str]) -> str | None:
    return next((column for column in columns if _plain(column) in _ALIASES[role]), None)
