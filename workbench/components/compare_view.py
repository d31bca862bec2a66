"""Two evaluations side by side: the verdict, scores with intervals, rows fixed and broken, prompts before and after.

Knows nothing about how they are compared.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import streamlit as st

from workbench.components import plots
from workbench.components.diff import text_diff
from workbench.components.errors import verbatim
from workbench.components.figures import figure, figures, money
from workbench.components.messages import message_list
from workbench.components.table import cell, data_table
from workbench.services import compare
from workbench.services.compare import CompareResult, RowChange, Side
from workbench.services.workspace import Workspace

__all__ = ["compare_view", "first_choices"]

_GROUPS = ("fixed", "broken", "same", "not compared")


def first_choices(ws: Workspace, runs: Iterable[str]) -> list[str]:
    """Return what can stand first: the likeliest ahead, that is, what the second in the address compares with."""
    known = list(runs)
    second = st.query_params.get("b")
    if second not in known or "a" in st.query_params:
        return known
    fitting = {run.id for run in compare.comparable(ws, second)}
    return sorted(known, key=lambda run_id: run_id not in fitting)


def compare_view(ws: Workspace, run_a: str, run_b: str) -> None:
    """Draw the comparison."""
    with st.spinner("Comparing …"):
        result = compare.compare_runs(ws, run_a, run_b)
    _verdict(result)
    _cards(result)
    rows, prompts, cost = st.tabs(
        ["Rows", "Prompts", "Cost"], key="compare_tab", on_change="rerun", bind="query-params"
    )
    if rows.open:
        with rows:
            _rows(result)
    if prompts.open:
        with prompts:
            _prompts(result)
    if cost.open:
        with cost:
            _cost(result)


def _verdict(result: CompareResult) -> None:
    better = result.detectable and (result.difference or 0) > 0
    box, icon = (st.success, "trending_up") if better else (st.info, "balance")
    if result.detectable and not better:
        box, icon = st.warning, "trending_down"
    box(verbatim(result.verdict), icon=f":material/{icon}:")
    for note in result.notes:
        st.caption(f":material/info: {verbatim(note)}")


def _cards(result: CompareResult) -> None:
    left, right = st.columns(2, gap="large", vertical_alignment="center")
    with left:
        plot = plots.interval_plot([_scored(result.a, "before"), _scored(result.b, "after")])
        plots.show(plot, key="compare_scores", alt="Scores with 95 % intervals")
    with right, figures(2):
        ends, p_value = result.interval, result.p_value
        figure(
            "Difference, points",
            "–" if result.difference is None else f"{result.difference:+.1f}",
            f"95 %: {ends[0]:+.1f} to {ends[1]:+.1f}" if ends else None,
        )
        figure(
            "p-value",
            "–" if p_value is None else ("< 0.001" if p_value < 0.001 else f"{p_value:.3f}"),
            help=f"How often chance alone would give a difference this large. Test: {result.method}.",
        )
        figure("Rows fixed", len(result.fixed))
        figure("Rows broken", len(result.broken))


def _scored(side: Side, word: str) -> plots.Scored:
    label = f"{word}: v{side.version.number}"  # a version's whole name leaves a narrow plot no room
    return label, side.score / 100, (side.interval[0] / 100, side.interval[1] / 100)


def _row(change: RowChange) -> dict[str, Any]:
    names = list(dict.fromkeys([*change.a.outputs, *change.b.outputs]))
    answers: dict[str, Any] = {}
    for name in names:
        if name in change.a.labels:
            answers[f"expected {name}"] = cell(change.a.labels[name])
        answers[f"before {name}"] = cell(change.a.outputs.get(name))
        answers[f"after {name}"] = cell(change.b.outputs.get(name))
    return {
        "change": change.change,
        **{name: cell(value) for name, value in change.a.inputs.items()},
        **answers,
        "score before": change.a.score,
        "score after": change.b.score,
        "id": change.example_id,
    }


def _rows(result: CompareResult) -> None:
    counts = {group: sum(1 for row in result.rows if row.change == group) for group in _GROUPS}
    there = [group for group in _GROUPS if counts[group]]
    chosen = st.segmented_control(
        "Rows",
        there,
        default=there[0],
        required=True,
        format_func=lambda group: f"{group} ({counts[group]:,})",
        key="compare_group",
        label_visibility="collapsed",
    )
    shown = [_row(row) for row in result.rows if row.change == chosen]
    data_table(shown, key=f"compare_rows_{chosen}", name=f"{chosen} rows", hidden=("id", "change"))


def _prompts(result: CompareResult) -> None:
    for prompt in result.prompts:
        st.markdown(f"**{verbatim(prompt.step)}**")
        st.caption(f"{len(prompt.before)} messages before, {len(prompt.after)} after")
        changes, before, after = st.tabs(["Changes", "Before", "After"], key=f"compare_prompt_{prompt.step}")
        with changes, st.container(height=520, border=False):
            text_diff(prompt.lines)
        with before:
            message_list(prompt.before, height=480)
        with after:
            message_list(prompt.after, height=480)


def _cost(result: CompareResult) -> None:
    st.dataframe(
        [
            {
                "run": side.run.name,
                "program": side.version.name,
                "score %": round(side.score, 2),
                "tokens a row": round(side.tokens_per_row),
                "ms a row": round(1000 * side.seconds_per_row, 1),
                "cost": money(side.cost),
            }
            for side in (result.a, result.b)
        ],
        hide_index=True,
        alt="What each run cost",
    )
