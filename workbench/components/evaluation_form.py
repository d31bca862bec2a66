"""The form of an evaluation: program, rows, metric, model, and what it will take.

Knows nothing about how evaluations run.
"""

from __future__ import annotations

import streamlit as st

from workbench import state
from workbench.components.setup import Setup, setup_row
from workbench.services import estimates, runs
from workbench.services.workspace import Workspace

__all__ = ["estimate_line", "evaluation_form"]


def evaluation_form(ws: Workspace, task_id: str) -> None:
    """Draw the form; starting opens the run."""
    setup = setup_row(ws, task_id, "eval", splits=("validation", "test", "train", "all"))
    if setup.split == "test":
        st.caption(
            ":orange[:material/lock_open:] Test rows have the last word. "
            "Each look at them makes them worth less: keep them for the final comparison."
        )
    with st.popover("More settings", icon=":material/tune:"):
        limit = st.number_input("Only the first rows (0: all)", min_value=0, value=0, key="eval_limit")
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
    chosen = int(limit) or None
    estimate = estimates.estimate_evaluation(
        ws, setup.version_id, setup.dataset_id, setup.split, setup.model, chosen, int(repeats)
    )
    estimate_line(estimate)
    if st.button(
        "Start", type="primary", icon=":material/play_arrow:", shortcut="Mod+Enter", key="eval_start"
    ):
        run_id = runs.start_evaluation(
            ws,
            setup.version_id,
            setup.dataset_id,
            setup.split,
            setup.metric_id,
            setup.model,
            chosen,
            int(repeats),
            int(concurrency),
        )
        _open(setup, run_id)


def _open(_setup: Setup, run_id: str) -> None:
    st.session_state["chosen_run"] = run_id
    state.go("evaluate", run=run_id)


def estimate_line(estimate: estimates.Estimate) -> None:
    """Draw what a run will take."""
    calls = (
        f"about {estimate.likely:,} calls"
        if estimate.low == estimate.high
        else f"about {estimate.likely:,} calls ({estimate.low:,} to {estimate.high:,})"
    )
    money = (
        "price unknown"
        if estimate.cost is None
        else ("free" if not estimate.cost else f"${estimate.cost:.4f}")
    )
    st.caption(
        f":material/calculate: {calls} · about {estimate.prompt_tokens_per_call:,} prompt tokens each · {money}"
        " · fewer where answers are cached"
    )
    for warning in estimate.warnings:
        st.warning(warning, icon=":material/rule:")
