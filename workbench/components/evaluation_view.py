"""An evaluation as it goes and as it went: figures, rows, and the trace of any of them.

Knows nothing about how evaluations run; it reads what is stored, so a reload or a second tab shows the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from workbench import state
from workbench.components import plots
from workbench.components.errors import readable_errors, verbatim
from workbench.components.run_head import poll_every, run_head
from workbench.components.runs import score_text
from workbench.components.table import cell, data_table
from workbench.components.trace import trace_view
from workbench.services import runs
from workbench.services.run_records import Run, RunItem
from workbench.services.workspace import Workspace

__all__ = ["evaluation_view", "row_of"]

_OUTCOMES = {
    "scored": "scored",
    "model_failure": "unreadable reply",
    "infrastructure_failure": "infrastructure",
    "metric_failure": "metric failed",
}


def evaluation_view(ws: Workspace, run_id: str) -> None:
    """Draw one evaluation; while it runs, its figures are fresh every second."""
    run = runs.get_run(ws, run_id)

    @st.fragment(run_every=poll_every(run), key=f"evaluation_{run_id}")
    def live() -> None:
        with readable_errors():
            now = runs.get_run(ws, run_id)
            run_head(ws, now)
            _figures(now)
            if run.active and not now.active:
                st.rerun()

    live()
    items = runs.run_rows(ws, run_id)
    if not items:
        st.caption("Rows appear here as they finish.")
        return
    _next_steps(run)
    _plots(items)
    _rows(ws, run, items)


def _figures(run: Run) -> None:
    result: dict[str, Any] = run.result or run.progress
    with st.grid(4):
        st.metric(
            "Score", score_text(run).partition(" (")[0] if run.result else _percent(result.get("score")), border=True,
            help="Mean of the metric over the rows that count. Unreadable replies count as 0.",
        )  # fmt: skip
        interval = run.interval
        st.metric(
            "95 % interval", f"{interval[0]:.1f} to {interval[1]:.1f}" if interval else "–", border=True
        )
        failed = int(result.get("n_model_failures") or 0)
        broken = int(result.get("n_infrastructure_failures") or 0) + int(result.get("n_metric_failures") or 0)
        st.metric(
            "Unreadable · not scored",
            f"{failed} · {broken}",
            border=True,
            help="Not scored: the model could not be reached, or the metric failed. These rows are not in the mean.",
        )
        cost = result.get("cost")
        tokens = int(result.get("prompt_tokens") or 0) + int(result.get("completion_tokens") or 0)
        st.metric(
            "Cost",
            "–" if cost is None else f"${cost:.4f}",
            f"{tokens:,} tokens",
            delta_color="off",
            delta_arrow="off",
            border=True,
        )
    if run.result and run.result.get("flagged"):
        st.warning("Some rows have no score, so this figure is not of all rows.", icon=":material/flag:")


def _percent(value: Any) -> str:
    return "–" if value is None else f"{float(value):.1f} %"


def _next_steps(run: Run) -> None:
    if run.active or run.score is None:
        return
    with st.container(horizontal=True):
        state.link("compile", "Compile this program", icon=":material/auto_awesome:", version=run.version_id)
        state.link("compare", "Compare with another run", icon=":material/compare_arrows:", a=run.id)


def _plots(items: Sequence[RunItem]) -> None:
    scores = [item.score for item in items if item.score is not None]
    if len(set(scores)) > 2:
        plots.show(
            plots.histogram(scores, "score of a row"), key="eval_hist", alt="Distribution of row scores"
        )


def row_of(item: RunItem) -> dict[str, Any]:
    """Return a row of an evaluation as a row of a table."""
    expected = {
        f"expected {name}": cell(value)
        for name, value in item.labels.items()
        if name in item.outputs or not item.outputs
    }
    given = {name: cell(value) for name, value in item.outputs.items()}
    return {
        "score": item.score,
        "outcome": _OUTCOMES.get(item.outcome, item.outcome),
        **{name: cell(value) for name, value in item.inputs.items()},
        **given,
        **expected,
        "feedback": item.feedback,
        "error": item.error,
        "ms": round(1000 * item.latency, 1),
        "tokens": item.prompt_tokens + item.completion_tokens,
        "rating": {1: "good", 0: "unsure", -1: "bad"}.get(item.rating, "") if item.rating is not None else "",
        "row": item.position,
        "id": item.example_id,
    }


def _rows(ws: Workspace, run: Run, items: Sequence[RunItem]) -> None:
    groups = {
        "all": items,
        "not full marks": [item for item in items if item.score is not None and item.score < 1],
        "unreadable": [item for item in items if item.outcome == "model_failure"],
        "not scored": [item for item in items if item.score is None],
    }
    names = [name for name, part in groups.items() if part]
    chosen = st.segmented_control(
        "Rows", names, default="all", required=True, key=f"eval_group_{run.id}",
        format_func=lambda name: f"{name} ({len(groups[name]):,})", label_visibility="collapsed",
    )  # fmt: skip
    shown = groups[chosen or "all"]
    empty = [
        name for name in ("feedback", "error", "rating") if not any(row_of(item)[name] for item in shown)
    ]
    row = data_table(
        [row_of(item) for item in shown],
        key=f"eval_rows_{run.id}_{chosen}",
        name="rows",
        hidden=("id", *empty),
        selectable=True,
        columns={"score": st.column_config.NumberColumn("score", format="%.3g", pinned=True)},
    )
    if row is not None:
        _row_drawer(ws, run.id, int(row["row"]))
    else:
        st.caption("Select a row to see its trace.")


@st.dialog("Row", width="large", position="right")
def _row_drawer(ws: Workspace, run_id: str, position: int) -> None:
    item = runs.run_row(ws, run_id, position)
    st.caption(f"Row {position} · {verbatim(item.example_id)}")
    left, right = st.columns(2)
    with left:
        st.caption("Inputs")
        st.json(item.inputs, expanded=2)
        st.caption("Expected")
        st.json(item.labels, expanded=2)
    with right:
        st.caption("Given")
        st.json(item.outputs, expanded=2)
        st.caption(f"Score: {'–' if item.score is None else format(item.score, 'g')}")
        if item.feedback:
            st.caption(verbatim(item.feedback))
        if item.error:
            st.error(verbatim(item.error), icon=":material/error:")
    _rating(ws, run_id, item)
    trace = runs.run_trace(ws, run_id, position)
    if trace.truncated:
        st.caption("Long texts of this trace were cut to keep the store small.")
    trace_view(trace.spans, key=f"row_{run_id}_{position}")


def _rating(ws: Workspace, run_id: str, item: RunItem) -> None:
    key = f"rate_{run_id}_{item.position}"

    def rate() -> None:
        value = st.session_state[key]
        runs.rate_row(ws, run_id, item.position, None if value is None else (1 if value else -1))

    start = None if item.rating in (None, 0) else (1 if item.rating > 0 else 0)
    st.feedback("thumbs", key=key, default=start, on_change=rate)
