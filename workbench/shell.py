"""The frame around every page: navigation, the task picker, the chip of running jobs, readable errors.

Knows nothing about what a page shows; a new page is one file in `pages/` and one line in `PAGES`.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from workbench import state
from workbench.components.errors import readable_errors, verbatim
from workbench.components.jobs import job_chip
from workbench.locate import pages_dir
from workbench.services import models, preferences, tasks

__all__ = ["PAGES", "run"]


@dataclass(frozen=True)
class PageInfo:
    """One line of the menu."""

    section: str
    name: str
    title: str
    icon: str
    help: str


PAGES = (
    PageInfo(
        "", "home", "Home", "home", "Your tasks at a glance: latest scores, running jobs, sample tasks."
    ),
    PageInfo(
        "Build", "task", "Task", "edit_note", "Say what the program takes and gives; see the exact messages."
    ),
    PageInfo(
        "Build", "data", "Data", "table_chart", "Upload examples, map columns, split, check and edit rows."
    ),
    PageInfo(
        "Build", "metric", "Metric", "straighten", "Choose what makes an answer good and try it on rows."
    ),
    PageInfo("Improve", "explore", "Explore", "science", "Run one input and look at every step's trace."),
    PageInfo("Improve", "evaluate", "Evaluate", "checklist", "Score a program on many rows, with intervals."),
    PageInfo(
        "Improve",
        "compile",
        "Compile",
        "auto_awesome",
        "Let an optimizer improve the program, within a budget.",
    ),
    PageInfo(
        "Improve",
        "compare",
        "Compare",
        "compare_arrows",
        "Two runs side by side: scores, rows, prompts, a verdict.",
    ),
    PageInfo("Ship", "export", "Export", "ios_share", "Take the program away: state, script or messages."),
    PageInfo("Ship", "runs", "Runs", "history", "Every evaluation and compile, from every door."),
    PageInfo("Ship", "settings", "Settings", "settings", "Models and keys, prices, cache, storage."),
)


def run() -> None:
    """Draw the frame and the chosen page."""
    sections: dict[str, list[st.Page]] = {}
    for info in PAGES:
        page = st.Page(
            pages_dir() / f"{info.name}.py",
            title=info.title,
            icon=f":material/{info.icon}:",
            help=info.help,
            url_path=info.name,
            default=info.name == "home",
        )
        sections.setdefault(info.section, []).append(page)
    state.set_pages({info.name: page for info, page in zip(PAGES, _flat(sections), strict=True)})
    chosen = st.navigation(sections, expanded=True)
    with readable_errors():
        _sidebar()
    with readable_errors():
        chosen.run()


def _flat(sections: dict[str, list[st.Page]]) -> list[st.Page]:
    return [page for pages in sections.values() for page in pages]


def _sidebar() -> None:
    workspace = state.workspace()
    known = tasks.list_tasks(workspace)
    with st.sidebar:
        if known:
            _task_picker([item.id for item in known], {item.id: item.name for item in known})
        model = preferences.default_model(workspace)
        st.caption(
            f":material/memory: {verbatim(model.name)}", help=models.EMBEDDED_NOTE if model.embedded else None
        )
        job_chip(workspace)


def _task_picker(ids: list[str], names: dict[str, str]) -> None:
    current = state.current_task_id()
    if current not in names:
        current = ids[0]
        state.choose_task(current)
    st.session_state["shell_task"] = current

    def chosen() -> None:
        state.choose_task(st.session_state["shell_task"])

    st.selectbox("Task", ids, format_func=lambda item: names[item], key="shell_task", on_change=chosen)
