"""Home: the current task at a glance, what runs, and the sample tasks to begin with."""

import streamlit as st

from workbench import state
from workbench.components.errors import verbatim
from workbench.components.figures import figure, figures, gain
from workbench.components.next_step import next_step
from workbench.components.page import head
from workbench.components.runs import latest_score, run_table
from workbench.components.samples import sample_cards
from workbench.services import runs, samples, tasks

ws = state.workspace()
known = tasks.list_tasks(ws)
task_id = state.current_task_id()

head(
    "Workbench",
    "Program language models instead of prompting them: declare a task, bring examples, measure, compile, export.",
)

if known and task_id in {task.id for task in known}:
    overview = tasks.overview(ws, task_id)
    recent = runs.list_runs(ws, task_id=task_id)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(verbatim(overview.task.name), anchor=False)
            st.space("stretch")
            state.link("task", "Open the task", icon=":material/edit_note:")
            state.link("explore", "Try it", icon=":material/science:")
        if overview.task.description:
            st.caption(verbatim(overview.task.description))
        with figures(4):
            figure("Program versions", overview.versions)
            figure("Datasets", overview.datasets)
            figure("Evaluations", overview.evaluations)
            score, change = latest_score(recent)
            figure(
                "Latest score",
                "–" if score is None else f"{score:.1f} %",
                gain(None if change is None else change / 100),
                change=True,
                help=None
                if change is None
                else "Since the first evaluation on the same rows, by the same metric.",
            )
        next_step(overview)
    if recent:
        st.subheader("Latest runs", anchor=False)
        chosen = run_table(recent[:8], key="home_runs", selectable=True, tools=False)
        if chosen:
            state.go(runs.get_run(ws, chosen).kind, run=chosen)

with st.container(horizontal=True, vertical_alignment="center"):
    st.subheader("Begin" if not known else "Begin another", anchor=False)
    st.space("stretch")
    if st.button("New task", icon=":material/add:", type="primary" if not known else "secondary"):
        state.go("task", new="1")
sample_cards(samples.list_samples(), {task.sample: task.id for task in known if task.sample})
