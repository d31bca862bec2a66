"""Bounds on values: the words for them in a prompt, and the check on a reply.

Knows nothing about types and fields. Standard library only; exported scripts carry it. The names are pydantic's:
gt ge lt le multiple_of min_length max_length pattern allow_inf_nan.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

_WORDS = {
    "gt": "> {}",
    "ge": ">= {}",
    "lt": "< {}",
    "le": "<= {}",
    "multiple_of": "a multiple of {}",
    "min_length": "length >= {}",
    "max_length": "length <= {}",
    "pattern": "matches {}",
}


def constraint_words(constraints: Mapping[str, Any]) -> str:
    """Return the constraints as a prompt states them, e.g. ">= 0, <= 10"; "" when none can be put in words."""
    words = [_WORDS[name].replace("{}", str(bound)) for name, bound in constraints.items() if name in _WORDS]
    if constraints.get("allow_inf_nan") is False:
        words.append("finite")
    return ", ".join(words)


def broken_constraint(value: Any, constraints: Mapping[str, Any]) -> str | None:
    """Return what is wrong with `value` in words, or None when it keeps every constraint."""
    for name, bound in constraints.items():
        if not _kept(value, name, bound):
            shown = _WORDS.get(name, name).replace("{}", str(bound)) if name != "allow_inf_nan" else "finite"
            if name.endswith("_length"):
                return f"its length is {len(value)}, it must have {shown}"
            return f"{value!r} breaks the constraint: {shown}"
    return None


def _kept(value: Any, name: str, bound: Any) -> bool:
    if name in ("min_length", "max_length"):
        if not hasattr(value, "__len__"):
            return True
        return len(value) >= bound if name == "min_length" else len(value) <= bound
    if name == "pattern":
        return not isinstance(value, str) or re.search(str(bound), value) is not None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return True
    return _number_kept(value, name, bound)


def _number_kept(value: float, name: str, bound: Any) -> bool:
    if name == "gt":
        return value > bound
    if name == "ge":
        return value >= bound
    if name == "lt":
        return value < bound
    if name == "le":
        return value <= bound
    if name == "multiple_of":
        return math.isclose(math.remainder(value, bound), 0.0, abs_tol=1e-9)
    if name == "allow_inf_nan":
        return bool(bound) or math.isfinite(value)
    return True
