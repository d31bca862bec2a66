"""Tables that can be filtered, paged through, selected from and downloaded.

Knows nothing about what the rows are. Cells stay text: nothing in them is ever shown as HTML or run as a formula.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.foundation.fingerprint import jsonable
from workbench.services.downloads import csv_bytes

__all__ = ["cell", "data_table"]

Row = Mapping[str, Any]


def cell(value: Any) -> Any:
    """Return a value as a table shows it: numbers and booleans as they are, the rest as text."""
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return json.dumps(jsonable(value), ensure_ascii=False)


def data_table(
    rows: Sequence[Row],
    *,
    key: str,
    name: str,
    columns: Mapping[str, Any] | None = None,
    hidden: Sequence[str] = (),
    selectable: bool = False,
    height: int | None = None,
    tools: bool = True,
) -> Row | None:
    """Draw a table with a filter box and a download button; return the selected row, if one is.

    Args:
        name: What the rows are, in the plural; names the download and describes the table to screen readers.
        columns: Streamlit column configurations by column.
        hidden: Columns that filter and download know and the table does not show.
        tools: False leaves the filter box and the download button out.
    """
    shown = _tools(rows, key, name) if tools else list(rows)
    if not shown:
        st.caption(f"No {name} match.")
        return None
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
        placeholder="",
        alt=f"Table of {name}",
        **options,
    )
    chosen = event.selection.rows if selectable else []
    return shown[chosen[0]] if chosen and chosen[0] < len(shown) else None


def _tools(rows: Sequence[Row], key: str, name: str) -> list[Row]:
    """Draw the filter box and the download button; return the rows that match."""
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = st.text_input(
            "Filter",
            key=f"{key}_filter",
            placeholder=f"Filter {name}",
            label_visibility="collapsed",
            type="search",
        )
        shown = _matching(rows, wanted or "")
        everything = "1 row" if len(rows) == 1 else f"{len(rows):,} {name}"
        st.caption(f"{len(shown):,} of {len(rows):,}" if wanted else everything, width="content")
        st.download_button(
            "CSV",
            data=lambda: csv_bytes(shown),
            file_name=f"{name.replace(' ', '_')}.csv",
            mime="text/csv",
            icon=":material/download:",
            key=f"{key}_download",
            on_click="ignore",
        )
    return shown


def _matching(rows: Sequence[Row], wanted: str) -> list[Row]:
    words = wanted.casefold().split()
    if not words:
        return list(rows)
    return [row for row in rows if _has(row, words)]


def _has(row: Row, words: list[str]) -> bool:
    text = " ".join(str(cell(value)) for value in row.values()).casefold()
    return all(word in text for word in words)
