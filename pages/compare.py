"""Compare: two evaluations of the same rows, what changed, and what can be concluded."""

import streamlit as st

from workbench import state
from workbench.components.compare_view import compare_view, first_choices
from workbench.components.page import empty_state, head, need_task
from workbench.components.runs import run_names
from workbench.services import compare, runs, tasks

ws = state.workspace()
task = need_task(ws, "Compare", "Two evaluations of the same rows.")
overview = tasks.overview(ws, task.id)
head(
    "Compare",
    "Two evaluations of the same rows: what changed, and whether it is more than chance.",
    overview.done,
    "compare",
)

finished = [run for run in runs.list_runs(ws, task.id, kind="evaluate") if run.score is not None]
if len(finished) < 2:
    empty_state(
        "compare_arrows",
        "Two evaluations are needed",
        "Score the program as it is, compile it, and score the compiled one on the same rows.",
        {"Evaluate": lambda: state.go("evaluate"), "Compile": lambda: state.go("compile")},
    )
else:
    names = run_names(finished[::-1])
    with st.grid(2):
        before = state.selector("Before", names, state.pick("a", first_choices(ws, names)), "a")
        others = [run.id for run in compare.comparable(ws, before)]
        if others:
            chosen = state.pick("b", others)
            after = state.selector("After", {run_id: names[run_id] for run_id in others}, chosen, "b")
    if others:
        compare_view(ws, before, after)
    else:
        st.warning(
            "No other evaluation used the same rows and the same metric, so there is nothing to compare it with.",
            icon=":material/rule:",
        )
        state.link("evaluate", "Evaluate another version on the same rows", icon=":material/checklist:")
