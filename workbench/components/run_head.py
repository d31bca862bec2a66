"""The head of a run: its name and state, live progress, stop and resume.

Knows nothing about what the run does.
"""

from __future__ import annotations

import streamlit as st

from workbench.components.errors import verbatim
from workbench.components.estimate_view import duration
from workbench.components.jobs import progress_text
from workbench.components.runs import status_badge
from workbench.services import runs
from workbench.services.run_records import Run
from workbench.services.workspace import Workspace

__all__ = ["poll_every", "run_head"]


_HINTS = {"EvaluationAborted": "Fix the cause, then resume: what is finished is kept."}
"""What to do here about errors whose own hint is meant for code."""


def poll_every(run: Run) -> str | None:
    """How often the page looks again: once a second while something happens, else never."""
    return "1s" if run.active else None


def _then_nothing(_done: Run) -> None:
    """A button's callback gives nothing back."""


def run_head(ws: Workspace, run: Run) -> None:
    """Draw the head; the buttons act at once."""
    with st.container(horizontal=True, vertical_alignment="center"):
        status_badge(run)
        taken = "" if run.seconds is None else f" · {duration(run.seconds)}"
        rows = "train and validation rows" if run.kind == "compile" else f"{run.split or 'all'} rows"
        st.caption(f"{rows} · {run.model}{taken}", width="content")
        st.space("stretch")
        if run.active:
            st.button(
                "Stop and keep the best" if run.kind == "compile" else "Stop and keep what is done",
                icon=":material/stop_circle:",
                key=f"stop_{run.id}",
                on_click=lambda: _then_nothing(runs.stop_run(ws, run.id)),
                disabled=run.status == "stopping",
            )
        if run.can_resume:
            st.button(
                "Resume", icon=":material/resume:", type="primary", key=f"resume_{run.id}",
                on_click=lambda: _then_nothing(runs.resume_run(ws, run.id)),
            )  # fmt: skip
    if run.active:
        if run.total:
            st.progress(min(1.0, run.done / run.total), text=progress_text(run))
        else:
            st.caption(f":material/progress_activity: {progress_text(run)}")
    if run.error:
        st.error(verbatim(run.error.get("message", "")), icon=":material/error:")
        hint = _HINTS.get(str(run.error.get("type")), run.error.get("hint"))
        if hint:
            st.caption(f":material/lightbulb: {verbatim(hint)}")
    if run.status == "interrupted":
        st.warning(
            "The process that carried this run out is gone. What was finished is kept: resume it to go on from there.",
            icon=":material/power_off:",
        )
