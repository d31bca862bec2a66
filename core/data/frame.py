"""Data frames and columns as tables: pandas, polars and pyarrow by what they can do, not by their type.

Knows nothing about files; imports none of those libraries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from core.data.reader import ReadOptions
from core.data.table import Fault, Row, Table
from core.foundation.errors import DataError

__all__ = ["plain_value", "table_of_columns", "table_of_frame"]


def table_of_frame(frame: Any, source: str = "data frame", options: ReadOptions | None = None) -> Table:
    """Return the table of a data frame of pandas, polars or pyarrow.

    Raises:
        DataError: It is no data frame, or two of its columns share a name.
    """
    for name in ("to_pydict", "to_dict"):
        if not hasattr(frame, name) or not (hasattr(frame, "columns") or hasattr(frame, "schema")):
            continue
        names = [str(column) for column in getattr(frame, "column_names", None) or list(frame.columns)]
        if len(set(names)) < len(names):
            twice = next(column for column in names if names.count(column) > 1)
            raise DataError(f"Two columns are called '{twice}'.", file=source, hint="Rename one.")
        columns = _columns(frame, name)
        return table_of_columns(columns, source, options or ReadOptions())
    raise DataError(
        f"A {type(frame).__name__} is no data frame.",
        file=source,
        hint="Give one of pandas, polars or pyarrow.",
    )


def _columns(frame: Any, method: str) -> dict[str, list[Any]]:
    """Return plain columns; pandas asks for an orientation, polars for lists instead of series."""
    if method == "to_pydict":
        found = frame.to_pydict()
    elif hasattr(frame, "iloc"):
        found = frame.to_dict(orient="list")
    else:
        found = frame.to_dict(as_series=False)
    return {str(name): [plain_value(value) for value in values] for name, values in found.items()}


def table_of_columns(columns: Mapping[str, Sequence[Any]], source: str, options: ReadOptions) -> Table:
    """Return the table of columns of one length, rows numbered from 1."""
    length = len(next(iter(columns.values()), ()))
    faults: list[Fault] = []
    if length > options.limits.rows:
        faults.append(Fault(f"There are more than {options.limits.rows:,} rows.", "Take a sample."))
    if len(columns) > options.limits.columns:
        faults.append(Fault(f"There are more than {options.limits.columns:,} columns.", "Choose some."))
    if not length:
        faults.append(Fault("There are no rows.", "Add some."))
    if faults:
        return Table(source, tuple(columns), (), tuple(faults))
    rows = (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True))
    return Table(source, tuple(columns), tuple(Row(number, row) for number, row in enumerate(rows, start=1)))


def plain_value(value: Any) -> Any:
    """Return a cell as a plain Python value: missing ones as None, arrays as lists, numbers as numbers."""
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if isinstance(value, Mapping):
        return {str(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain_value(item) for item in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    if hasattr(value, "to_pydatetime"):
        return value.to_pydatetime()
    if isinstance(value, (date, datetime, time)):
        return value
    # numpy arrays and scalars; an array of one item would also have `item`.
    return plain_value(value.tolist()) if hasattr(value, "tolist") else value
