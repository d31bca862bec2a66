"""Task: what the program takes and gives, and the exact messages it will send."""

import streamlit as st

from workbench import state
from workbench.components.errors import verbatim
from workbench.components.page import head
from workbench.components.preview import message_preview
from workbench.components.program_diagram import program_diagram
from workbench.components.task_form import edit_program, new_task_form, same_program
from workbench.services import tasks

ws = state.workspace()
task_id = None if st.query_params.get("new") else state.current_task_id()
known = {task.id for task in tasks.list_tasks(ws)}

if task_id not in known:
    head("New task", "Say what goes in and what comes out; everything else follows from that.")
    left, right = st.columns([3, 2], gap="large")
    with left:
        spec = new_task_form(ws)
        if not known:
            state.link(
                "home", "Or open a sample that has its data, split and metric", icon=":material/lightbulb:"
            )
    with right:
        message_preview(spec, spec["steps"][-1]["name"])
else:
    overview = tasks.overview(ws, task_id)
    head(
        verbatim(overview.task.name),
        "What the program takes and gives. On the right: the messages exactly as they will be sent.",
        overview.done,
        "task",
    )
    version = tasks.newest_version(ws, task_id)
    if len(version.spec["steps"]) > 1:
        program_diagram(version.spec)
        passages = len(version.spec.get("corpus") or ())
        if passages:
            st.caption(f":material/library_books: Searches in {passages:,} passages of its own.")
    left, right = st.columns([3, 2], gap="large")
    with left:
        draft, step = edit_program(ws, version)
    with right:
        message_preview(draft, step, version.state if same_program(draft, version.spec) else None)
