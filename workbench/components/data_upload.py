"""The upload form: a file, what is in it, which column is which field.

Knows nothing about how files are read or rows stored.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import pandas as pd
import streamlit as st

from workbench import state
from workbench.components.table import cell
from workbench.services import datasets
from workbench.services.datasets import Table
from workbench.services.tasks import Version
from workbench.services.workspace import Workspace

__all__ = ["upload_form"]

_KINDS = ["csv", "tsv", "jsonl", "json", "parquet", "xlsx"]
_NONE = "–"


@st.cache_data(show_spinner="Reading the file …", max_entries=4, scope="session")
def _read(data: bytes, filename: str) -> dict[str, Any]:
    table = datasets.read_table(data, filename)
    return {
        "columns": table.columns,
        "rows": table.rows,
        "problems": table.problems,
        "filename": table.filename,
    }


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
    table = Table(**_read(upload.getvalue(), upload.name))
    for problem in table.problems:
        st.warning(problem, icon=":material/rule:")
    frame = pd.DataFrame([{name: cell(value) for name, value in row.items()} for row in table.rows[:5]])
    st.caption(f"{len(table.rows):,} rows, {len(table.columns)} columns; the first five:")
    st.dataframe(frame, hide_index=True, alt="First rows of the upload")
    _import_form(ws, task_id, version, table)


def _import_form(ws: Workspace, task_id: str, version: Version, table: Table) -> None:
    suggested = {
        field: column for column, field in datasets.suggest_mapping(table.columns, version.spec).items()
    }
    inputs = [field["name"] for field in version.spec["inputs"]]
    wanted = [
        *((name, "input") for name in inputs),
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
    extra = st.multiselect(
        "Columns to keep beside them",
        [name for name in table.columns if name not in chosen],
        key="data_map_extra",
    )
    name = st.text_input("Name", value=PurePath(table.filename).stem, key=f"data_name_{table.filename}")
    if st.button("Import", type="primary", icon=":material/download_done:", key="data_import"):
        mapping = {**chosen, **{column: column for column in extra}}
        with st.spinner("Importing …"):
            info = datasets.import_dataset(ws, task_id, name, table, mapping)
        st.session_state.pop("data_upload", None)
        st.query_params["dataset"] = info.id
        st.toast(f"Imported {info.rows:,} rows", icon=":material/check:")
        state.go("data", dataset=info.id)


def _sample(table: Table, column: str | None) -> str | None:
    return f"For example: {str(table.rows[0].get(column))[:120]}" if column else None
