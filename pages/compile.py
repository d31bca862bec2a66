"""Compile: let an optimizer improve the program within a budget, and watch it do so."""

import streamlit as st

from workbench import state
from workbench.components.compile_form import compile_form
from workbench.components.compile_view import compile_view
from workbench.components.page import head, need_parts, need_task
from workbench.components.runs import run_names
from workbench.services import runs, tasks

ws = state.workspace()
task = need_task(ws, "Compile", "Let an optimizer improve the program.")
overview = tasks.overview(ws, task.id)
head(
    "Compile",
    "An optimizer runs the program on the train rows, keeps what worked, and chooses by the validation rows.",
    overview.done,
    "compile",
)
need_parts(overview)

known = runs.list_runs(ws, task.id, kind="compile")
# One more run is another key: the form closes when its run has started.
with st.expander(
    "New compile",
    expanded=not known or "version" in st.query_params,
    icon=":material/auto_awesome:",
    key=f"compile_new_{len(known)}",
):
    compile_form(ws, task.id)
if known:
    names = run_names(known)
    run_id = state.selector("Compile", names, state.pick("compile", list(names), parameter="run"), "run")
    compile_view(ws, next(run for run in known if run.id == run_id))
