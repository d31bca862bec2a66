"""What a run will take, before it is started: calls, tokens, money and time, each with its range.

Knows nothing about how it is reckoned.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import streamlit as st

from workbench.components.errors import verbatim
from workbench.components.warning_list import warnings_view
from workbench.services.estimates import Estimate

__all__ = ["duration", "estimate_view", "span"]

_FREE = "free"


def estimate_view(estimate: Estimate) -> None:
    """Draw it: a line for the whole, and a table of its phases where there are several."""
    if not estimate.high:
        st.caption(":material/calculate: no calls: the search asks nothing of the model")
    else:
        st.caption(f":material/calculate: {verbatim(_line(estimate))}")
        if len(estimate.phases) > 1:
            _phases(estimate)
    warnings_view(estimate.warnings, icon="rule")


def _line(estimate: Estimate) -> str:
    calls = {"low": estimate.low, "likely": estimate.likely, "high": estimate.high}
    parts = [
        f"about {span(calls)} calls",
        f"{span(estimate.tokens)} tokens",
        _money(_whole_cost(estimate), unknown="price unknown"),
        *([] if estimate.seconds is None else [_time(estimate.seconds)]),
        "fewer where answers are cached",
    ]
    return " · ".join(parts)


def _whole_cost(estimate: Estimate) -> dict[str, float] | None:
    if estimate.cost is None or estimate.cost_range is None:
        return None
    low, high = estimate.cost_range
    return {"low": low, "likely": estimate.cost, "high": high}


def _phases(estimate: Estimate) -> None:
    several = len({phase["model"] for phase in estimate.phases}) > 1
    timed = any(phase["seconds"] for phase in estimate.phases)
    st.dataframe(
        [
            {
                "phase": phase["name"],
                "calls": span(phase),
                "tokens": span(phase["tokens"]),
                "money": _money(phase["cost"]),
                **({"time": _time(phase["seconds"]) if phase["seconds"] else "–"} if timed else {}),
                **({"asks": phase["model"]} if several else {}),
            }
            for phase in estimate.phases
        ],
        hide_index=True,
        placeholder="",
        alt="What each phase takes: likely, and in brackets at least and at most",
    )


def span(ends: Mapping[str, Any] | None, digits: int = 0) -> str:
    """Return a range as "likely (low to high)", large numbers short; a dash where nothing is known."""
    if not ends:
        return "–"
    low, likely, high = (_number(float(ends[name]), digits) for name in ("low", "likely", "high"))
    return likely if low == high else f"{likely} ({low} to {high})"


def _number(value: float, digits: int) -> str:
    for size, mark in ((1e9, "bn"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            shown = value / (1e3 if mark == "k" else size)
            return f"{shown:,.0f} {mark}" if shown >= 100 else f"{shown:,.1f} {mark}"
    if digits and 0 < abs(value) < 10**-digits:
        return f"{value:.{1 - math.floor(math.log10(abs(value)))}f}"
    return f"{value:,.{digits}f}"


def _money(ends: Mapping[str, Any] | None, *, unknown: str = "–") -> str:
    if not ends:
        return unknown
    return _FREE if not ends["high"] else f"${span(ends, 2)}"


def _time(ends: Mapping[str, Any]) -> str:
    low, likely, high = (duration(float(ends[name])) for name in ("low", "likely", "high"))
    return likely if low == high else f"{likely} ({low} to {high})"


def duration(seconds: float) -> str:
    """Return a time as people say it: "0.4 s", "12 s", "4 min", "1.5 h"."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"
