"""Which part of a compile's winner does the work: a form that starts an ablation, and the table of those that were run.

Knows nothing about how parts are taken away; it reads what is stored, so a reload or a second tab shows the same.
"""

from __future__ import annotations

import shlex

import streamlit as st

from core.foundation.errors import WorkbenchError
from core.foundation.words import counted
from core.search.ablation import Ablation
from workbench import state
from workbench.components.budget import go_on_form
from workbench.components.compile_candidates import interval_text
from workbench.components.errors import readable_errors, show_error, verbatim
from workbench.components.estimate_view import estimate_view
from workbench.components.figures import money
from workbench.components.run_head import poll_every, run_head
from workbench.components.table import data_table
from workbench.services import ablations, datasets, runs
from workbench.services.ablations import AblationPlan, parts_name, rows_text, warning_of
from workbench.services.run_records import Run
from workbench.services.workspace import Workspace

__all__ = ["ablation_section"]

_TITLE = "Which part of it does the work?"


def ablation_section(ws: Workspace, run: Run) -> None:
    """Draw the section of one compile; nothing where it made no program or is still going."""
    if not ablations.can_be_ablated(run):
        return
    known = {item.id: item for item in ablations.ablations_of(ws, run.id)}
    if not known:
        with st.expander(_TITLE, icon=":material/content_cut:", key=f"ablation_new_{run.id}_0"):
            _form(ws, run)
        return
    with st.container(border=True):
        st.markdown(f"**:material/content_cut: {_TITLE}**")
        newest = next(iter(known))
        chosen = newest
        if len(known) > 1:
            names = {key: item.name for key, item in known.items()}
            picked = state.pick("ablation", list(names))
            chosen = state.selector("Ablation", names, picked, "ablation", label_visibility="collapsed")
        _one(ws, chosen)
        if any(item.active for item in known.values()):
            return
        with st.expander(
            "Once more, on other rows", icon=":material/replay:", key=f"ablation_new_{run.id}_{len(known)}"
        ):
            _form(ws, run)


def _one(ws: Workspace, run_id: str) -> None:
    """Draw one ablation; while it runs, it is fresh every second."""
    run = runs.get_run(ws, run_id)

    @st.fragment(run_every=poll_every(run), key=f"ablation_{run_id}")
    def live() -> None:
        with readable_errors():
            now = runs.get_run(ws, run_id)
            run_head(ws, now)
            found = ablations.ablation_of(now)
            if found is not None and not now.active:
                _found(now, found)
            go_on_form(ws, now)
            if now.status != run.status:
                st.rerun()

    live()


def _found(run: Run, found: Ablation) -> None:
    result = run.result or {}
    cost = f"{counted(int(result.get('calls', 0)), 'call', grouped=True)}, {money(result.get('cost'))}"
    warning = warning_of(run)
    st.caption(
        f"**On {rows_text(run.split, found.of, warning)}**, the same for every program. {verbatim(cost)}."
    )
    _warn(warning)
    if result.get("stop_code") in ("budget", "stopped"):
        st.info(verbatim(str(result["stop_reason"])), icon=":material/hourglass_bottom:")
    rows = [
        {
            "program": parts_name(name),
            "score %": None if variant.mean is None else 100 * variant.mean,
            "95 % interval": interval_text(variant.interval) if variant.rows else "–",
            "against the program as given": against,
            "rows": counted.removesuffix(" rows"),
            "why rows are missing": variant.note,
        }
        for variant, (name, _, _, against, counted) in zip(found.variants, found.cells(), strict=True)
    ]
    whole = not any(row["why rows are missing"] for row in rows)
    data_table(
        rows,
        key=f"ablation_{run.id}",
        name="programs",
        hidden=("why rows are missing",) if whole else (),
        tools=False,
        columns={
            "program": st.column_config.TextColumn("program", width=190),
            "score %": st.column_config.ProgressColumn(
                "score", min_value=0, max_value=100, format="%.1f %%", width=120
            ),
            "against the program as given": st.column_config.TextColumn(width=270),
            "rows": st.column_config.TextColumn(width=80),
            "why rows are missing": st.column_config.TextColumn(width=330),
        },
    )
    st.markdown(f":material/balance: {verbatim(found.verdict)}")


def _warn(warning: str) -> None:
    if warning:
        st.warning(verbatim(warning), icon=":material/edit_note:")


def _form(ws: Workspace, run: Run) -> None:
    """Draw what an ablation would run and take, and the button that starts it."""
    st.caption(
        "Runs the compiled program with parts of it taken away, all on the same rows: as given, with the new "
        "instructions only, with the examples only, with both, and of a longer program each step."
    )
    key = f"ablation_{run.id}"
    try:
        plan, limit = _choices(ws, run, key)
    except WorkbenchError as error:
        show_error(error)
        return
    if plan.empty:
        st.caption("The winner is the program as given: there is nothing to take away from it.")
        return
    names = ", ".join(parts_name(name).lower() for name in plan.runs)
    st.caption(
        f"{len(plan.runs)} different programs ({verbatim(names)}), "
        f"each on **{rows_text(plan.split, plan.rows, plan.warning)}**."
    )
    _warn(plan.warning)
    estimate_view(plan.estimate)
    steps = bool(st.session_state.get(f"{key}_steps", True))
    with st.container(horizontal=True, vertical_alignment="center"):
        start = st.button(
            f"Find out: at most {counted(plan.estimate.high, 'call', grouped=True)}",
            type="primary",
            icon=":material/content_cut:",
            key=f"{key}_start",
            help="It stops before it sends one call more; the budget can then be raised.",
        )
        _same_elsewhere(ws, run, plan, limit, steps)
    if start:
        with readable_errors():
            made = ablations.start_ablation(ws, run.id, plan.split, limit, steps=steps)
            st.session_state["chosen_ablation"] = made
            st.query_params.pop("ablation", None)
            st.rerun()


def _choices(ws: Workspace, run: Run, key: str) -> tuple[AblationPlan, int | None]:
    """Draw which rows and steps; return what follows from them."""
    counts = datasets.get_dataset(ws, run.dataset_id).counts
    splits = [name for name in ("test", "validation", "train") if counts.get(name)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        split = st.segmented_control(
            "Rows",
            splits,
            default=splits[0] if splits else None,
            required=True,
            format_func=lambda name: f"{name} ({counts[name]:,})",
            key=f"{key}_split",
            help="Test rows chose nothing, so only they say how much each part is worth elsewhere.",
        )
        limit = st.number_input(
            "Only the first", min_value=1, value=None, placeholder="all", key=f"{key}_limit", width=140
        )
        chosen = None if limit is None else int(limit)
        steps = bool(st.session_state.get(f"{key}_steps", True))
        plan = ablations.plan_ablation(ws, run.id, split, chosen, steps=steps)
        if plan.steps > 1:
            st.toggle(
                "Each step too",
                value=True,
                key=f"{key}_steps",
                help="Also each step compiled alone, and every step but that one.",
            )
    return plan, chosen


def _same_elsewhere(ws: Workspace, run: Run, plan: AblationPlan, limit: int | None, steps: bool) -> None:
    words = ["workbench", "ablate", run.id, "--home", str(ws.config.home), "--split", plan.split]
    words += ["--limit", str(limit)] if limit else []
    words += [] if steps else ["--no-steps"]
    with st.popover("Same elsewhere", icon=":material/terminal:"):
        st.caption("The same run on the command line; every door gives the same figures.")
        st.code(shlex.join(words), language="bash", wrap_lines=True)
