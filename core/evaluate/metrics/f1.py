"""F1: how much of the label's words the answer has, and how many others.

Knows nothing about models. Token F1 after Rajpurkar et al. 2016, for words of any language, and for lists and records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from core.evaluate.metrics.base import (
    MetricContext,
    MetricFunction,
    MetricParams,
    chosen_fields,
    graded,
    metrics,
)
from core.evaluate.metrics.text import fold, words
from core.evaluate.metrics.values import leaves, plain_pair

__all__ = ["Params", "f1", "overlap_f1"]


class Params(MetricParams):
    """What is compared and from where on it passes."""

    fields: tuple[str, ...] | None = Field(
        default=None, description="Output fields to compare; empty compares every labelled output"
    )
    per_field: bool = Field(
        default=True, description="Each field of a record counts the same, however many words it has"
    )
    ignore_articles: bool = Field(default=False, description="Drop the English articles a, an, the")
    threshold: float = Field(
        default=1.0,
        ge=0.0,
        le=1.0,
        description="From this grade on an answer counts as right when demos are chosen",
    )
    pass_fail: bool = Field(
        default=False, description="Score 1 from the threshold on and 0 below, not the grade"
    )


@metrics.register("f1", summary="Words shared by answer and label", params=Params, inline=True)
def f1(params: Params, context: MetricContext | None = None) -> MetricFunction:
    """Make the metric."""
    del context

    def one(label: Any, value: Any) -> float:
        if isinstance(label, list) and not isinstance(value, (list, dict)):
            return max((one(option, value) for option in label), default=float(value in (None, "")))
        if params.per_field and isinstance(label, dict) and isinstance(value, dict):
            names = [
                name for name in dict.fromkeys([*label, *value]) if leaves([label.get(name), value.get(name)])
            ]
            grades = [one(label.get(name), value.get(name)) for name in names]
            return sum(grades) / len(grades) if grades else 1.0
        return overlap_f1(_words(label), _words(value))

    def _words(value: Any) -> list[tuple[str, str]]:
        return [
            (path, word)
            for path, text in leaves(value)
            for word in words(fold(text, ignore_articles=params.ignore_articles))
        ]

    def score(example: Any, prediction: Any, trace: Any = None) -> Any:
        names = chosen_fields(example, prediction, params.fields)
        grades = {name: one(*plain_pair(example[name], prediction.get(name))) for name in names}
        value = sum(grades.values()) / len(grades)
        feedback = "; ".join(f"{name}: {grade:.2f}" for name, grade in grades.items())
        return graded(value, feedback, trace, params.threshold, params.pass_fail)

    return score


def overlap_f1(label: Sequence[Any], value: Sequence[Any]) -> float:
    """Harmonic mean of precision and recall of the items, repeated ones counted; 1 where both are empty."""
    if not label or not value:
        return float(len(label) == len(value))
    shared = (Counter(label) & Counter(value)).total()
    return 2 * shared / (len(label) + len(value))
