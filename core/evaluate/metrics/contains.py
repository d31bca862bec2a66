"""Contains: the answer has the label in it, or phrases that must be there.

Knows nothing about models.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from core.data.example import Example
from core.data.prediction import Prediction
from core.evaluate.metrics.base import MetricContext, MetricFunction, MetricParams, chosen_fields, metrics
from core.evaluate.metrics.text import fold, occurs
from core.evaluate.metrics.values import as_text, plain_pair

__all__ = ["Params", "contains"]


class Params(MetricParams):
    """What must occur, and where."""

    fields: tuple[str, ...] | None = Field(
        default=None, description="Output fields to look into; empty takes every labelled output"
    )
    phrases: tuple[str, ...] = Field(
        default=(), description="Texts that must occur in the output; with them the labels are not looked at"
    )
    require: Literal["all", "any"] = Field(
        default="any",
        description="Where there are several labels or phrases: whether all must occur or one does",
    )
    direction: Literal["label_in_answer", "answer_in_label"] = Field(
        default="label_in_answer", description="Which of the two must be found inside the other"
    )
    whole_words: bool = Field(default=True, description='Find "cat" in "a cat" but not in "concatenate"')
    ignore_case: bool = Field(default=True, description="Upper and lower case are the same")
    ignore_punctuation: bool = Field(
        default=True, description="Punctuation does not matter, except in numbers"
    )


@metrics.register("contains", summary="The label occurs in the answer", params=Params, inline=True)
def contains(params: Params, context: MetricContext | None = None) -> MetricFunction:
    """Make the metric."""
    del context
    enough = all if params.require == "all" else any

    def folded(value: Any) -> str:
        text = as_text(value)
        return fold(text, ignore_case=params.ignore_case, ignore_punctuation=params.ignore_punctuation)

    def found(label: Any, value: Any) -> bool:
        inner, outer = (label, value) if params.direction == "label_in_answer" else (value, label)
        return occurs(folded(inner), folded(outer), whole_words=params.whole_words)

    def in_labels(example: Any, prediction: Any) -> dict[str, bool]:
        results: dict[str, bool] = {}
        for name in chosen_fields(example, prediction, params.fields):
            label, value = plain_pair(example[name], prediction.get(name))
            labels = label if isinstance(label, list) else [label]
            results[name] = enough(found(one, value) for one in labels)
        return results

    def in_phrases(prediction: Any) -> dict[str, bool]:
        values = prediction if isinstance(prediction, Example) else Prediction(output=prediction)
        names = values.keys() if params.fields is None else params.fields
        text = "\n".join(as_text(plain_pair(None, values.get(name))[1]) for name in names)
        results = {phrase: found(phrase, text) for phrase in params.phrases}
        return results if params.require == "all" or not any(results.values()) else {"phrases": True}

    def score(example: Any, prediction: Any, trace: Any = None) -> Any:
        results = in_phrases(prediction) if params.phrases else in_labels(example, prediction)
        passes = all(results.values())
        if trace is not None:
            return passes
        missing = ", ".join(repr(name) for name, there in results.items() if not there)
        return Prediction(score=float(passes), feedback=f"Not found: {missing}." if missing else "Found.")

    return score
