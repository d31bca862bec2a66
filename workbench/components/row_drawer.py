"""The drawer of one row of an evaluation: what went in, what came out, a rating, the trace.

Knows nothing about tables; it opens for the row that the address names, so a link to a row survives a reload.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.foundation.errors import WorkbenchError
from workbench.components.errors import show_error, verbatim
from workbench.components.table import cell
from workbench.components.trace import trace_view
from workbench.services import runs
from workbench.services.run_records import RunItem
from workbench.services.workspace import Workspace

__all__ = ["row_drawer"]


def row_drawer(ws: Workspace, run_id: str, number: str, table_key: str) -> None:
    """Open the drawer; closing it takes the row out of the address and the selection out of the table.

    Args:
        number: The row as links have it: counted from 1, the repeat after a dot.
        table_key: Key of the table in which the row was selected.
    """

    def closed() -> None:
        st.query_params.pop("row", None)
        st.session_state[table_key] = {"selection": {"rows": [], "columns": [], "cells": []}}

    @st.dialog(f"Row {verbatim(number)}", width="large", position="right", on_dismiss=closed)
    def drawer() -> None:
        position, _, repeat = number.partition(".")
        try:
            item = runs.run_row(ws, run_id, int(position) - 1, int(repeat or 0))
        except (WorkbenchError, ValueError) as error:
            show_error(
                error if isinstance(error, WorkbenchError) else WorkbenchError("There is no such row.")
            )
            return
        _content(ws, run_id, item)

    drawer()


def _content(ws: Workspace, run_id: str, item: RunItem) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if item.score is not None:
            colour = "green" if item.score >= 1 else "red" if item.score <= 0 else "orange"
            st.badge(f"score {item.score:g}", color=colour)
        st.caption(verbatim(item.example_id), width="content")
        st.space("stretch")
        _rating(ws, run_id, item)
    if item.error:
        st.error(verbatim(item.error), icon=":material/error:")
    _texts(item.inputs)
    names = dict.fromkeys([*item.outputs, *item.labels])
    st.dataframe(
        [
            {"field": name, "given": _cell(item.outputs, name), "expected": _cell(item.labels, name)}
            for name in names
        ],
        hide_index=True,
        placeholder="",
        alt="Outputs given and expected",
    )
    if item.feedback:
        st.caption(verbatim(item.feedback))
    trace = runs.run_trace(ws, run_id, item.position, item.repeat)
    st.markdown("**Trace**")
    if trace.truncated:
        st.caption("Long texts of this trace were cut to keep the store small.")
    trace_view(trace.spans, key=f"row_{run_id}_{item.position}_{item.repeat}")


def _cell(values: Mapping[str, Any], name: str) -> str | None:
    return str(cell(values[name])) if name in values else None


def _texts(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        st.caption(verbatim(name))
        st.code(str(cell(value)), language=None, wrap_lines=True)


def _rating(ws: Workspace, run_id: str, item: RunItem) -> None:
    key = f"rate_{run_id}_{item.position}_{item.repeat}"

    def rate() -> None:
        value = st.session_state[key]
        runs.rate_row(
            ws, run_id, item.position, None if value is None else (1 if value else -1), repeat=item.repeat
        )

    start = None if item.rating in (None, 0) else (1 if item.rating > 0 else 0)
    st.feedback("thumbs", key=key, default=start, on_change=rate)
