"""Figures in bordered cards of equal height, side by side.

Knows nothing about what the figures mean.
"""

from __future__ import annotations

import re
from typing import Any

import streamlit as st

__all__ = ["WIDE", "figure", "figures", "gain", "money", "percent", "spaced"]

WIDE = 190
"""Pixels that an interval needs: "53.3 to 68.9"."""

NO_GAIN = "±0.0 points"
"""What is said of a difference that shows no digit: neither a gain nor a loss."""


def figures(count: int, *, width: int = 132) -> Any:
    """Return a row of `count` equal cells; on a narrow screen two beside each other, so that no figure is cut.

    Args:
        width: Pixels that the widest figure needs.
    """
    return st.grid(count, min_column_width=width)


def figure(label: str, value: Any, note: str | None = None, *, change: bool = False, **options: Any) -> None:
    """Draw one figure.

    Args:
        note: A few words below it.
        change: The note is a change: it gets an arrow and a colour, unless nothing changed.
    """
    quiet = {} if change and note != NO_GAIN else {"delta_color": "off", "delta_arrow": "off"}
    st.metric(label, value, note, border=True, height="stretch", **quiet, **options)


def gain(difference: float | None) -> str | None:
    """Return a difference of means between 0 and 1 in points; None where there is none to tell."""
    if difference is None:
        return None
    return f"{100 * difference:+.1f} points" if abs(difference) >= 0.0005 else NO_GAIN


def percent(mean: Any) -> str:
    """Return a mean between 0 and 1 in percent, or a dash."""
    return "–" if mean is None else f"{100 * float(mean):.1f} %"


def spaced(text: str) -> str:
    """Return a sentence with its percent signs as the figures beside it have them: "61.1 %"."""
    return re.sub(r"(?<=\d)%", " %", text)


def money(cost: Any) -> str:
    """Return US dollars with as many digits as they need: nothing is "free", unknown is a dash."""
    if cost is None:
        return "–"
    if not cost:
        return "free"
    return f"${cost:.2f}" if cost >= 1 else f"${cost:.4f}" if cost >= 0.001 else f"${cost:.6f}"
