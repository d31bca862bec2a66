"""Reads JSON lines: one object per line.

Knows nothing about the meaning of keys. Rows are numbered by line.
"""

from __future__ import annotations

import json
from typing import Any

from core.data.reader import ReadOptions, readers
from core.data.readers.json_file import parsed_json, table_of_records
from core.data.table import Fault, Table
from core.data.text import decoded

__all__ = ["read_jsonl"]


@readers.register("jsonl", summary="One JSON object per line", suffixes=(".jsonl", ".ndjson"))
def read_jsonl(data: bytes, source: str, options: ReadOptions) -> Table:
    """Return the table in a file of JSON lines; blank lines are passed over.

    Raises:
        DataError: It is not text.
    """
    records: list[tuple[int, Any]] = []
    faults: list[Fault] = []
    # Only "\n" ends a line: JSON may hold the Unicode separators that `splitlines` would also cut at.
    for number, line in enumerate(decoded(data, source, options.encoding).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            records.append((number, parsed_json(line)))
        except ValueError as error:
            reason = (
                f"{error.msg} at column {error.colno}"
                if isinstance(error, json.JSONDecodeError)
                else str(error)
            )
            faults.append(Fault(f"The line is not valid JSON: {reason}.", "Each line is one {…}.", number))
    table = table_of_records(records, source, options)
    found = sorted((*faults, *table.problems), key=lambda fault: fault.row or 0) if faults else table.problems
    return Table(source, table.columns, table.rows, tuple(found))
