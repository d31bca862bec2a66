"""What to do next with a task, in a sentence and a link.

Knows nothing about how it is done; it reads how far the task is.
"""

from __future__ import annotations

import streamlit as st

from workbench import state
from workbench.services.tasks import Overview

__all__ = ["next_step", "next_step_of"]

_STEPS = (
    ("data", "Bring examples", "The program is described. Now it needs examples of what should come out."),
    ("metric", "Choose a metric", "Examples are there. Now say what makes an answer good."),
    (
        "evaluate",
        "Evaluate it zero-shot",
        "Score the program as it is: that is what compiling is measured against.",
    ),
    ("compile", "Compile it", "There is a score to beat. Let an optimizer improve the program."),
    (
        "compare",
        "Evaluate the compiled program",
        "Score the compiled program on the same rows, then compare.",
    ),
    ("export", "Export it", "Before and after are scored. Compare them, and take the program away."),
)


def next_step_of(done: dict[str, bool]) -> tuple[str, str, str]:
    """Return (page, what the link says, why) of the first step that is not done."""
    return next((step for step in _STEPS if not done.get(step[0])), _STEPS[-1])


def next_step(overview: Overview) -> None:
    """Draw the next step."""
    name, label, why = next_step_of(overview.done)
    page = "evaluate" if name == "compare" else name
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f":material/flag: {why}", width="content")
        if name == "export":
            state.link("compare", ":primary[Compare]", icon=":material/compare_arrows:")
        state.link(page, f":primary[{label}]", icon=":material/arrow_forward:")
