"""Evaluate: score a program on many rows, live, with intervals and every row's trace."""

import streamlit as st

from workbench import state
from workbench.components.evaluation_form import evaluation_form
from workbench.components.evaluation_view import evaluation_view
from workbench.components.page import head, need_parts, need_task
from workbench.components.runs import run_names
from workbench.services import runs, tasks

ws = state.workspace()
task = need_task(ws, "Evaluate", "Score a program on many rows.")
overview = tasks.overview(ws, task.id)
head(
    "Evaluate",
    "Score a program on many rows. Start zero-shot: it is what compiling is measured against.",
    overview.done,
    "evaluate",
)
need_parts(overview)

known = runs.list_runs(ws, task.id, kind="evaluate")
# One more run is another key: the form closes when its run has started.
with st.expander(
    "New evaluation",
    expanded=not known or "version" in st.query_params,
    icon=":material/play_arrow:",
    key=f"evaluate_new_{len(known)}",
):
    evaluation_form(ws, task.id)
if known:
    names = run_names(known)
    run_id = state.selector("Evaluation", names, state.pick("run", list(names)), "run")
    evaluation_view(ws, next(run for run in known if run.id == run_id))
