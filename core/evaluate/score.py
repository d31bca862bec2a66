"""One score: the finite number that a metric gave, with its feedback.

Knows nothing about how metrics are called. A metric may return a bool, a number, or a record with `score` (and
`feedback`); everything else, NaN and infinity included, is an error and never a score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.data.example import Example
from core.foundation.errors import MetricError

__all__ = ["Score", "as_score"]

LARGEST = 1e100
"""Scores beyond it, and their squares, cannot be added up."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a metric thinks of one prediction."""

    value: float
    """Usually 0 to 1; any finite number is allowed."""
    feedback: str = ""
    """Why, in words, where the metric says so."""
    returned: Any = field(default=None, compare=False, repr=False)
    """What the metric returned, as it is; None: the value itself."""


_RIGHT, _WRONG = Score(1.0, returned=True), Score(0.0, returned=False)


def as_score(returned: Any) -> Score:
    """Turn what a metric returned into a `Score`.

    Args:
        returned: A bool, a number (numpy's too), or a `Prediction`, `Score` or mapping with `score`.

    Raises:
        MetricError: It is no finite number.
    """
    if type(returned) is bool:
        return _RIGHT if returned else _WRONG
    if isinstance(returned, Score):
        return Score(_finite(returned.value), returned.feedback, returned)
    if isinstance(returned, (Example, Mapping)):
        if "score" not in returned:
            raise MetricError(
                "The metric returned a record without a field 'score'.", hint="Return Prediction(score=...)."
            )
        return Score(_finite(returned["score"]), str(returned.get("feedback") or ""), returned)
    return Score(_finite(returned), "", returned)


def _finite(value: Any) -> float:
    if isinstance(value, (str, bytes)) or not hasattr(type(value), "__float__"):
        raise MetricError(
            f"The metric returned {_short(value)}, which is no number.",
            hint="A metric returns True or False, a number, or Prediction(score=..., feedback=...).",
        )
    number = float(value)
    if not math.isfinite(number):
        raise MetricError(f"The metric returned {number}, which is no score.", hint="Return a finite number.")
    if abs(number) > LARGEST:
        raise MetricError(
            f"The metric returned {number:g}, which is too large to reckon with.",
            hint="A score is usually from 0 to 1.",
        )
    return number


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
