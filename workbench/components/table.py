"""Tables that can be filtered, paged through, selected from and downloaded.

Knows nothing about what the rows are. Cells stay text: nothing in them is ever shown as HTML or run as a formula.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.foundation.fingerprint import jsonable

__all__ = ["cell", "data_table", "safe_csv"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = Mapping[str, Any]


def cell(value: Any) -> Any:
    """Return a value as a table shows it: numbers and booleans as they are, the rest as text."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return json.dumps(jsonable(value), ensure_ascii=False)


def safe_csv(rows: Sequence[Row]) -> bytes:
    """Return rows as CSV that a spreadsheet opens without running anything (UTF-8 with a mark)."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for row in rows:
        values = [cell(row.get(name)) for name in columns]
        writer.writerow(
            [f"'{item}" if isinstance(item, str) and item.startswith(_FORMULA) else item for item in values]
        )
    return ("\ufeff" + buffer.getvalue()).encode("utf-8")


def data_table(
    rows: Sequence[Row],
    *,
    key: str,
    name: str,
    columns: Mapping[str, Any] | None = None,
    hidden: Sequence[str] = (),
    selectable: bool = False,
    height: int | None = None,
) -> Row | None:
    """Draw a table with a filter box and a download button; return the selected row, if one is.

    Args:
        name: What the rows are, in the plural; names the download and describes the table to screen readers.
        columns: Streamlit column configurations by column.
        hidden: Columns that filter and download know and the table does not show.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.text_input(
            "Filter",
            key=f"{key}_filter",
            placeholder=f"Filter {name}",
            label_visibility="collapsed",
            type="search",
        )
        shown = _matching(rows, wanted or "")
        st.caption(f"{len(shown):,} of {len(rows):,}" if wanted else f"{len(rows):,} {name}", width="content")
        st.download_button(
            "CSV",
            data=lambda: safe_csv(shown),
            file_name=f"{name.replace(' ', '_')}.csv",
            mime="text/csv",
            icon=":material/download:",
            key=f"{key}_download",
            on_click="ignore",
        )
    frame = pd.DataFrame([{key_: cell(value) for key_, value in row.items()} for row in shown])
    order = [column for column in frame.columns if column not in hidden]
    options: dict[str, Any] = {"on_select": "rerun", "selection_mode": "single-row"} if selectable else {}
    event = st.dataframe(
        frame,
        hide_index=True,
        column_order=order,
        column_config=dict(columns or {}),
        key=f"{key}_table",
        height=height or "auto",
        alt=f"Table of {name}",
        **options,
    )
    chosen = event.selection.rows if selectable else []
    return shown[chosen[0]] if chosen and chosen[0] < len(shown) else None


def _matching(rows: Sequence[Row], wanted: str) -> list[Row]:
    words = wanted.casefold().split()
    if not words:
        return list(rows)
    return [row for row in rows if _has(row, words)]


def _has(row: Row, words: list[str]) -> bool:
    text = " ".join(str(cell(value)) for value in row.values()).casefold()
    return all(word in text for word in words)
