"""Passage match: retrieval brought what is needed: a passage with the answer in it, or the gold passages.

Knows nothing about retrievers.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from core.data.example import Example
from core.evaluate.metrics.base import MetricContext, MetricFunction, MetricParams, graded, metrics
from core.evaluate.metrics.text import fold, occurs
from core.evaluate.metrics.values import as_text, plain_pair
from core.foundation.errors import MetricError

__all__ = ["Params", "passage_match"]


class Params(MetricParams):
    """Where passages are, and what has to be in them."""

    context: str = Field(default="context", description="Output field that holds the retrieved passages")
    answer: str = Field(default="answer", description="Label that must occur in one of them")
    gold: str | None = Field(
        default=None,
        description="Label that lists the passages needed, or their titles; the score is then the share found",
    )
    require: Literal["any", "all"] = Field(
        default="any", description="Where the answer is a list: whether one of them or each must occur"
    )
    whole_words: bool = Field(default=True, description='Find "cat" in "a cat" but not in "concatenate"')
    threshold: float = Field(
        default=1.0, ge=0.0, le=1.0, description="Share of gold passages that is enough when demos are chosen"
    )


@metrics.register("passage_match", summary="The answer is in a retrieved passage", params=Params, inline=True)
def passage_match(params: Params, context: MetricContext | None = None) -> MetricFunction:
    """Make the metric."""
    del context

    def score(example: Any, prediction: Any, trace: Any = None) -> Any:
        passages = [fold(text) for text in _texts(prediction, params.context, "output")]
        wanted = [fold(text) for text in _texts(example, params.gold or params.answer, "label")]
        there = [
            any(occurs(text, passage, whole_words=params.whole_words) for passage in passages)
            for text in wanted
        ]
        if params.gold is not None:
            value = sum(there) / len(there)
        else:
            value = float(all(there) if params.require == "all" else any(there))
        feedback = f"{sum(there)} of {len(there)} found in {len(passages)} passages."
        return graded(value, feedback, trace, params.threshold)

    return score


def _texts(record: Any, name: str, role: str) -> list[str]:
    """A field as a list of texts; passages that are records give all their text."""
    if not isinstance(record, Example) or name not in record:
        there = ", ".join(record.keys()) if isinstance(record, Example) else "none"
        raise MetricError(
            f"There is no {role} '{name}'.", hint=f"There are: {there}. Set the metric's parameters."
        )
    value = plain_pair("", record[name])[1]
    items = value if isinstance(value, list) else [value]
    texts = [
        " ".join(map(as_text, item.values())) if isinstance(item, dict) else as_text(item) for item in items
    ]
    if role == "label" and not any(texts):
        raise MetricError(f"The label '{name}' is empty, so nothing can be looked for.")
    return texts
