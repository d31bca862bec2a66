"""The chip of running jobs that every page shows, kept fresh while something runs.

Knows nothing about how jobs are carried out.
"""

from __future__ import annotations

import streamlit as st

from core.foundation.words import counted
from workbench import state
from workbench.components.errors import verbatim
from workbench.components.runs import address_of
from workbench.services import runs
from workbench.services.run_records import Run
from workbench.services.workspace import Workspace

__all__ = ["job_chip", "progress_text"]

_ICONS = {"evaluate": "checklist", "compile": "auto_awesome", "ablation": "content_cut"}


def job_chip(ws: Workspace) -> None:
    """Draw what is queued or running; nothing where nothing is."""
    active = runs.active_runs(ws)
    known = {run.id for run in active}
    before = st.session_state.get("jobs_known", set())
    st.session_state["jobs_known"] = known
    for run_id in before - known:
        ended = runs.get_run(ws, run_id)
        st.toast(f"{verbatim(ended.name)}: {ended.status}", icon=":material/flag:")
    if active:
        _chip(ws)


@st.fragment(run_every="2s", key="job_chip")
def _chip(ws: Workspace) -> None:
    active = runs.active_runs(ws)
    if {run.id for run in active} != st.session_state.get("jobs_known", set()):
        st.rerun()
    for run in active:
        with st.container(border=True, gap="xsmall"):
            page, where = address_of(run)
            state.link(page, verbatim(run.name), icon=f":material/{_ICONS[run.kind]}:", **where)
            st.caption(progress_text(run))
            if run.total:
                st.progress(min(1.0, run.done / run.total))


def progress_text(run: Run) -> str:
    """Return how far a run is, in a few words."""
    if run.status == "queued":
        return "waiting for the worker"
    if run.status == "stopping":
        return "stopping: calls in flight finish"
    rows = (
        f"{run.done:,} of {run.total:,} rows"
        if run.total
        else (counted(run.done, "row", grouped=True) if run.done else "")
    )
    score = run.progress.get("score")
    parts = (str(run.progress.get("phase") or ""), rows, "" if score is None else f"{float(score):.1f} %")
    return " · ".join(part for part in parts if part) or "working"
