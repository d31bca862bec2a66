"""A trace one can read: what each step saw, said and cost.

Knows nothing about where the spans were kept; it gets them as JSON data (`Span.to_dict`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.trace.span import Span
from core.trace.tree import tree
from workbench.components.messages import message_list

__all__ = ["step_rows", "trace_view"]

_ICONS = {
    "module": "▸",
    "predict": "◆",
    "adapter.render": "✎",
    "lm": "✦",
    "adapter.parse": "⛶",
    "retrieve": "⌕",
    "metric": "±",
    "event": "·",
}
_QUIET = ("adapter.render", "adapter.parse")


def step_rows(spans: Sequence[Mapping[str, Any]], *, everything: bool = False) -> list[dict[str, Any]]:
    """Return one row a span in reading order, indented, with its time, tokens and cost.

    Args:
        everything: Show rendering and parsing too.
    """
    rows: list[dict[str, Any]] = []
    roots = tree(Span.from_dict(dict(item)) for item in spans)
    started = min((root.span.start for root in roots), default=0.0)
    for root in roots:
        for depth, span in root.walk():
            if span.kind in _QUIET and not everything and span.status == "ok":
                continue
            rows.append(_row(depth, span, started))
    return rows


def _row(depth: int, span: Span, started: float) -> dict[str, Any]:
    facts = span.attributes
    usage: Mapping[str, Any] = facts.get("usage") or {}
    place = f"  {span.path}" if span.path and span.path != "self" else ""
    return {
        "step": f"{' ' * depth}{_ICONS.get(span.kind, '·')} {span.name}{place}",
        "kind": span.kind,
        "at ms": round(1000 * (span.start - started), 1),
        "ms": round(1000 * span.duration, 1),
        "tokens in": usage.get("prompt_tokens"),
        "tokens out": usage.get("completion_tokens"),
        "cost $": facts.get("cost"),
        "answered": ("from cache" if facts.get("cached") else "live") if span.kind == "lm" else "",
        "status": "ok" if span.status == "ok" else "failed",
        "_span": span,
    }


def trace_view(spans: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Draw the steps of a run; the selected one opens below with its messages, fields, raw reply and usage."""
    if not spans:
        st.caption("No trace was kept for this run.")
        return
    everything = st.toggle("Show rendering and parsing", key=f"{key}_all")
    rows = step_rows(spans, everything=everything)
    first_call = next((index for index, row in enumerate(rows) if row["kind"] == "lm"), 0)
    event = st.dataframe(
        [{name: value for name, value in row.items() if name not in ("_span", "kind")} for row in rows],
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"{key}_steps",
        alt="Steps of the run in order",
        column_config={
            "step": st.column_config.TextColumn("step", width="large"),
            "cost $": st.column_config.NumberColumn(format="%.6f"),
        },
    )
    chosen = event.selection.rows
    index = chosen[0] if chosen and chosen[0] < len(rows) else first_call
    _details(rows[index]["_span"], key)


def _details(span: Span, key: str) -> None:
    with st.container(border=True):
        where = f" at `{span.path}`" if span.path else ""
        st.markdown(f"**{span.kind}** {span.name}{where} · {1000 * span.duration:.1f} ms")
        if span.error:
            st.error(span.error.replace("`", "'"), icon=":material/error:")
        facts = dict(span.attributes)
        if span.kind == "lm":
            _call_details(facts)
        elif span.kind == "predict":
            left, right = st.columns(2)
            with left:
                st.caption("Inputs")
                st.json(facts.get("inputs", {}), expanded=2)
            with right:
                st.caption("Parsed outputs")
                st.json(facts.get("outputs", {}), expanded=2)
        elif facts:
            st.json(facts, expanded=2)


def _call_details(facts: dict[str, Any]) -> None:
    messages, raw, usage = st.tabs(["Messages sent", "Raw reply", "Usage"])
    with messages:
        message_list(facts.get("messages") or [], height=420)
    with raw:
        for reply in facts.get("raw") or []:
            st.code(str(reply), language=None, wrap_lines=True)
    with usage:
        st.json({name: value for name, value in facts.items() if name not in ("messages", "raw")}, expanded=2)
