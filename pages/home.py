"""Home: the current task at a glance, what runs, and the sample tasks to begin with."""

import streamlit as st

from workbench import state
from workbench.components.page import head
from workbench.components.runs import run_table
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
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader(overview.task.name, anchor=False)
            st.space("stretch")
            state.link("task", "Open the task", icon=":material/edit_note:")
            state.link("explore", "Try it", icon=":material/science:")
        if overview.task.description:
            st.caption(overview.task.description)
        with st.grid(4):
            st.metric("Program versions", overview.versions, border=True)
            st.metric("Datasets", overview.datasets, border=True)
            st.metric("Evaluations", overview.evaluations, border=True)
            scores = [score for _, _, score, _ in overview.scores]
            st.metric(
                "Latest score",
                f"{scores[-1]:.1f} %" if scores else "–",
                f"{scores[-1] - scores[0]:+.1f} since the first" if len(scores) > 1 else None,
                border=True,
                chart_data=scores if len(scores) > 2 else None,
            )
    recent = runs.list_runs(ws, task_id=task_id)
    if recent:
        st.subheader("Latest runs", anchor=False)
        run_table(recent[:8], key="home_runs")
    else:
        st.caption(
            "No runs yet. Score the program as it is first: that is what compiling is measured against."
        )
        state.link("evaluate", "Evaluate it zero-shot", icon=":material/checklist:")

with st.container(horizontal=True, vertical_alignment="center"):
    st.subheader("Begin" if not known else "Begin another", anchor=False)
    st.space("stretch")
    if st.button("New task", icon=":material/add:", type="primary" if not known else "secondary"):
        state.go("task", new="1")
sample_cards(samples.list_samples(), {task.sample: task.id for task in known if task.sample})
