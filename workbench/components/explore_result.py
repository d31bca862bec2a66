"""What one run gave: outputs beside what was expected, and the trace.

Knows nothing about how programs run.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.components.errors import verbatim
from workbench.components.explore_form import Asked, differing
from workbench.components.figures import money
from workbench.components.metric_bench import asks_a_model
from workbench.components.page import empty_state
from workbench.components.table import cell
from workbench.components.trace import trace_view
from workbench.services import explore, metrics
from workbench.services.explore import ExploreResult
from workbench.services.tasks import Version
from workbench.services.workspace import Workspace

__all__ = ["result_view"]


def result_view(ws: Workspace, asked: Asked | None) -> None:
    """Draw the result of what was asked for; runs it where that was not done yet."""
    if asked is None:
        empty_state(
            "science",
            "Nothing run yet",
            "Choose a row or type an input on the left, then press Run. Nothing is sent before.",
        )
        return
    versions = [asked.version, *([asked.beside] if asked.beside else [])]
    for column, version in zip(st.columns(len(versions)), versions, strict=True):
        with column:
            result = _result(ws, asked, version)
            _outputs(ws, asked, version, result)
    for version in versions:
        with st.container(key=f"explore_trace_{version.id}"):
            st.markdown(f"**Trace of {verbatim(version.name)}**")
            trace_view(_result(ws, asked, version).spans, key=f"explore_{version.id}")


def _text(value: Any) -> str:
    """One column holds values of several types, so each is text."""
    return "" if value is None else str(cell(value))


def _result(ws: Workspace, asked: Asked, version: Version) -> ExploreResult:
    """Return the result of one version, run at most once for what was asked."""
    kept: dict[str, Any] = st.session_state.setdefault("explore_results", {})
    if kept.get("asked") is not asked:
        kept.clear()
        kept["asked"] = asked
    if version.id not in kept:
        with st.spinner("Running …"):
            kept[version.id] = explore.run_once(
                ws, version.id, asked.inputs, asked.model, adapter=asked.adapter, cache=not asked.fresh
            )
    return kept[version.id]


def _verdict(ws: Workspace, asked: Asked, version: Version, result: ExploreResult) -> None:
    """Say how good the answer is: by the task's metric, or by equality where a metric would have to ask a model."""
    known = metrics.list_metrics(ws, version.task_id)
    if known and not asks_a_model(known[0].spec):
        example = {**asked.inputs, **asked.labels}
        (trial,) = metrics.try_metric(ws, known[0].spec, [(example, result.outputs)], model=asked.model)
        if trial.score is not None:
            colour = "green" if trial.score >= 1 else "red" if trial.score <= 0 else "orange"
            st.badge(f"score {trial.score:g}", color=colour)
            return
    wrong = differing(asked.labels, result.outputs)
    st.badge("as expected" if not wrong else "differs", color="green" if not wrong else "orange")


def _outputs(ws: Workspace, asked: Asked, version: Version, result: ExploreResult) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{verbatim(version.name)}**")
            st.badge("from cache" if result.cached else "live", color="gray" if result.cached else "blue")
            if asked.labels and result.ok:
                _verdict(ws, asked, version, result)
        if not result.ok:
            st.error(verbatim(result.error), icon=":material/error:")
            if result.hint:
                st.caption(f":material/lightbulb: {verbatim(result.hint)}")
        else:
            rows = [
                {
                    "field": name,
                    "output": _text(value),
                    **({"expected": _text(asked.labels[name])} if name in asked.labels else {}),
                }
                for name, value in result.outputs.items()
            ]
            st.dataframe(rows, hide_index=True, placeholder="", alt="Outputs")
        tokens = result.usage.get("prompt_tokens", 0), result.usage.get("completion_tokens", 0)
        price = "price unknown" if result.cost is None else money(result.cost)
        st.caption(f"{1000 * result.latency:.0f} ms · {tokens[0]:,} tokens in, {tokens[1]:,} out · {price}")
