"""What happened in a search, in words: the log of its events, and what proposers were asked and said.

Knows nothing about how optimizers search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.foundation.words import counted
from workbench.components.errors import verbatim
from workbench.components.figures import percent, spaced
from workbench.services.optimizers import optimizer_title
from workbench.services.parameters import in_words
from workbench.services.spending import cap_text, digits_of

__all__ = ["asks_view", "event_text", "log_view"]

Event = Mapping[str, Any]
_SHOWN = 500


def event_text(event: Event) -> str | None:
    """Return an event as a line of the log; None for those that only count."""
    said = _text(event)
    return None if said is None else spaced(said) if event["type"] != "ask" else said


def _text(event: Event) -> str | None:
    kind, name = event["type"], event.get("candidate", "")
    if kind == "header":
        return (
            f"started: {optimizer_title(str(event.get('optimizer', 'search')))}, seed {event.get('seed', 0)}"
        )
    if kind == "candidate":
        made_from = f", from {', '.join(event['parents'])}" if event.get("parents") else ""
        return f"{name}: {event.get('label') or 'candidate'}{made_from}"
    if kind == "score":
        share = "all rows" if event.get("full") else f"{event.get('rows')} of {event.get('of')} rows"
        best = " · best so far" if event.get("best") else ""
        return f"{name}: {percent(event.get('mean'))} on {share}{best}"
    if kind == "dropped":
        return f"{name}: dropped, {event.get('reason')}"
    if kind == "trace":
        verdict = "kept" if event.get("kept") else f"not kept: {event.get('why')}"
        return f"try on row {event.get('row', '')}: {verdict}"
    if kind == "ask":
        return f"asked for {ask_title(event)}: {_gist(event)}"
    if kind == "note":
        return f"note: {event.get('text')} {event.get('hint') or ''}".strip()
    if kind == "budget" and event.get("kind") == "warning":
        return f"budget: {_used(event)}"
    if kind == "confirmed":
        score: Mapping[str, Any] = event.get("score") or {}
        return f"on {counted(int(score.get('rows') or 0), 'row')} that chose nothing: {percent(score.get('mean'))}"
    return f"stopped: {event.get('reason')}" if kind == "stop" else None


def _used(event: Event) -> str:
    """Return how much of a cap is used."""
    name, used, cap = str(event.get("resource")), float(event.get("used") or 0), float(event.get("cap") or 0)
    return f"{digits_of(name, used)} of {cap_text(name, cap)} used"


def ask_title(event: Event) -> str:
    """Return what a question is about: what it asks for, and the step that it is for."""
    fields = [name for sample in event.get("samples") or () for name in sample if name != "reasoning"]
    what = in_words(fields[0]).lower() if fields else "a proposal"
    steps = " ".join(part for part in str(event.get("key", "")).split(":")[1:] if not _is_count(part))
    return f"{what} ({steps})" if steps else what


def _is_count(text: str) -> bool:
    """Whether a part of a question's key is a round's number or a digest: neither says anything to a person."""
    digest = len(text) >= 12 and all(letter in "0123456789abcdef" for letter in text)
    return not text or digest or text.lstrip("-").isdecimal()


def _gist(event: Event) -> str:
    """Return the beginning of what was proposed."""
    if event.get("error"):
        return f"no usable answer: {event['error']}"
    samples: Sequence[Mapping[str, Any]] = event.get("samples") or ()
    first = next(
        (str(value) for name, value in (samples[0] if samples else {}).items() if name != "reasoning"), ""
    )
    text = " ".join(first.split())
    count = f"{len(samples)} proposals, first: " if len(samples) > 1 else ""
    return count + (text if len(text) <= 100 else f"{text[:100]} …")


def asks_view(events: Sequence[Event], key: str) -> None:
    """Draw the questions to proposers, one at a time: what was asked, what was proposed."""
    asks = [event for event in events if event["type"] == "ask"]
    if not asks:
        return
    with st.expander(f"What proposers were asked and said ({len(asks):,})", icon=":material/forum:"):
        number = st.selectbox(
            "Question",
            range(len(asks)),
            format_func=lambda index: f"{index + 1}. {ask_title(asks[index])}",
            key=f"asks_{key}",
        )
        event = asks[number or 0]
        left, right = st.columns(2)
        with left:
            st.markdown("**Asked**")
            _fields(event.get("asked") or {})
            if not event.get("asked"):
                st.caption("This run's log does not say.")
        with right:
            st.markdown("**Proposed**")
            if event.get("error"):
                st.error(verbatim(str(event["error"])), icon=":material/error:")
            for index, sample in enumerate(event.get("samples") or (), start=1):
                if len(event["samples"]) > 1:
                    st.caption(f"Proposal {index}")
                _fields(sample, named=len(sample) > 1)


def _fields(values: Mapping[str, Any], *, named: bool = True) -> None:
    for name, value in values.items():
        if named:
            st.caption(verbatim(in_words(name)))
        st.code(str(value), language=None, wrap_lines=True)


def log_view(events: Sequence[Event]) -> None:
    """Draw the log, the newest last."""
    lines = [text for event in events if (text := event_text(event))]
    with (
        st.expander(f"Event log ({len(lines):,})", icon=":material/receipt_long:"),
        st.container(height=260, autoscroll=True),
    ):
        st.code("\n".join(lines[-_SHOWN:]), language=None, wrap_lines=True)
