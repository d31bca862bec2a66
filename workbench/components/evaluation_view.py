"""An evaluation as it goes and as it went: figures, rows, and the trace of any of them.

Knows nothing about how evaluations run; it reads what is stored, so a reload or a second tab shows the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from workbench import state
from workbench.components import plots
from workbench.components.errors import readable_errors
from workbench.components.figures import WIDE, figure, figures, money
from workbench.components.row_drawer import row_drawer
from workbench.components.run_head import poll_every, run_head
from workbench.components.table import cell, data_table
from workbench.services import compare, runs, tasks
from workbench.services.run_records import Run, RunItem
from workbench.services.workspace import Workspace

__all__ = ["evaluation_view", "row_number", "row_of"]

_OUTCOMES = {
    "scored": "scored",
    "model_failure": "unreadable reply",
    "infrastructure_failure": "infrastructure",
    "metric_failure": "metric failed",
}


def evaluation_view(ws: Workspace, run: Run) -> None:
    """Draw one evaluation; while it runs, its figures are fresh every second.

    Args:
        run: As the rest of the page has it: once its state is another, the whole page is drawn anew.
    """
    run_id = run.id

    @st.fragment(run_every=poll_every(run), key=f"evaluation_{run_id}")
    def live() -> None:
        with readable_errors():
            now = runs.get_run(ws, run_id)
            run_head(ws, now)
            _figures(now)
            if now.status != run.status:
                st.rerun()

    live()
    items = runs.run_rows(ws, run_id)
    if not items:
        st.caption("Rows appear here as they finish.")
        return
    _next_steps(ws, run)
    _plots(items)
    _rows(ws, run, items)


def _figures(run: Run) -> None:
    result: dict[str, Any] = run.result or run.progress
    interval = run.interval
    failed = int(result.get("n_model_failures") or 0)
    broken = int(result.get("n_infrastructure_failures") or 0) + int(result.get("n_metric_failures") or 0)
    tokens = int(result.get("prompt_tokens") or 0) + int(result.get("completion_tokens") or 0)
    score = result.get("score")
    with figures(4, width=WIDE):
        figure(
            "Score",
            "–" if score is None else f"{float(score):.1f} %",
            help="Mean of the metric over the rows that count. Unreadable replies count as 0.",
        )
        figure("95 % interval", f"{interval[0]:.1f} to {interval[1]:.1f}" if interval else "–")
        figure(
            "Unreadable · not scored",
            f"{failed} · {broken}",
            help="Not scored: the model could not be reached, or the metric failed. These rows are not in the mean.",
        )
        figure("Cost", money(result.get("cost")), f"{tokens:,} tokens" if tokens else None)
    if run.result and run.result.get("flagged"):
        st.warning("Some rows have no score, so this figure is not of all rows.", icon=":material/flag:")


def _next_steps(ws: Workspace, run: Run) -> None:
    if run.active or run.score is None:
        return
    version = tasks.get_version(ws, run.version_id)
    with st.container(horizontal=True):
        if version.compiled:
            if version.parent_id and not compare.comparable(ws, run.id):
                state.link(
                    "evaluate",
                    "Evaluate the program before on these rows",
                    icon=":material/checklist:",
                    version=version.parent_id,
                    dataset=run.dataset_id,
                    metric=run.metric_id,
                    split=run.split,
                )
            else:
                state.link("compare", "Compare with before", icon=":material/compare_arrows:", b=run.id)
            state.link("export", "Export this program", icon=":material/ios_share:", version=run.version_id)
        else:
            state.link(
                "compile", "Compile this program", icon=":material/auto_awesome:", version=run.version_id
            )
            state.link("compare", "Compare with another run", icon=":material/compare_arrows:", a=run.id)


def _plots(items: Sequence[RunItem]) -> None:
    scores = [item.score for item in items if item.score is not None]
    if len(set(scores)) > 2:
        plots.show(
            plots.histogram(scores, "score of a row"), key="eval_hist", alt="Distribution of row scores"
        )


def row_of(item: RunItem) -> dict[str, Any]:
    """Return a row of an evaluation as a row of a table."""
    answers: dict[str, Any] = {}
    for name in dict.fromkeys([*item.outputs, *item.labels]):
        if name in item.outputs:
            answers[name] = cell(item.outputs[name])
        if name in item.labels and (name in item.outputs or not item.outputs):
            answers[f"expected {name}"] = cell(item.labels[name])
    return {
        "row": row_number(item),
        "score": item.score,
        "outcome": _OUTCOMES.get(item.outcome, item.outcome),
        **{name: cell(value) for name, value in item.inputs.items()},
        **answers,
        "feedback": item.feedback,
        "error": item.error,
        "ms": round(1000 * item.latency, 1),
        "tokens": item.prompt_tokens + item.completion_tokens,
        "rating": {1: "good", 0: "unsure", -1: "bad"}.get(item.rating, "") if item.rating is not None else "",
        "id": item.example_id,
    }


def row_number(item: RunItem) -> str:
    """Return a row's number as tables and links have it: counted from 1, the repeat after a dot."""
    return f"{item.position + 1}" + (f".{item.repeat}" if item.repeat else "")


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
    rows = [row_of(item) for item in shown]
    empty = [name for name in ("feedback", "error", "rating") if not any(row[name] for row in rows)]
    if all(item.outcome == "scored" for item in shown):
        empty.append("outcome")
    key = f"eval_rows_{run.id}_{chosen}"
    row = data_table(
        rows,
        key=key,
        name="rows",
        hidden=("id", *empty),
        selectable=True,
        columns={
            "row": st.column_config.TextColumn("row", width=60, pinned=True),
            "score": st.column_config.NumberColumn("score", format="%.3g", width=65, pinned=True),
        },
    )
    st.caption("Select a row to see its trace.")
    if row is not None:
        st.query_params["row"] = row["row"]
    if "row" in st.query_params:
        row_drawer(ws, run.id, st.query_params["row"], f"{key}_table")
