"""The form of a compile: an optimizer, its parameters, a budget, and what it will take.

Knows nothing about how optimizers search; their cards and forms come from what they say of themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from workbench import state
from workbench.components.adapter_choice import adapter_select
from workbench.components.evaluation_form import estimate_line
from workbench.components.params_form import params_form
from workbench.components.same import same_elsewhere
from workbench.components.setup import setup_row
from workbench.services import datasets, estimates, optimizers, runs
from workbench.services.optimizers import OptimizerKind
from workbench.services.workspace import Workspace

__all__ = ["compile_form", "recommended"]

_TITLES = {
    "labeled_few_shot": "Labelled examples",
    "bootstrap_few_shot": "Bootstrapped examples",
    "random_search": "Bootstrapped examples, best of many",
}


def recommended(rows: int, names: Sequence[str]) -> str:
    """Return the optimizer for that many train rows: bootstrap for a handful, search from about thirty on."""
    wanted = "bootstrap_few_shot" if rows < 30 else "random_search"
    return wanted if wanted in names else names[0]


def _title(name: str) -> str:
    return _TITLES.get(name) or name.replace("_", " ")


def compile_form(ws: Workspace, task_id: str) -> None:
    """Draw the form; starting opens the run."""
    setup = setup_row(ws, task_id, "compile", as_written=True)
    counts = datasets.get_dataset(ws, setup.dataset_id).counts
    kinds = {kind.name: kind for kind in optimizers.optimizer_kinds()}
    best = recommended(counts.get("train", 0), list(kinds))
    chosen = _cards(kinds, best)
    kind = kinds[chosen]
    left, right = st.columns([3, 2])
    with left, st.expander("Parameters", icon=":material/tune:"), st.grid(2):
        params = params_form(kind.parameters, key=f"compile_{chosen}")
        seed = st.number_input(
            "Seed", min_value=0, value=0, key="compile_seed", help="The same seed gives the same program."
        )
        adapter = adapter_select("compile_adapter")
    with right:
        budget = _budget()
    estimate = estimates.estimate_compile(
        ws, setup.version_id, setup.dataset_id, chosen, params, setup.model, adapter=adapter
    )
    train, validation = counts.get("train", 0), counts.get("validation", 0)
    st.caption(f"Learns from {train:,} train rows, chooses by {validation:,} validation rows.")
    estimate_line(estimate)
    with st.container(horizontal=True, vertical_alignment="center"):
        start = st.button(
            "Start compiling", type="primary", icon=":material/auto_awesome:", key="compile_start"
        )
        more = {
            "optimizer": chosen,
            "params": params,
            "budget": budget,
            "seed": int(seed),
            "adapter": adapter,
        }
        same_elsewhere(ws, "compile", setup, more)
    if start:
        run_id = runs.start_compile(
            ws,
            setup.version_id,
            setup.dataset_id,
            setup.metric_id,
            chosen,
            params,
            setup.model,
            budget,
            int(seed),
            adapter=adapter,
        )
        st.session_state["chosen_compile"] = run_id
        state.go("compile", run=run_id)


def _cards(kinds: dict[str, OptimizerKind], best: str) -> str:
    names = list(kinds)
    chosen = st.segmented_control(
        "Optimizer",
        names,
        default=best,
        required=True,
        format_func=lambda name: _title(name) + (" · recommended" if name == best else ""),
        key="compile_optimizer",
    )
    kind = kinds[chosen or best]
    st.caption(" ".join(text for text in (kind.summary.rstrip(".") + ".", kind.when, kind.needs) if text))
    return kind.name


def _budget() -> dict[str, float | None]:
    with st.expander("Budget", icon=":material/savings:"):
        st.caption("Whichever is reached first ends the search; the best so far is kept.")
        with st.grid(3, min_column_width=80):
            free: dict[str, Any] = {"value": None, "placeholder": "no cap"}
            calls = st.number_input("Calls", min_value=0, step=100, key="compile_calls", **free)
            cost = st.number_input("US dollars", min_value=0.0, step=0.5, key="compile_cost", **free)
            minutes = st.number_input("Minutes", min_value=0.0, step=1.0, key="compile_minutes", **free)
    return {"calls": calls or None, "cost": cost or None, "seconds": 60 * minutes if minutes else None}
