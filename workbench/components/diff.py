"""Two texts and what changed between them, line by line.

Knows nothing about what the texts are.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import streamlit as st

__all__ = ["text_diff", "unified_lines"]


def unified_lines(before: str, after: str, *, before_name: str, after_name: str) -> list[str]:
    """Return the lines of a unified diff; empty where nothing changed."""
    return list(
        difflib.unified_diff(
            before.splitlines(), after.splitlines(), before_name, after_name, lineterm="", n=3
        )
    )


def text_diff(lines: Sequence[str]) -> None:
    """Draw a unified diff; says so where there is no change."""
    if lines:
        st.code("\n".join(lines), language="diff", wrap_lines=True)
    else:
        st.caption("No change.")
