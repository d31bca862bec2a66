"""The head of a page: title, one line on what it is for, the steps of the job with what is done.

Knows nothing about how steps are done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

import streamlit as st

from workbench import state
from workbench.services import tasks
from workbench.services.tasks import Overview, Task
from workbench.services.workspace import Workspace

__all__ = ["empty_state", "head", "need_parts", "need_task"]

_STEPS = (
    ("task", "Task", "edit_note"),
    ("data", "Data", "table_chart"),
    ("metric", "Metric", "straighten"),
    ("explore", "Explore", "science"),
    ("evaluate", "Evaluate", "checklist"),
    ("compile", "Compile", "auto_awesome"),
    ("compare", "Compare", "compare_arrows"),
    ("export", "Export", "ios_share"),
)
_ANY_TIME = ("explore", "export")
"""Steps that leave nothing behind which could be counted: they are never ticked and never next."""


def head(title: str, caption: str, done: Mapping[str, bool] | None = None, here: str | None = None) -> None:
    """Draw the title and, for a page of the job, the strip of its steps: those done are ticked, the next one is lit.

    Args:
        done: Which steps are done, by page name.
        here: The page that this is.
    """
    st.title(title, anchor=False)
    st.caption(caption)
    if done is None:
        return
    with st.container(horizontal=True, gap="small", key="step_strip"):
        following = next((name for name, *_ in _STEPS if name not in _ANY_TIME and not done.get(name)), None)
        for name, label, icon in _STEPS:
            text = f":primary[{label}]" if name == following else label
            state.link(
                name,
                f"**{text}**" if name == here else text,
                icon=":material/check_circle:" if done.get(name) else f":material/{icon}:",
                help="The next step" if name == following and name != here else None,
            )


def empty_state(
    icon: str, title: str, text: str, actions: Mapping[str, Callable[[], None]] | None = None
) -> None:
    """Draw what a page shows before there is anything: why it is empty and what to do next.

    Args:
        actions: {button label: what it does}; the first is the main one.
    """
    with st.container(border=True, horizontal_alignment="center", key=f"empty_{title}"):
        st.space("small")
        st.markdown(f"### :material/{icon}: {title}", text_alignment="center")
        st.caption(text, text_alignment="center")
        with st.container(horizontal=True, horizontal_alignment="center"):
            for index, (label, action) in enumerate((actions or {}).items()):
                if st.button(
                    label, type="primary" if index == 0 else "secondary", key=f"empty_{title}_{index}"
                ):
                    action()
        st.space("small")


def need_task(ws: Workspace, title: str, caption: str) -> Task:
    """Return the current task; where there is none, draw an empty page that leads to one and end the run."""
    known = {task.id: task for task in tasks.list_tasks(ws)}
    chosen = state.current_task_id()
    if chosen not in known:
        _lead_to_a_task(title, caption)
    return known[str(chosen)]


def _lead_to_a_task(title: str, caption: str) -> NoReturn:
    head(title, caption)
    empty_state(
        "edit_note",
        "No task yet",
        "Everything starts from a task: open a sample, or describe your own.",
        {"See the samples": lambda: state.go("home"), "New task": lambda: state.go("task", new="1")},
    )
    st.stop()


def need_parts(overview: Overview) -> None:
    """Where data or metric are missing, draw what leads to them and end the run."""
    missing = [
        (name, label)
        for name, label in (("data", "Bring examples"), ("metric", "Choose a metric"))
        if not overview.done.get(name)
    ]
    if not missing:
        return
    empty_state(
        "rule",
        "Something is missing first",
        "A run needs a program, examples, and a metric that says what is good.",
        {label: (lambda name=name: state.go(name)) for name, label in missing},
    )
    st.stop()
