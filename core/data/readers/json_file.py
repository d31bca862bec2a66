"""Reads JSON: a list of objects, or an object whose `data` is one.

Knows nothing about the meaning of keys. Rows are numbered by their place in the list, from 1.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from core.data.reader import ReadOptions, readers
from core.data.table import Fault, Row, Table
from core.data.text import decoded
from core.foundation.errors import DataError

__all__ = ["parsed_json", "read_json", "table_of_records"]


@readers.register("json", summary="A JSON list of objects", suffixes=(".json",))
def read_json(data: bytes, source: str, options: ReadOptions) -> Table:
    """Return the table in a JSON file.

    Raises:
        DataError: It is not JSON, or no list of objects.
    """
    text = decoded(data, source, options.encoding)
    try:
        found = parsed_json(text)
    except ValueError as error:
        line = getattr(error, "lineno", None)
        raise DataError(
            f"The file is not valid JSON: {_reason(error)}.", file=source, row=line, hint=_json_hint(text)
        ) from error
    if isinstance(found, dict) and isinstance(found.get("data"), list):
        found = found["data"]
    if not isinstance(found, list):
        raise DataError(
            "The file holds no list of records.",
            file=source,
            hint='It looks like [{…}, {…}] or {"data": [{…}, {…}]}.',
        )
    return table_of_records([(place, item) for place, item in enumerate(found, start=1)], source, options)


def parsed_json(text: str) -> Any:
    """Return the value of JSON text.

    Raises:
        ValueError: It is none, or is nested too deep, or holds NaN or Infinity, which JSON has no word for.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value; write null")


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return str(error)


def _json_hint(text: str) -> str:
    lines = [line for line in text.splitlines()[:3] if line.strip()]
    if len(lines) > 1 and all(
        line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in lines
    ):
        return "It looks like JSON lines: give it the ending .jsonl."
    return "Check it with a JSON validator, or export it again."


def table_of_records(records: list[tuple[int, Any]], source: str, options: ReadOptions) -> Table:
    """Return the table of (number, object) pairs: its columns are all keys, in order of appearance."""
    faults: list[Fault] = []
    rows: list[Row] = []
    columns: dict[str, None] = {}
    if len(records) > options.limits.rows:
        faults.append(Fault(f"The file has more than {options.limits.rows:,} rows.", "Take a sample of it."))
    for number, item in records[: options.limits.rows]:
        if isinstance(item, dict):
            rows.append(Row(number, item))
            columns.update(dict.fromkeys(item))
        else:
            faults.append(
                Fault(f"This is {_kind(item)}, not an object.", 'A record is {"field": value, …}.', number)
            )
    if len(columns) > options.limits.columns:
        faults.append(Fault(f"The records have {len(columns):,} keys.", "Give every record the same keys."))
    if not records:
        faults.append(Fault("The file has no records.", "Add some."))
    full = tuple(Row(row.number, {name: row.values.get(name) for name in columns}) for row in rows)
    return Table(source, tuple(columns), full, tuple(faults))


def _kind(value: Any) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)
