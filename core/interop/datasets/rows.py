"""Rows of a data set by its hub name, or from a file that one has.

Knows nothing about what the rows mean.
"""

from __future__ import annotations

import os
from typing import Any

from core.data.hub import hub_rows, rows_of
from core.data.loaders import read_table

__all__ = ["file_rows", "named_rows"]


def file_rows(path: str | os.PathLike[str]) -> list[dict[str, Any]]:
    """Return the rows of a CSV, JSON, JSON lines, Parquet or Excel file.

    Raises:
        DataError: It cannot be read.
    """
    return [dict(row.values) for row in read_table(path).checked().rows]


def named_rows(name: str, subset: str | None = None, split: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of one split on the hub.

    Raises:
        MissingExtraError: The extra `datasets` is not installed.
        DataError: It cannot be loaded.
    """
    return rows_of(hub_rows(name, subset, split))
