"""Tables as files to take away: CSV that a spreadsheet does not mistake for formulas, JSON, JSON lines.

Knows nothing about what the rows are.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.foundation.fingerprint import jsonable

__all__ = ["csv_bytes", "json_bytes", "jsonl_bytes", "safe_cell"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_bytes(rows: Sequence[Mapping[str, Any]], *, safe: bool = True) -> bytes:
    """Return rows as CSV (UTF-8 with a mark, so that spreadsheets read it right).

    Args:
        safe: Put an apostrophe before texts that a spreadsheet would run as a formula; off for files that
            programs read.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([safe_cell(name) if safe else name for name in columns])
    for row in rows:
        cells = [_text(row.get(name)) for name in columns]
        writer.writerow([safe_cell(cell) if safe else cell for cell in cells])
    return text.getvalue().encode("utf-8-sig")


def json_bytes(value: Any) -> bytes:
    """Return a value as indented JSON."""
    return (json.dumps(jsonable(value), ensure_ascii=False, indent=2) + "\n").encode()


def jsonl_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as JSON lines."""
    return "".join(json.dumps(jsonable(row), ensure_ascii=False) + "\n" for row in rows).encode()


def safe_cell(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.startswith(_FORMULA) and not _is_number(cell):
        return f"'{cell}"
    return cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text == text.strip()


def _text(value: Any) -> Any:
    if value is None or isinstance(value, (str, int, float)):
        return "" if value is None else value
    return json.dumps(jsonable(value), ensure_ascii=False)
