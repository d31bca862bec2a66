"""A trace one can read: what each step saw, said and cost.

Knows nothing about where the spans were kept; it gets them as JSON data (`Span.to_dict`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.trace.span import Span
from core.trace.tree import tree
from workbench.components.errors import verbatim
from workbench.components.messages import message_list

__all__ = ["step_rows", "trace_view"]

_ICONS = {
    "module": "▸",
    "predict": "◆",
    "adapter.render": "✎",
    "lm": "✦",
    "adapter.parse": "⛶",
    "retrieve": "⌕",
    "item": "☰",
    "attempt": "↻",
    "tool": "⚒",
    "sandbox": "λ",
    "metric": "±",
    "event": "·",
}
_KINDS = {
    "attempt": "Attempt",
    "item": "Item",
    "lm": "Call",
    "predict": "Step",
    "module": "Program",
    "retrieve": "Search",
    "sandbox": "Code",
    "tool": "Tool",
}
_QUIET = ("adapter.render", "adapter.parse")
_BINS = 48
_ROW, _TALL = 33, 16
"""Height of a row in pixels, and the most rows shown at once."""
_GIST = 160
"""Characters of what a step gave that a row shows."""
_INDENT = "\u2003"  # a table drops plain spaces


def step_rows(spans: Sequence[Mapping[str, Any]], *, everything: bool = False) -> list[dict[str, Any]]:
    """Return one row a span in reading order, indented, with when it ran, its tokens and cost.

    Args:
        everything: Show rendering and parsing too.
    """
    rows: list[dict[str, Any]] = []
    roots = tree(Span.from_dict(dict(item)) for item in spans)
    started = min((root.span.start for root in roots), default=0.0)
    ended = max((span.start + span.duration for root in roots for _, span in root.walk()), default=0.0)
    for root in roots:
        for depth, span in root.walk():
            if span.kind in _QUIET and not everything and span.status == "ok":
                continue
            rows.append(_row(depth, span, started, ended - started))
    return rows


def _row(depth: int, span: Span, started: float, whole: float) -> dict[str, Any]:
    facts = span.attributes
    usage: Mapping[str, Any] = facts.get("usage") or {}
    place = f"  {span.path}" if span.path and span.path != "self" else ""
    tokens = f"{usage.get('prompt_tokens', 0):,} → {usage.get('completion_tokens', 0):,}" if usage else ""
    name = f"{span.kind} {span.name}" if span.kind in ("attempt", "item") else span.name
    return {
        "step": f"{_INDENT * depth}{_ICONS.get(span.kind, '·')} {name}{place}",
        "kind": span.kind,
        "what it gave": gist(span),
        "ms": round(1000 * span.duration, 1),
        "when": _bar(span.start - started, span.duration, whole),
        "tokens": tokens,
        "answered": ("from cache" if facts.get("cached") else "live") if span.kind == "lm" else "",
        "cost $": facts.get("cost") or None,
        "status": "" if span.status == "ok" else "failed",
        "_span": span,
    }


def gist(span: Span) -> str:
    """Return what a step gave, in a few words."""
    facts = span.attributes
    if span.error or facts.get("failed"):
        return _short(str(span.error or facts["failed"]))
    if span.kind == "tool":
        return _short(f"{_values(facts.get('inputs'))} → {_plain(facts.get('outputs'))}")
    if span.kind == "item":
        return _short(f"{_values(facts.get('inputs'))} → {_values(facts.get('outputs'))}")
    if span.kind == "sandbox":
        code = str((facts.get("inputs") or {}).get("code", "")).strip().splitlines()
        more = " …" if len(code) > 1 else ""
        return _short(f"{(code or [''])[0]}{more} → {_plain(facts.get('outputs'))}")
    if span.kind == "attempt":
        return _short(" · ".join(f"{name} {value:g}" for name, value in _numbers(facts)))
    if span.kind == "predict":
        outputs: Mapping[str, Any] = facts.get("outputs") or {}
        return _short(", ".join(_plain(value) for name, value in outputs.items() if name != "reasoning"))
    if span.kind == "retrieve":
        return _short(f"{facts.get('query', '')} → {len(facts.get('passages') or ())} passages")
    return ""


def _numbers(facts: Mapping[str, Any]) -> list[tuple[str, float]]:
    return [
        (name, facts[name]) for name in ("reward", "threshold") if isinstance(facts.get(name), (int, float))
    ]


def _values(inputs: Any) -> str:
    return (
        ", ".join(_plain(value) for value in inputs.values())
        if isinstance(inputs, Mapping)
        else _plain(inputs)
    )


def _plain(value: Any) -> str:
    if isinstance(value, dict) and list(value) == ["content"]:
        value = value["content"]  # a reasoning, which is a text in a record
    return (
        value
        if isinstance(value, str)
        else "–"
        if value is None
        else json.dumps(value, ensure_ascii=False, default=str)
    )


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _GIST else f"{words[:_GIST]} …"


def _bar(start: float, duration: float, whole: float) -> list[int]:
    """Return when a step ran as a row of bins, 1 while it ran: in a table, the rows make a waterfall."""
    if whole <= 0:
        return [1] * _BINS
    first = min(_BINS - 1, int(_BINS * start / whole))
    last = min(_BINS, max(first + 1, round(_BINS * (start + duration) / whole)))
    return [0] * first + [1] * (last - first) + [0] * (_BINS - last)


def trace_view(spans: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Draw the steps of a run; the selected one opens below with its messages, fields, raw reply and usage."""
    if not spans:
        st.caption("No trace was kept for this run.")
        return
    everything = st.toggle("Show rendering and parsing", key=f"{key}_all")
    rows = step_rows(spans, everything=everything)
    first_call = next((index for index, row in enumerate(rows) if row["kind"] == "lm"), 0)
    event = st.dataframe(
        [{name: row[name] for name in _columns(rows)} for row in rows],
        hide_index=True,
        height="content" if len(rows) <= _TALL else _ROW * (_TALL + 1),
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        key=f"{key}_steps",
        alt="Steps of the run in order",
        column_config={
            "step": st.column_config.TextColumn("step", width=215),
            "what it gave": st.column_config.TextColumn("what it gave", width=175),
            "when": st.column_config.AreaChartColumn("when", width=150, y_min=0, y_max=1),
            "ms": st.column_config.NumberColumn("ms", format="%.1f", width=60),
            "tokens": st.column_config.TextColumn("tokens", help="In → out", width=95),
            "answered": st.column_config.TextColumn("answered", width=85),
            "cost $": st.column_config.NumberColumn(format="%.6f"),
        },
    )
    chosen = event.selection.rows
    index = chosen[0] if chosen and chosen[0] < len(rows) else first_call
    _details(rows[index]["_span"], key)


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns that say something in this trace."""
    optional = [name for name in ("cost $", "status") if any(row[name] for row in rows)]
    gave = ["what it gave"] if any(row["what it gave"] for row in rows) else []
    return ["step", *gave, "ms", "tokens", *optional, "when", "answered"]


def _details(span: Span, key: str) -> None:
    with st.container(border=True):
        where = f" at {span.path}" if span.path and span.path != "self" else ""
        st.markdown(
            f"**{verbatim(_KINDS.get(span.kind, span.kind))}** {verbatim(span.name + where)}"
            f" · {1000 * span.duration:.1f} ms"
        )
        if span.error:
            st.error(verbatim(span.error), icon=":material/error:")
        facts = dict(span.attributes)
        if span.kind == "lm":
            _call_details(facts)
        elif span.kind == "predict":
            _in_and_out(facts.get("inputs", {}), facts.get("outputs", {}), "Parsed outputs")
        elif span.kind in ("tool", "item"):
            _in_and_out(facts.get("inputs", {}), facts.get("outputs"), "What it gave")
        elif span.kind == "sandbox":
            given = facts.get("inputs") or {}
            st.code(str(given.get("code", "")), language="python", wrap_lines=True)
            _in_and_out(given.get("variables", {}), facts.get("outputs"), "What it gave", "Variables")
        elif span.kind == "attempt":
            _attempt_details(facts)
        elif span.kind == "retrieve" and facts.get("passages"):
            st.caption("Query")
            st.code(str(facts.get("query", "")), language=None, wrap_lines=True)
            st.dataframe(
                [_passage(item) for item in facts["passages"]],
                hide_index=True,
                placeholder="",
                alt="Passages",
            )
        elif facts:
            st.json(facts, expanded=2)
        elif not span.error:
            st.caption("It did its work in the steps under it: select one of them.")


def _attempt_details(facts: dict[str, Any]) -> None:
    """Draw an attempt: how good it was, why it failed, what it was told."""
    for name, value in _numbers(facts):
        st.markdown(f"{verbatim(name.capitalize())}: **{value:g}**")
    if facts.get("failed"):
        st.warning(verbatim(str(facts["failed"])), icon=":material/replay:")
    for name, value in facts.items():
        if value and (name == "feedback" or name.startswith("hint_")):
            st.caption(
                "What it was told"
                + (f", {verbatim(name.removeprefix('hint_'))}" if name != "feedback" else "")
            )
            text = value if isinstance(value, str) else json.dumps(value, indent=1, ensure_ascii=False)
            st.code(text, language=None, wrap_lines=True)
    if facts.get("outputs") is not None:
        _in_and_out(facts.get("inputs", {}), facts["outputs"], "What it gave")
    elif facts.get("inputs"):
        st.caption("Inputs")
        st.json(facts["inputs"], expanded=2)


def _in_and_out(inputs: Any, outputs: Any, what: str, given: str = "Inputs") -> None:
    left, right = st.columns(2)
    for column, label, value in ((left, given, inputs), (right, what, outputs)):
        with column:
            st.caption(label)
            if isinstance(value, (dict, list)):
                st.json(value, expanded=2)
            else:
                st.code("–" if value is None else str(value), language=None, wrap_lines=True)


def _passage(item: Any) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        return {"passage": str(item)}
    score = item.get("score")
    text = item.get("text") or item.get("long_text") or ""
    return {"score": None if score is None else round(float(score), 2), "passage": str(text)}


def _call_details(facts: dict[str, Any]) -> None:
    messages, raw, usage = st.tabs(["Messages sent", "Raw reply", "Usage"])
    with messages:
        message_list(facts.get("messages") or [], height=420)
    with raw:
        for reply in facts.get("raw") or []:
            st.code(str(reply), language=None, wrap_lines=True)
    with usage:
        st.json({name: value for name, value in facts.items() if name not in ("messages", "raw")}, expanded=2)
