"""Explore: run one input, see the answer and what every step did for it."""

import streamlit as st

from workbench import state
from workbench.components.explore_form import input_form
from workbench.components.explore_result import result_view
from workbench.components.page import head, need_task
from workbench.services import tasks

ws = state.workspace()
task = need_task(ws, "Explore", "Run one input and look at every step.")
overview = tasks.overview(ws, task.id)
head("Explore", "Run one input and look at what every step saw, said and cost.", overview.done, "explore")

known = tasks.versions(ws, task.id)
left, right = st.columns([2, 3], gap="large")
with left:
    asked = input_form(ws, task.id, known)
with right:
    result_view(ws, asked)
