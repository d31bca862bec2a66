"""Grounded: a model says whether the answer has all that was expected, and whether the passages back what it says.

Knows nothing about retrievers, nor about which model answers.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from core.evaluate.auto_evaluation import CompleteAndGrounded
from core.evaluate.metrics.base import MetricContext, MetricFunction, MetricParams, graded, metrics
from core.evaluate.metrics.judge import expected_text, given_text, shared_fields, shown_text
from core.evaluate.metrics.values import as_text, plain_pair
from core.foundation.errors import MetricError

__all__ = ["Params", "grounded"]


class Params(MetricParams):
    """What is judged, and against which passages."""

    context: str = Field(default="context", description="Output field that holds the retrieved passages")
    fields: tuple[str, ...] | None = Field(
        default=None,
        description="Outputs the judge sees, with their labels; empty shows all but the passages",
    )
    threshold: float = Field(
        default=0.66,
        ge=0.0,
        le=1.0,
        description="From this score on an answer counts as right when demos are chosen",
    )


@metrics.register(
    "grounded", summary="A model checks completeness and backing by the passages", params=Params
)
def grounded(params: Params, context: MetricContext) -> MetricFunction:
    """Make the metric."""
    judge = CompleteAndGrounded(params.threshold)
    if context.lm is not None:
        judge.set_lm(context.lm)

    async def score(example: Any, prediction: Any, trace: Any = None) -> Any:
        if params.context not in prediction:
            raise MetricError(
                f"The program gives no output '{params.context}'.",
                hint=f"It gives: {', '.join(prediction.keys())}. Set the metric's context.",
            )
        passages = plain_pair("", prediction[params.context])[1]
        answer = prediction.without(params.context)
        fields = params.fields or shared_fields(example, answer)
        verdict = await judge.judged(
            given_text(example),
            expected_text(example, fields),
            shown_text(answer, fields),
            [as_text(item) for item in passages] if isinstance(passages, list) else as_text(passages),
        )
        return graded(verdict.score, f"Complete and grounded: {verdict.score:.2f}.", trace, params.threshold)

    return score
