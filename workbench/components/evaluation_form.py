"""The form of an evaluation: program, rows, metric, model, and what it will take.

Knows nothing about how evaluations run.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench import state
from workbench.components.adapter_choice import adapter_select
from workbench.components.estimate_view import estimate_view
from workbench.components.same import same_elsewhere
from workbench.components.setup import setup_row
from workbench.services import estimates, runs
from workbench.services.workspace import Workspace

__all__ = ["evaluation_form"]


def evaluation_form(ws: Workspace, task_id: str) -> None:
    """Draw the form; starting opens the run."""
    setup = setup_row(ws, task_id, "eval", splits=("validation", "test", "train", "all"))
    if setup.split == "test":
        st.caption(
            ":orange[:material/lock_open:] Test rows have the last word. "
            "Each look at them makes them worth less: keep them for the final comparison."
        )
    below = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        start = st.button(
            "Start", type="primary", icon=":material/play_arrow:", shortcut="Mod+Enter", key="eval_start"
        )
        more = _more_settings()
        same_elsewhere(ws, "eval", setup, more)
    with below:
        estimate_view(
            estimates.estimate_evaluation(
                ws,
                setup.version_id,
                setup.dataset_id,
                setup.split,
                setup.model,
                more["limit"],
                more["repeats"],
                adapter=more["adapter"],
            )
        )
    if start:
        run_id = runs.start_evaluation(
            ws, setup.version_id, setup.dataset_id, setup.split, setup.metric_id, setup.model, **more
        )
        st.session_state["chosen_run"] = run_id
        state.go("evaluate", run=run_id)


def _more_settings() -> dict[str, Any]:
    with st.popover("More settings", icon=":material/tune:"):
        limit = st.number_input(
            "Only the first rows", min_value=1, value=None, step=1, key="eval_limit", placeholder="all"
        )
        repeats = st.number_input(
            "Repeats",
            min_value=1,
            max_value=20,
            value=1,
            key="eval_repeats",
            help="Runs every row so often, sampled anew.",
        )
        concurrency = st.number_input(
            "Rows in flight", min_value=1, max_value=256, value=8, key="eval_concurrency"
        )
        adapter = adapter_select("eval_adapter")
    return {
        "limit": int(limit) if limit else None,
        "repeats": int(repeats),
        "concurrency": int(concurrency),
        "adapter": adapter,
    }
