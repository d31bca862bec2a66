"""From a file to a dataset: read, map columns to fields, convert to the fields' types; all or nothing.

Knows nothing about single formats. Errors name the file, the row as a person counts it, the field and what to do, and
list the first twenty faults instead of one.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.data.convert import converted
from core.data.dataset import Dataset
from core.data.example import Example
from core.data.frame import table_of_frame
from core.data.reader import ReadOptions, read_bytes
from core.data.table import MOST_FAULTS, Fault, Row, Table, refuse
from core.foundation.errors import DataError
from core.signature.names import identifier_near, name_fault
from core.signature.schema import shape_of

__all__ = [
    "dataset_of_table",
    "from_csv",
    "from_dataframe",
    "from_json",
    "from_jsonl",
    "from_parquet",
    "from_xlsx",
    "load_dataset",
    "read_table",
    "suggested_mapping",
]

_Source = str | os.PathLike[str] | bytes


def read_table(
    source: _Source,
    *,
    filename: str | None = None,
    format: str | None = None,
    options: ReadOptions | None = None,
) -> Table:
    """Return a file's columns and rows; faults of single rows are in `table.problems`.

    Args:
        source: A path, or a file's bytes.
        filename: The name to go by and to show, where `source` is bytes.
        format: "csv", "json", "jsonl", "parquet" or "xlsx"; None goes by the name's ending.

    Raises:
        DataError: The file as a whole cannot be read.
    """
    if isinstance(source, bytes):
        return read_bytes(source, filename or f"upload.{format or 'csv'}", options, format)
    path = Path(source)
    try:
        size = path.stat().st_size
        # A file over the limit is refused by its size, before it fills the memory.
        data = path.read_bytes() if size <= (options or ReadOptions()).limits.size else b""
    except OSError as error:
        raise DataError(
            f"Cannot open the file: {error.strerror}.", file=str(path), hint="Check the path."
        ) from error
    if size and not data:
        raise DataError(
            f"The file has {size / 1e6:,.0f} MB, which is too large.", file=path.name, hint="Take a sample."
        )
    return read_bytes(data, filename or path.name, options, format)


def load_dataset(
    source: _Source,
    *,
    filename: str | None = None,
    mapping: Mapping[str, str] | None = None,
    inputs: Sequence[str] = (),
    types: Mapping[str, Any] | None = None,
    name: str | None = None,
    format: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
) -> Dataset:
    """Return the dataset in a CSV, JSON, JSON lines, Parquet or Excel file.

    Args:
        source: A path, or a file's bytes (then `filename` says what they are).
        mapping: {column: field}; None takes every column, under a usable name. A column mapped to `id` (or called
            so, where nothing is mapped) names the examples.
        inputs: Which fields a program gets.
        types: {field: type}, as a Python type or a shape; a field without one stays as the file has it.
        name: For people; None takes the file's name.
        encoding: Of a text file; None means UTF-8.
        delimiter: Of a CSV; None finds it out.
        sheet: Of a workbook; None takes the first.

    Raises:
        DataError: Anything in it cannot be used; nothing was loaded.
    """
    options = ReadOptions(encoding=encoding, delimiter=delimiter, sheet=sheet)
    table = read_table(source, filename=filename, format=format, options=options)
    return dataset_of_table(table, mapping=mapping, inputs=inputs, types=types, name=name)


def from_csv(source: _Source, **options: Any) -> Dataset:
    """Return the dataset in a CSV file; options as for `load_dataset`."""
    return load_dataset(source, format="csv", **options)


def from_json(source: _Source, **options: Any) -> Dataset:
    """Return the dataset in a JSON file; options as for `load_dataset`."""
    return load_dataset(source, format="json", **options)


def from_jsonl(source: _Source, **options: Any) -> Dataset:
    """Return the dataset in a file of JSON lines; options as for `load_dataset`."""
    return load_dataset(source, format="jsonl", **options)


def from_parquet(source: _Source, **options: Any) -> Dataset:
    """Return the dataset in a Parquet file; options as for `load_dataset`."""
    return load_dataset(source, format="parquet", **options)


def from_xlsx(source: _Source, **options: Any) -> Dataset:
    """Return the dataset in an Excel workbook; options as for `load_dataset`."""
    return load_dataset(source, format="xlsx", **options)


def from_dataframe(
    frame: Any,
    *,
    mapping: Mapping[str, str] | None = None,
    inputs: Sequence[str] = (),
    types: Mapping[str, Any] | None = None,
    name: str = "data frame",
) -> Dataset:
    """Return the dataset in a data frame of pandas, polars or pyarrow; options as for `load_dataset`."""
    return dataset_of_table(
        table_of_frame(frame, name), mapping=mapping, inputs=inputs, types=types, name=name
    )


def dataset_of_table(
    table: Table,
    *,
    mapping: Mapping[str, str] | None = None,
    inputs: Sequence[str] = (),
    types: Mapping[str, Any] | None = None,
    name: str | None = None,
) -> Dataset:
    """Return the dataset in a table; options as for `load_dataset`.

    Raises:
        DataError: The table has problems, or a value does not fit; nothing was loaded.
    """
    table.checked()
    chosen = dict(mapping) if mapping is not None else suggested_mapping(table.columns)
    _check_mapping(table, chosen, inputs)
    shapes = {field: _shape(kind) for field, kind in (types or {}).items()}
    faults: list[Fault] = []
    examples = [_example(row, chosen, shapes, faults) for row in table.rows if len(faults) < MOST_FAULTS]
    faults += _id_faults(table, chosen)
    if faults:
        raise refuse(table.source, faults)
    return Dataset(examples, name=table.source if name is None else name, inputs=inputs)


def suggested_mapping(columns: Sequence[str], fields: Sequence[str] = ()) -> dict[str, str]:
    """Return {column: field}.

    Args:
        fields: The fields that are wanted: columns that resemble one are mapped to it, others are left out. Without
            any, every column becomes a field under a usable name.
    """
    if not fields:
        return _usable_names(columns)
    free = {identifier_near(field): field for field in fields}
    found: dict[str, str] = {}
    for column in columns:
        near = identifier_near(column)
        if near in free:
            found[column] = free.pop(near)
    for column in columns:
        close = (
            difflib.get_close_matches(identifier_near(column), free, n=1, cutoff=0.75)
            if column not in found
            else []
        )
        if close:
            found[column] = free.pop(close[0])
    if "id" in columns and "id" not in found:
        found["id"] = "id"
    return found


def _usable_names(columns: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in columns:
        wanted = column if name_fault(column) is None else identifier_near(column)
        field, count = wanted, 1
        while field in found.values():
            count += 1
            field = f"{wanted}_{count}"
        found[column] = field
    return found


def _check_mapping(table: Table, mapping: Mapping[str, str], inputs: Sequence[str]) -> None:
    for column in mapping:
        if column not in table.columns:
            near = difflib.get_close_matches(column, table.columns, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(table.columns)}."
            raise DataError(f"There is no column '{column}'.", file=table.source, hint=hint)
    fields = list(mapping.values())
    twice = next((field for field in fields if fields.count(field) > 1), None)
    if twice is not None:
        raise DataError(
            f"Two columns are mapped to '{twice}'.", file=table.source, hint="Map one of them elsewhere."
        )
    for field in fields:
        fault = name_fault(field)
        if fault:
            raise DataError(fault[0], file=table.source, hint=fault[1])
    missing = [name for name in inputs if name not in fields]
    if missing:
        raise DataError(
            f"No column gives the input '{missing[0]}'.",
            file=table.source,
            hint=f"Map one to it; the columns are: {', '.join(table.columns)}.",
        )


def _shape(kind: Any) -> Mapping[str, Any]:
    return kind if isinstance(kind, Mapping) else shape_of(kind)


def _example(
    row: Row, mapping: Mapping[str, str], shapes: Mapping[str, Mapping[str, Any]], faults: list[Fault]
) -> Example:
    values: dict[str, Any] = {}
    for column, field in mapping.items():
        value = row.values.get(column)
        try:
            values[field] = converted(value, shapes[field]) if field in shapes else value
        except ValueError as error:
            title = field if field == column else f"{field} (column {column})"
            faults.append(
                Fault(str(error), "Correct the cell, or the field's type.", row.number, title, row.line)
            )
    name = values.pop("id", None)
    example = Example(values)
    return example.with_id(str(name).strip()) if name is not None else example


def _id_faults(table: Table, mapping: Mapping[str, str]) -> Iterator[Fault]:
    column = next((column for column, field in mapping.items() if field == "id"), None)
    if column is None:
        return
    seen: dict[str, int] = {}
    for row in table.rows:
        name = str(row.values.get(column) or "").strip()
        if not name:
            yield Fault(
                "The id is empty.",
                "Give every row one, or do not map the column.",
                row.number,
                "id",
                row.line,
            )
        elif name in seen:
            yield Fault(
                f"The id '{name}' stands in row {seen[name]} already.",
                "Ids are unique.",
                row.number,
                "id",
                row.line,
            )
        seen.setdefault(name, row.number)
