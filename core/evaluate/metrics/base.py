"""What every metric is made of: frozen parameters, a factory, and one registry.

Knows nothing about any one metric. To add one, write a file beside this one:

    class Params(MetricParams):
        length: int = Field(default=10, description="Words at most")

    @metrics.register("short", summary="The answer is short", params=Params, inline=True)
    def short(params: Params, context: MetricContext) -> MetricFunction:
        def score(example, prediction, trace=None): ...
        return score

A metric gets (example, prediction, trace). Without a trace it grades, 0 to 1; with one (an optimizer choosing demos)
it answers strictly: True only for a prediction worth learning from.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from core.data.example import Example
from core.data.prediction import Prediction
from core.foundation.drive import drive
from core.foundation.errors import ConfigurationError, MetricError
from core.foundation.registry import Registry

__all__ = [
    "Metric",
    "MetricContext",
    "MetricFunction",
    "MetricParams",
    "chosen_fields",
    "graded",
    "make_metric",
    "metrics",
]

MetricFunction = Callable[..., Any]

metrics: Registry[Callable[..., MetricFunction]] = Registry("metric", "core.evaluate.metrics")


class MetricParams(BaseModel):
    """Base of a metric's parameters; each field carries a description that forms and help show."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class MetricContext:
    """What a metric may use beside its parameters."""

    lm: Any = None
    """The model that judges; None takes the one in the settings."""


class Metric:
    """A metric made from its spec; call it from sync code, `acall` it from async code.

    Attributes:
        spec: {"kind", "params"}: JSON data it can be made from again.
        name: Its kind.
        inline: True where it only computes, so it never has to run on a thread.
    """

    def __init__(self, kind: str, params: MetricParams, function: MetricFunction, *, inline: bool) -> None:
        self.name = kind
        self.params = params
        self.spec: dict[str, Any] = {"kind": kind, "params": params.model_dump(mode="json")}
        self.is_async = inspect.iscoroutinefunction(function)
        self.inline = bool(getattr(function, "inline", inline)) and not self.is_async
        self._function = function

    def __call__(self, example: Any, prediction: Any, trace: Any = None) -> Any:
        """Return a bool, a number, or a `Prediction` with `score` and `feedback`."""
        if self.is_async:
            return drive(self._function(example, prediction, trace))
        return self._function(example, prediction, trace)

    async def acall(self, example: Any, prediction: Any, trace: Any = None) -> Any:
        """Do the same from async code."""
        returned = self._function(example, prediction, trace)
        return await returned if self.is_async else returned

    def __repr__(self) -> str:
        return f"Metric({self.spec!r})"


def make_metric(spec: Mapping[str, Any], *, lm: Any = None) -> Metric:
    """Make a metric from data.

    Args:
        spec: {"kind": "exact_match", "params": {...}}; params may be left out.
        lm: The model that LM judges ask; None takes the one in the settings when they are called.

    Raises:
        ConfigurationError: The spec has another form, or a parameter is unknown or out of range.
        UnknownNameError: There is no such kind.
    """
    unknown = sorted(set(spec) - {"kind", "params"})
    if unknown or not isinstance(spec.get("kind"), str):
        raise ConfigurationError(
            f"A metric is described by 'kind' and 'params'; this one has {', '.join(map(repr, spec)) or 'neither'}.",
            hint='For example {"kind": "exact_match", "params": {"fields": ["answer"]}}.',
        )
    kind = str(spec["kind"])
    entry = metrics.entry(kind)
    params_type: type[MetricParams] = entry.meta["params"]
    try:
        params = params_type.model_validate(dict(spec.get("params") or {}))
    except ValidationError as error:
        raise ConfigurationError(
            f"The metric '{kind}' cannot be made: {_problems(error)}.",
            hint=f"It takes: {', '.join(params_type.model_fields)}.",
        ) from error
    function = entry.value(params, MetricContext(lm))
    return Metric(kind, params, function, inline=bool(entry.meta.get("inline")))


def _problems(error: ValidationError) -> str:
    def one(problem: Any) -> str:
        where = ".".join(str(part) for part in problem["loc"])
        return f"{where}: {problem['msg']}" if where else str(problem["msg"])

    return "; ".join(one(problem) for problem in error.errors())


def chosen_fields(example: Example, prediction: Any, fields: tuple[str, ...] | None) -> list[str]:
    """The output fields to compare: those named, or every label that the program gives.

    Raises:
        MetricError: A named field is missing in the example, or the two share none.
    """
    given = set(prediction.keys()) if isinstance(prediction, (Example, Mapping)) else set[str]()
    if fields is not None:
        unlabelled = [name for name in fields if name not in example]
        if unlabelled:
            raise MetricError(
                f"The example has no label {', '.join(map(repr, unlabelled))} to compare with.",
                hint=f"It has: {', '.join(example.keys())}.",
            )
        return list(fields)
    labelled = example.keys() if example.input_keys is None else example.labels().keys()
    shared = [name for name in labelled if name in given]
    if not shared:
        raise MetricError(
            f"No label of the example ({', '.join(labelled) or 'none'}) is an output of the program "
            f"({', '.join(sorted(given)) or 'none'}).",
            hint="Name a column of the data like the program's output, or set the metric's `fields`.",
        )
    return shared


def graded(value: float, feedback: str, trace: Any, threshold: float, pass_fail: bool = False) -> Any:
    """What a graded metric returns: the grade with feedback, or with a trace (or `pass_fail`) whether it passes."""
    passes = value >= threshold - 1e-12
    if trace is not None:
        return passes
    return Prediction(score=float(passes) if pass_fail else value, feedback=feedback)
