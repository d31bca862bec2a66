"""Weighted: several metrics as one, each with its weight; some may be required.

Knows nothing about its parts but their specs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.evaluate.metrics.base import (
    MetricContext,
    MetricFunction,
    MetricParams,
    graded,
    make_metric,
    metrics,
)
from core.evaluate.score import Score, as_score

__all__ = ["Params", "Part", "weighted"]


class Part(BaseModel):
    """One metric of the composite."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: dict[str, Any] = Field(description='The metric: {"kind": ..., "params": {...}}')
    weight: float = Field(default=1.0, gt=0.0, description="Its share, relative to the other weights")
    required: bool = Field(
        default=False, description="Whether the whole scores 0 where this part does not pass"
    )
    pass_at: float = Field(default=1.0, description="Score from which on a required part passes")
    name: str = Field(default="", description="What feedback calls it; its kind unless given")


class Params(MetricParams):
    """The parts."""

    parts: tuple[Part, ...] = Field(min_length=1, description="The metrics and their weights")
    threshold: float = Field(
        default=1.0, description="From this score on an answer counts as right when demos are chosen"
    )
    pass_fail: bool = Field(
        default=False, description="Score 1 from the threshold on and 0 below, not the grade"
    )


@metrics.register("weighted", summary="Several metrics as one", params=Params, inline=True)
def weighted(params: Params, context: MetricContext) -> MetricFunction:
    """Make the metric; it is async where a part is."""
    parts = [make_metric(part.metric, lm=context.lm) for part in params.parts]

    def joined(scores: Sequence[Score], trace: Any) -> Any:
        return _joined(params, scores, trace)

    if any(part.is_async for part in parts):

        async def score_async(example: Any, prediction: Any, trace: Any = None) -> Any:
            return joined([as_score(await part.acall(example, prediction)) for part in parts], trace)

        return score_async

    def score(example: Any, prediction: Any, trace: Any = None) -> Any:
        return joined([as_score(part(example, prediction)) for part in parts], trace)

    score.__dict__["inline"] = all(part.inline for part in parts)
    return score


def _joined(params: Params, scores: Sequence[Score], trace: Any) -> Any:
    pairs = list(zip(params.parts, scores, strict=True))
    failed = [_name(part) for part, score in pairs if part.required and score.value < part.pass_at - 1e-12]
    total = sum(part.weight for part in params.parts)
    value = 0.0 if failed else sum(part.weight * score.value for part, score in pairs) / total
    lines = [f"{_name(part)} {score.value:.2f}: {score.feedback}".rstrip(": ") for part, score in pairs]
    if failed:
        lines.append(f"Required and not passed: {', '.join(failed)}.")
        if trace is not None:
            return False
    return graded(value, "\n".join(lines), trace, params.threshold, params.pass_fail)


def _name(part: Part) -> str:
    return part.name or str(part.metric.get("kind"))
