"""Numeric: the answer's number is the label's, within a tolerance.

Knows nothing about models. Reads numbers as people write them, also out of a sentence.
"""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import Field

from core.data.prediction import Prediction
from core.evaluate.metrics.base import MetricContext, MetricFunction, MetricParams, chosen_fields, metrics
from core.evaluate.metrics.numbers import find_numbers, parse_number
from core.foundation.errors import MetricError

__all__ = ["Params", "numeric"]


class Params(MetricParams):
    """How close is close enough."""

    fields: tuple[str, ...] | None = Field(
        default=None, description="Output fields to compare; empty compares every labelled output"
    )
    absolute: float = Field(default=0.0, ge=0.0, description="Difference allowed, in the number's own unit")
    relative: float = Field(
        default=1e-9, ge=0.0, description="Difference allowed, as a share of the label (0.01 = 1 %)"
    )
    find: Literal["only", "first", "last"] = Field(
        default="last", description="Which number of a sentence is the answer; 'only' takes no sentence"
    )


@metrics.register("numeric", summary="The number is right within a tolerance", params=Params, inline=True)
def numeric(params: Params, context: MetricContext | None = None) -> MetricFunction:
    """Make the metric."""
    del context

    def one(name: str, label: Any, value: Any) -> str:
        """Return why it is wrong; empty where it is right."""
        expected = number_in(label, params.find)
        if expected is None:
            raise MetricError(
                f"The label {label!r} of '{name}' is no number.", hint="Correct the data or the field."
            )
        given = number_in(value, params.find)
        if given is None:
            return f"{name}: expected {expected:g}, got no number"
        close = math.isclose(
            given, expected, rel_tol=0.0, abs_tol=params.absolute + params.relative * abs(expected)
        )
        return "" if close else f"{name}: expected {expected:g}, got {given:g}"

    def score(example: Any, prediction: Any, trace: Any = None) -> Any:
        names = chosen_fields(example, prediction, params.fields)
        wrong = [problem for name in names if (problem := one(name, example[name], prediction.get(name)))]
        if trace is not None:
            return not wrong
        return Prediction(score=float(not wrong), feedback="; ".join(wrong) or "The number is right.")

    return score


def number_in(value: Any, find: str) -> float | None:
    """The number a value is or, in a sentence, holds first or last; None where there is none."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, str):
        whole = parse_number(value)
        if whole is not None or find == "only":
            return whole
        found = find_numbers(value)
        return found[0 if find == "first" else -1] if found else None
    if hasattr(type(value), "__float__"):
        number = float(value)
        return number if math.isfinite(number) else None
    return None
