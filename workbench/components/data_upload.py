"""The upload form: a file, what is in it, which column is which field.

Knows nothing about how files are read or rows stored.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st

from core.foundation.errors import DataError
from core.foundation.words import counted
from workbench import state
from workbench.components.errors import readable_errors, verbatim
from workbench.components.table import cell
from workbench.services import datasets
from workbench.services.datasets import Table
from workbench.services.step_wiring import needed_inputs
from workbench.services.tasks import Version
from workbench.services.workspace import Workspace

__all__ = ["upload_form"]

_KINDS = ["csv", "tsv", "jsonl", "json", "parquet", "xlsx"]
_NONE = "–"
_PROBLEMS = 5


def _read(upload: Any) -> Table:
    """Return the upload as a table; the one read last is remembered for the reruns of this tab."""
    name, table = st.session_state.get("data_read", ("", None))
    if name != upload.file_id or table is None:
        with st.spinner("Reading the file …"):
            table = datasets.read_table(upload.getvalue(), upload.name)
        st.session_state["data_read"] = (upload.file_id, table)
    return table


def upload_form(ws: Workspace, task_id: str, version: Version) -> None:
    """Draw the form; importing makes the new dataset the current one."""
    upload = st.file_uploader(
        "Drop a file with one example a row",
        type=_KINDS,
        key="data_upload",
        help="CSV, TSV, JSON Lines, JSON, Parquet or Excel. The first row of a CSV holds the column names.",
    )
    if upload is None:
        st.caption("Ten examples are of use, fifty to a hundred are better, three hundred are plenty.")
        return
    with readable_errors():
        _found(ws, task_id, version, _read(upload))


def _found(ws: Workspace, task_id: str, version: Version, table: Table) -> None:
    """Draw what is in the file and the form that imports it."""
    for problem in table.problems[:_PROBLEMS]:
        st.error(verbatim(problem), icon=":material/error:")
    if len(table.problems) > _PROBLEMS:
        st.caption(f"and {len(table.problems) - _PROBLEMS:,} more")
    for note in table.notes:
        st.caption(f":orange[:material/rule:] {verbatim(note)}")
    if not table.rows and table.problems:
        return
    if not table.rows:
        raise DataError("There are no rows in this file.", file=table.filename, hint="Is it the right one?")
    frame = pd.DataFrame([{name: cell(value) for name, value in row.items()} for row in table.rows[:5]])
    rows, columns = counted(len(table.rows), "row", grouped=True), counted(len(table.columns), "column")
    st.caption(f"{rows}, {columns}; the first five:")
    st.dataframe(frame, hide_index=True, placeholder="", alt="First rows of the upload")
    _import_form(ws, task_id, version, table)


def _import_form(ws: Workspace, task_id: str, version: Version, table: Table) -> None:
    suggested = {
        field: column for column, field in datasets.suggest_mapping(table.columns, version.spec).items()
    }
    wanted = [
        *((field["name"], "input") for field in version.spec["inputs"]),
        *((name, "expected output") for name in version.spec["outputs"]),
    ]
    st.markdown("**Which column is which field?**")
    chosen: dict[str, str] = {}
    with st.grid(3):
        for field, role in wanted:
            options = [_NONE, *table.columns]
            column = st.selectbox(
                f"{field} ({role})",
                options,
                index=options.index(suggested[field]) if field in suggested else 0,
                key=f"data_map_{table.filename}_{field}",
                help=_sample(table, suggested.get(field)),
            )
            if column != _NONE:
                chosen[str(column)] = field
    spare = [name for name in table.columns if name not in chosen]
    extra = st.multiselect("Columns to keep beside them", spare, key="data_map_extra") if spare else []
    name = st.text_input("Name", value=PurePath(table.filename).stem, key=f"data_name_{table.filename}")
    missing = [field for field, _ in wanted if field not in chosen.values()]
    if missing:
        st.caption(f":orange[:material/rule:] No column for {verbatim(', '.join(missing))} yet.")
    pressed = st.button(
        "Import",
        type="primary",
        icon=":material/download_done:",
        key="data_import",
        disabled=bool(table.problems) or any(name in missing for name in needed_inputs(version.spec)),
    )
    if pressed:
        mapping = {**chosen, **{column: column for column in extra}}
        with st.spinner("Importing …"):
            info = datasets.import_dataset(ws, task_id, name, table, mapping)
        for key in ("data_upload", "data_read", "chosen_dataset"):
            st.session_state.pop(key, None)
        st.toast(f"Imported {counted(info.rows, 'row', grouped=True)}", icon=":material/check:")
        state.go("data", dataset=info.id)


def _sample(table: Table, column: str | None) -> str | None:
    return f"For example: {verbatim(str(table.rows[0].get(column))[:120])}" if column else None
