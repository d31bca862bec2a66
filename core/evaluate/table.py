"""An evaluation as a table: shown with pandas, or written to CSV and JSON.

Knows nothing about statistics. A field that example and prediction share appears as `example_x` and `pred_x`; the
metric is the last column.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from core.evaluate.report import EvaluationResult
from core.evaluate.row import Row
from core.foundation.errors import MissingExtraError
from core.foundation.files import atomic_write
from core.foundation.fingerprint import jsonable
from core.trace import redact

__all__ = ["guard_formula", "save_csv", "save_json", "show_table", "table_records"]

CELL_WORDS = 25
_FORMULA_STARTS = tuple("=+-@\t\r＝＋－＠")  # some spreadsheets read the full-width forms too


def table_records(result: EvaluationResult) -> list[dict[str, Any]]:
    """One flat record per row: inputs, labels, outputs, outcome, feedback, error, and the metric last."""
    shared = {name for row in result.rows for name in row.outputs if name in row.inputs or name in row.labels}
    columns = dict.fromkeys(name for row in result.rows for name in _fields(row, shared))
    records: list[dict[str, Any]] = []
    for row in result.rows:
        record = dict.fromkeys(columns) | _fields(row, shared)
        record |= {"outcome": row.outcome, "feedback": row.feedback, "error": redact(row.error)}
        record.pop(result.metric_name, None)
        records.append(record | {result.metric_name: row.score})
    return records


def _fields(row: Row, shared: set[str]) -> dict[str, Any]:
    example = {
        f"example_{name}" if name in shared else name: v for name, v in (row.inputs | row.labels).items()
    }
    return example | {
        f"pred_{name}" if name in shared else name: value for name, value in row.outputs.items()
    }


def show_table(result: EvaluationResult, rows: int | None = None) -> None:
    """Write the table to standard output.

    Args:
        result: What to show.
        rows: The first so many; None shows all.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtraError("pandas", "data", purpose="tables") from error
    records = [
        {name: _cut(value) for name, value in record.items()} for record in table_records(result)[:rows]
    ]
    with pd.option_context("display.max_rows", None, "display.max_columns", None, "display.width", 200):
        sys.stdout.write(f"{pd.DataFrame(records)}\n")


def _cut(value: Any) -> Any:
    if value is None or isinstance(value, (int, float)):
        return value
    words = str(value).split()
    return " ".join(words) if len(words) <= CELL_WORDS else f"{' '.join(words[:CELL_WORDS])}..."


def save_csv(result: EvaluationResult, path: str | os.PathLike[str]) -> None:
    """Write the table to a CSV file, whole or not at all; no cell can act as a spreadsheet's formula."""
    records = table_records(result)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    if records:
        writer.writerow([guard_formula(name) for name in records[0]])
    writer.writerows([_cell(value) for value in record.values()] for record in records)
    atomic_write(path, text.getvalue())


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, (bool, int, float)):
        return value
    plain = jsonable(value)
    return guard_formula(plain if isinstance(plain, str) else json.dumps(plain, ensure_ascii=False))


def guard_formula(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def save_json(result: EvaluationResult, path: str | os.PathLike[str]) -> None:
    """Write the table's records to a JSON file, whole or not at all."""
    records: Sequence[Any] = jsonable(table_records(result))
    atomic_write(path, json.dumps(records, ensure_ascii=False, indent=2) + "\n")
