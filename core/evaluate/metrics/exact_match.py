"""Exact match: the output fields equal the labels, after evening out how they are written.

Knows nothing about models. Works for text in any language, numbers, lists and typed records.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.data.prediction import Prediction
from core.evaluate.metrics.base import MetricContext, MetricFunction, MetricParams, chosen_fields, metrics
from core.evaluate.metrics.text import fold
from core.evaluate.metrics.values import as_text, compare, plain_pair

__all__ = ["Params", "exact_match"]


class Params(MetricParams):
    """What counts as equal."""

    fields: tuple[str, ...] | None = Field(
        default=None, description="Output fields to compare; empty compares every labelled output"
    )
    per_field: bool = Field(
        default=False,
        description="Give the share of fields (and of parts of records and lists) that are right",
    )
    ignore_case: bool = Field(default=True, description="Upper and lower case are the same")
    ignore_punctuation: bool = Field(
        default=True, description="Punctuation does not matter, except in numbers"
    )
    ignore_articles: bool = Field(default=False, description="Drop the English articles a, an, the")
    ordered: bool = Field(default=True, description="The order of lists matters")


@metrics.register("exact_match", summary="The outputs equal the labels", params=Params, inline=True)
def exact_match(params: Params, context: MetricContext | None = None) -> MetricFunction:
    """Make the metric."""
    del context

    def match(label: str, value: str) -> float:
        return float(label == value or folded(label) == folded(value))

    def folded(text: str) -> str:
        return fold(
            text,
            ignore_case=params.ignore_case,
            ignore_punctuation=params.ignore_punctuation,
            ignore_articles=params.ignore_articles,
        )

    def one(label: Any, value: Any) -> float:
        return compare(*plain_pair(label, value), match, per_field=params.per_field, ordered=params.ordered)

    def score(example: Any, prediction: Any, trace: Any = None) -> Any:
        names = chosen_fields(example, prediction, params.fields)
        grades = {name: one(example[name], prediction.get(name)) for name in names}
        if trace is not None:
            return all(grade == 1.0 for grade in grades.values())
        value = sum(grades.values()) / len(grades) if params.per_field else min(grades.values())
        wrong = [
            f"{name}: expected {_shown(example[name])}, got {_shown(prediction.get(name))}"
            for name, grade in grades.items()
            if grade < 1.0
        ]
        return Prediction(score=value, feedback="; ".join(wrong) or "All fields are right.")

    return score


def _shown(value: Any) -> str:
    text = as_text(plain_pair(value, None)[0])
    return repr(text if len(text) <= 200 else f"{text[:197]}...")
