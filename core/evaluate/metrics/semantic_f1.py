"""Semantic F1: a model says how much of the expected answer is there, and how much of the answer was expected.

Knows nothing about which model answers: the one it is given, or the one in the settings.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.evaluate.auto_evaluation import SemanticF1
from core.evaluate.metrics.base import MetricContext, MetricFunction, MetricParams, graded, metrics
from core.evaluate.metrics.judge import expected_text, given_text, shared_fields, shown_text

__all__ = ["Params", "semantic_f1"]


class Params(MetricParams):
    """What is judged."""

    fields: tuple[str, ...] | None = Field(
        default=None, description="Outputs the judge sees, with their labels; empty shows those that have one"
    )
    decompositional: bool = Field(
        default=False, description="Let the judge list the facts of both answers first: slower and steadier"
    )
    threshold: float = Field(
        default=0.66,
        ge=0.0,
        le=1.0,
        description="From this score on an answer counts as right when demos are chosen",
    )


@metrics.register("semantic_f1", summary="A model compares the facts of answer and label", params=Params)
def semantic_f1(params: Params, context: MetricContext) -> MetricFunction:
    """Make the metric."""
    judge = SemanticF1(params.threshold, params.decompositional)
    if context.lm is not None:
        judge.set_lm(context.lm)

    async def score(example: Any, prediction: Any, trace: Any = None) -> Any:
        fields = params.fields or shared_fields(example, prediction)
        verdict = await judge.judged(
            given_text(example), expected_text(example, fields), shown_text(prediction, fields)
        )
        return graded(verdict.score, f"Agreement in meaning: {verdict.score:.2f}.", trace, params.threshold)

    return score
