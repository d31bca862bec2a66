"""A metric on real rows: can it tell right answers from others, and what does it say of an answer one types in?

Knows nothing about how metrics score.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.foundation.words import counted
from workbench import state
from workbench.components.errors import verbatim
from workbench.components.figures import figure, figures
from workbench.components.page import empty_state
from workbench.components.table import cell
from workbench.services import datasets, metrics
from workbench.services.datasets import Item
from workbench.services.tasks import Version
from workbench.services.workspace import Workspace

__all__ = ["asks_a_model", "metric_bench"]

_ROWS = 20


def metric_bench(ws: Workspace, task_id: str, version: Version, spec: Mapping[str, Any] | None) -> None:
    """Draw the bench for the metric in the form; None while that is not complete."""
    known = datasets.list_datasets(ws, task_id)
    if not known:
        empty_state(
            "table_chart",
            "No rows to try it on",
            "Bring some examples and see here whether the metric can tell right from wrong.",
            {"Bring examples": lambda: state.go("data")},
        )
        return
    if spec is None:
        st.caption("Complete the metric on the left, and try it here.")
        return
    rows = datasets.get_rows(ws, known[0].id, limit=_ROWS)
    outputs = [name for name in version.spec["outputs"] if any(name in item.data for item in rows)]
    st.markdown("**Can it tell right from wrong?**")
    st.caption(
        f"On the first {counted(len(rows), 'row')} of {verbatim(known[0].name)}: "
        "the right answers, answers of other rows, none at all."
    )
    _strip(ws, spec, rows, outputs)
    st.markdown("**Try it on a row**")
    _one_row(ws, spec, rows, outputs)


def asks_a_model(spec: Mapping[str, Any]) -> bool:
    """Whether a metric, or a part of it, asks a model; then nothing is scored before a button is pressed."""
    parts: Sequence[Mapping[str, Any]] = spec.get("params", {}).get("parts") or ()
    return spec["kind"] == "judge" or any(asks_a_model(part["metric"]) for part in parts)


def _strip(ws: Workspace, spec: Mapping[str, Any], rows: list[Item], outputs: list[str]) -> None:
    model = state.model_name()
    if asks_a_model(spec) and not st.button(
        f"Ask the judge about {3 * len(rows)} answers", key="metric_judge"
    ):
        return
    with st.spinner("Scoring …"):
        bench = metrics.bench_metric(ws, spec, [item.data for item in rows], outputs, model=model)
    with figures(3):
        for label, value in (
            ("Right answers", bench.gold),
            ("Other rows' answers", bench.shuffled),
            ("No answer", bench.empty),
        ):
            figure(label, "–" if value is None else f"{100 * value:.0f} %")
    for warning in bench.warnings:
        st.warning(warning, icon=":material/rule:")
    if not bench.warnings:
        st.caption(":green[:material/check_circle:] It tells them apart.")


def _one_row(ws: Workspace, spec: Mapping[str, Any], rows: list[Item], outputs: list[str]) -> None:
    index = st.number_input("Row", min_value=1, max_value=len(rows), value=1, key="metric_row") - 1
    item = rows[int(index)]
    inputs = {name: value for name, value in item.data.items() if name not in outputs}
    for name, value in inputs.items():
        st.caption(verbatim(name))
        st.code(str(cell(value)), language=None, wrap_lines=True)
    answer = {
        name: st.text_input(
            f"Answer for {name}", value=_text(item.data.get(name)), key=f"metric_answer_{item.id}_{name}"
        )
        for name in outputs
    }
    given = {name: _as_before(text, item.data.get(name)) for name, text in answer.items()}
    if asks_a_model(spec) and not st.button("Ask the judge about this answer", key="metric_judge_one"):
        return
    (trial,) = metrics.try_metric(ws, spec, [(item.data, given)], model=state.model_name())
    if trial.error:
        st.error(verbatim(trial.error), icon=":material/error:")
        return
    figure("Score", f"{trial.score:g}")
    if trial.feedback:
        st.caption(verbatim(trial.feedback))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_before(text: str, before: Any) -> Any:
    if isinstance(before, str) or before is None:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
