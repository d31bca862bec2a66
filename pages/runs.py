"""Runs: every evaluation, compile and ablation, started here, in a notebook or on the command line."""

import streamlit as st

from workbench import state
from workbench.components.page import empty_state, head
from workbench.components.run_actions import run_actions
from workbench.components.runs import filtered_out, run_table
from workbench.services import runs

ws = state.workspace()
head("Runs", "Every evaluation, compile and ablation, from every door: browser, command line, notebook.")

with st.container(horizontal=True, vertical_alignment="bottom"):
    everything = st.toggle("All tasks", key="runs_all")
    archived = st.toggle("Archived too", key="runs_archived")
    kind = st.segmented_control(
        "Kind", ["all", "evaluate", "compile", "ablation"], default="all", required=True, key="runs_kind"
    )
shown = runs.list_runs(
    ws,
    None if everything else state.current_task_id(),
    kind=None if kind == "all" else kind,
    archived=archived,
)
if shown:
    chosen = run_table(shown, key="runs_table", selectable=True)
    if chosen:
        run_actions(ws, runs.get_run(ws, chosen))
    else:
        st.caption("Select a run to open, rename, stop, resume or archive it.")
elif elsewhere := runs.list_runs(ws, archived=True):

    def show_all() -> None:
        st.session_state.update(runs_all=True, runs_archived=True, runs_kind="all")

    empty_state("filter_list", "No run matches", filtered_out(len(elsewhere)))
    st.button("Show all runs", icon=":material/history:", on_click=show_all, type="primary")
else:
    empty_state(
        "history",
        "No runs yet",
        "An evaluation or a compile shows here as soon as it is started.",
        {"Evaluate a program": lambda: state.go("evaluate"), "See the samples": lambda: state.go("home")},
    )
