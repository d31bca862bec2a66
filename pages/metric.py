"""Metric: choose what makes an answer good, and see on real rows whether it can tell good from bad."""

import streamlit as st

from workbench import state
from workbench.components.metric_bench import metric_bench
from workbench.components.metric_form import metric_form
from workbench.components.page import head, need_task
from workbench.services import metrics, tasks

ws = state.workspace()
task = need_task(ws, "Metric", "What makes an answer good.")
overview = tasks.overview(ws, task.id)
head(
    "Metric",
    "What makes an answer good. Optimizers improve exactly this, so try it before you trust it.",
    overview.done,
    "metric",
)

version = tasks.newest_version(ws, task.id)
saved = metrics.list_metrics(ws, task.id)
left, right = st.columns([2, 3], gap="large")
with left:
    spec = metric_form(ws, task.id, version, saved)
with right:
    metric_bench(ws, task.id, version, spec)
