"""The form of a compile: an optimizer, its parameters, other models, a budget, and what it will take.

Knows nothing about how optimizers search; their cards and forms come from what they say of themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.foundation.errors import WorkbenchError
from core.foundation.words import counted
from workbench import state
from workbench.components.adapter_choice import adapter_select
from workbench.components.budget import budget_fields
from workbench.components.compile_estimate import compile_estimate
from workbench.components.compile_search import search_choices
from workbench.components.errors import show_error, verbatim
from workbench.components.params_form import params_form
from workbench.components.same import same_elsewhere
from workbench.components.setup import setup_row
from workbench.services import datasets, models, optimizers, runs
from workbench.services.optimizers import OptimizerKind, Recommendation
from workbench.services.recommending import recommended_for
from workbench.services.workspace import Workspace

__all__ = ["compile_form"]


def compile_form(ws: Workspace, task_id: str) -> None:
    """Draw the form; starting opens the run."""
    setup = setup_row(ws, task_id, "compile", as_written=True)
    counts = datasets.get_dataset(ws, setup.dataset_id).counts
    kind = _choice(recommended_for(ws, task_id, setup.version_id, setup.dataset_id, setup.metric_id))
    left, right = st.columns([3, 2])
    try:
        with left:
            more = _settings(ws, kind)
    except WorkbenchError as error:
        show_error(error)
        return
    with right:
        more["budget"] = _budget()
        more |= search_choices(counts, scores=kind.scores)
    st.caption(_rows_text(counts, more))
    ready = compile_estimate(ws, setup, more, writes=kind.takes_prompt_model)
    with st.container(horizontal=True, vertical_alignment="center"):
        start = st.button(
            "Start compiling",
            type="primary",
            icon=":material/auto_awesome:",
            key="compile_start",
            disabled=not ready,
        )
        same_elsewhere(ws, "compile", setup, more)
    if start:
        run_id = runs.start_compile(
            ws,
            setup.version_id,
            setup.dataset_id,
            setup.metric_id,
            model=setup.model,
            **more,
        )
        st.session_state["chosen_compile"] = run_id
        state.go("compile", run=run_id)


def _rows_text(counts: Mapping[str, int], more: Mapping[str, Any]) -> str:
    train, validation, test = (
        counted(counts.get(split, 0), f"{split} row", grouped=True)
        for split in ("train", "validation", "test")
    )
    proof = f", is confirmed on {test}" if more.get("testset") else ""
    return f"Learns from {train}, chooses by {validation}{proof}."


def _choice(advice: list[Recommendation]) -> OptimizerKind:
    kinds = {kind.name: kind for kind in optimizers.optimizer_kinds()}
    names = [
        *(item.name for item in advice),
        *(name for name in kinds if name not in {a.name for a in advice}),
    ]
    best = advice[0]
    chosen = st.selectbox(
        "Optimizer",
        names,
        format_func=lambda name: kinds[name].label + (" · recommended" if name == best.name else ""),
        key="compile_optimizer",
        help="Those that fit this task and its rows come first.",
    )
    kind = kinds[chosen or best.name]
    said = {"": kind.summary, "**When to use it:** ": kind.when, "**Needs:** ": kind.needs}
    st.caption("  \n".join(label + _sentence(text) for label, text in said.items() if text))
    why = [f"**{verbatim(kinds[item.name].title)}**, because {item.why}" for item in advice if item.why]
    if why:
        st.caption(f":material/recommend: Recommended here: {'; or '.join(why)}.")
    return kind


def _sentence(text: str) -> str:
    return verbatim(text.rstrip(".") + ".")


def _settings(ws: Workspace, kind: OptimizerKind) -> dict[str, Any]:
    """Draw parameters, seed, adapter and other models; return them as the service takes them."""
    with st.expander("Parameters", icon=":material/tune:"), st.grid(2):
        params = params_form(kind.parameters, key=f"compile_{kind.name}")
        seed = st.number_input(
            "Seed", min_value=0, value=0, key="compile_seed", help="The same seed gives the same program."
        )
        adapter = adapter_select("compile_adapter")
    made: dict[str, Any] = {
        "optimizer": kind.name,
        "params": params,
        "seed": int(seed),
        "adapter": adapter,
    }
    return made | _other_models(ws, kind)


def _other_models(ws: Workspace, kind: OptimizerKind) -> dict[str, Any]:
    """Draw which other models help, where the optimizer can use some and some are connected."""
    wanted = {
        "prompt_model": (
            kind.takes_prompt_model,
            "Prompt model",
            "Writes the instructions; a stronger one helps.",
        ),
        "teacher_model": (
            kind.takes_teacher,
            "Teacher model",
            "Answers train rows; good runs become examples.",
        ),
    }
    names = [model.name for model in models.list_models(ws)]
    made: dict[str, Any] = {}
    with st.grid(2, min_column_width=210):
        for name, (takes, label, about) in wanted.items():
            if takes:
                chosen = st.selectbox(
                    label,
                    ["", *names],
                    format_func=lambda item: item or "the program's own model",
                    key=f"compile_{name}",
                    help=about,
                )
                made |= {name: chosen} if chosen else {}
    return made


def _budget() -> dict[str, float | None]:
    with st.expander("Budget", icon=":material/savings:"):
        st.caption("Whichever is reached first ends the search; the best so far is kept.")
        with st.grid(2, min_column_width=80):
            return budget_fields("compile", {})
