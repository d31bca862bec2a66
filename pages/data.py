"""Data: upload examples, map columns to fields, split them, edit them, look for what is wrong with them."""

import streamlit as st

from workbench import state
from workbench.components.data_health import health_list
from workbench.components.data_rows import edit_rows
from workbench.components.data_splits import split_form
from workbench.components.data_upload import upload_form
from workbench.components.errors import verbatim
from workbench.components.figures import figure, figures
from workbench.components.page import head, need_task
from workbench.services import datasets, tasks

ws = state.workspace()
task = need_task(ws, "Data", "Examples of what goes in and what should come out.")
overview = tasks.overview(ws, task.id)
head("Data", "Examples of what goes in and what should come out.", overview.done, "data")

known = datasets.list_datasets(ws, task.id)
chosen = state.pick("dataset", [item.id for item in known])
version = tasks.newest_version(ws, task.id)

if not known:
    upload_form(ws, task.id, version)
else:
    names = {item.id: f"{item.name} · {item.rows:,} rows" for item in known}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if len(known) > 1:
            state.selector("Dataset", names, chosen, "dataset")
        else:
            st.subheader(verbatim(known[0].name), anchor=False)
        with st.popover("Upload another", icon=":material/upload:"):
            upload_form(ws, task.id, version)
    info = datasets.get_dataset(ws, chosen)
    with figures(4):
        figure("Rows", f"{info.rows:,}")
        for split in datasets.SPLITS:
            figure(split.capitalize(), f"{info.counts.get(split, 0):,}")
    if not any(info.counts.get(split) for split in datasets.SPLITS):
        st.caption(
            ":orange[:material/call_split:] These rows are not split yet. "
            "Optimizers learn from *train* and choose by *validation*: deal the rows under Splits."
        )
    rows_tab, splits_tab, health_tab = st.tabs(
        ["Rows", "Splits", "Health"], key="data_tab", on_change="rerun", bind="query-params"
    )
    if rows_tab.open:
        with rows_tab:
            edit_rows(ws, info)
    if splits_tab.open:
        with splits_tab:
            split_form(ws, info)
    if health_tab.open:
        with health_tab:
            health_list(ws, info)
