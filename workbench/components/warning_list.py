"""The warnings of a report: those that say the same once, in the words of the pages.

Knows nothing about what is warned of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import streamlit as st

from workbench.components.errors import verbatim
from workbench.components.figures import spaced

__all__ = ["folded", "warnings_view"]

_WORDS = {
    r"\bvalset\b": "validation set",
    r"\btrainset\b": "training set",
    r"\(teacher_settings\)": "(the teacher model)",
    r"\bbsize=(\d+)": r"\1 rows a step",
    r"\bbsize\b": "number of rows a step",
}
"""Names of arguments in Python, and what the forms call them."""


def warnings_view(warnings: Sequence[str], icon: str = "warning") -> None:
    """Draw each kind of warning once."""
    for text in folded(warnings):
        st.warning(verbatim(text), icon=f":material/{icon}:")


def folded(warnings: Sequence[str]) -> list[str]:
    """Return the first warning of each kind, with how many more say the same, in the order given."""
    kinds = Counter(_kind(text) for text in warnings)
    made: dict[str, str] = {}
    for text in warnings:
        more = kinds[_kind(text)] - 1
        said = f" ({more} more like it {'is' if more == 1 else 'are'} in the event log.)" if more else ""
        made.setdefault(_kind(text), f"{_in_words(text)}{said}")
    return list(made.values())


def _kind(text: str) -> str:
    """Return a warning without its numbers and the candidate that it begins with."""
    return re.sub(r"\d[\d,.]*", "#", re.sub(r"^[^:.]{1,60}: ", "", text))


def _in_words(text: str) -> str:
    for name, words in _WORDS.items():
        text = re.sub(name, words, text)
    return spaced(text)
