"""Tables as they are uploaded, and which column is which field.

Knows nothing about the store.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.foundation.fingerprint import jsonable
from workbench.services.specs import as_spec, field_shapes

if TYPE_CHECKING:
    from core.data.dataset import Dataset
    from core.data.table import Table as ParsedTable
    from core.pipeline.spec import ProgramSpec

__all__ = ["UPLOAD_BYTES", "Table", "dataset_of", "read_table", "suggest_mapping", "table_of_rows"]

UPLOAD_BYTES = 200_000_000
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
    problems: list[str]
    """What has to be mended before it can be imported, each with its place."""
    notes: list[str]
    """What is odd about it; it can be imported all the same."""
    filename: str
    parsed: ParsedTable = field(repr=False, compare=False)
    """As the engine read it, with row numbers."""


def read_table(data: bytes, filename: str) -> Table:
    """Read an upload: CSV, TSV, JSON, JSONL, Parquet or XLSX by its file name.

    Raises:
        DataError: It is too large, of an unknown kind, or cannot be read as a whole.
    """
    from core.data.loaders import read_table as parse

    return _table(parse(data, filename=filename))


def table_of_rows(rows: Sequence[Mapping[str, Any]], filename: str = "") -> Table:
    """Return rows that were typed in as a table."""
    from core.data.table import Row
    from core.data.table import Table as ParsedTable

    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    numbered = tuple(Row(number, dict(row)) for number, row in enumerate(rows, start=1))
    return _table(ParsedTable(filename, columns, numbered))


def suggest_mapping(columns: Sequence[str], spec: ProgramSpec | Mapping[str, Any]) -> dict[str, str]:
    """Return the likely field of each column; columns that fit nothing are left out.

    A column called "id" names the rows.
    """
    from core.data.loaders import suggested_mapping

    found = as_spec(spec)
    roles = {item.name: "input" for item in found.inputs} | dict.fromkeys(found.outputs, "output")
    mapping = suggested_mapping(columns, list(roles))
    for match in (_contained, _alias):
        _match_rest(mapping, columns, roles, match)
    open_fields = [name for name in roles if name not in mapping.values()]
    free = [column for column in columns if column not in mapping]
    if len(open_fields) == 1 and len(free) == 1:
        mapping[free[0]] = open_fields[0]
    return {column: mapping[column] for column in columns if column in mapping}


def dataset_of(table: Table, mapping: Mapping[str, str], spec: Mapping[str, Any]) -> Dataset:
    """Return the mapped rows as a dataset with values of the program's types.

    Raises:
        DataError: A column, an input or a value is wrong; lists rows and fields.
    """
    from core.data.loaders import dataset_of_table
    from core.pipeline import may_be_left_out

    inputs = [
        item.name
        for item in as_spec(spec).inputs
        if item.name in mapping.values() or not may_be_left_out(item)
    ]
    return dataset_of_table(table.parsed, mapping=mapping, inputs=inputs, types=field_shapes(spec))


def _table(parsed: ParsedTable) -> Table:
    columns = list(parsed.columns)
    rows = [{name: jsonable(row.values.get(name)) for name in columns} for row in parsed.rows]
    notes = [
        f"Column '{name}' is empty in {empty} of {len(rows)} rows."
        for name in columns
        if (empty := sum(1 for row in rows if row[name] in (None, "")))
    ]
    return Table(columns, rows, [str(fault) for fault in parsed.problems], notes, parsed.source, parsed)


def _match_rest(
    mapping: dict[str, str],
    columns: Sequence[str],
    roles: Mapping[str, str],
    match: Callable[[str, str, Sequence[str]], str | None],
) -> None:
    for name, role in roles.items():
        if name in mapping.values():
            continue
        column = match(name, role, [column for column in columns if column not in mapping])
        if column is not None:
            mapping[column] = name


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


def _contained(name: str, _role: str, columns: Sequence[str]) -> str | None:
    wanted = _plain(name)
    return next(
        (column for column in columns if (key := _plain(column)) and (key in wanted or wanted in key)), None
    )


def _alias(_name: str, role: str, columns: Sequence[str]) -> str | None:
    return next((column for column in columns if _plain(column) in _ALIASES[role]), None)
