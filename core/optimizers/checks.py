"""What an optimizer is given, checked before anything is spent: a metric, models, settings, and something to improve.

Knows nothing about single optimizers.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from core.foundation.errors import OptimizerError
from core.foundation.words import counted
from core.search.problem import Problem, rows_of

__all__ = [
    "check_metric",
    "check_model",
    "check_predictors",
    "checked_settings",
    "counted_rows",
]

LEAST_ARGUMENTS, MOST_ARGUMENTS = 2, 5
"""Of a metric: example and prediction, then trace, the predictor's name and its part of the trace."""

_A_METRIC = "A metric is metric(example, prediction, trace=None) and returns a number or True or False."


def check_metric(metric: Any) -> None:
    """Check that a metric can be called.

    Raises:
        OptimizerError: It cannot.
    """
    if metric is not None and not callable(metric):
        raise OptimizerError(
            f"The metric is a {type(metric).__name__}, {metric!r}, which cannot be called.", hint=_A_METRIC
        )
    if inspect.isroutine(metric) and (said := _asks_for_others(metric)):
        raise OptimizerError(f"The metric '{getattr(metric, '__name__', metric)}' {said}.", hint=_A_METRIC)


def _asks_for_others(metric: Any) -> str:
    """Return why a function cannot be called as a metric is; empty: it can, as far as one sees."""
    try:
        parameters = list(inspect.signature(metric).parameters.values())
    except (TypeError, ValueError):
        return ""
    positional = [
        item for item in parameters if item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD)
    ]
    needed = [
        item.name for item in parameters if item.kind is item.KEYWORD_ONLY and item.default is item.empty
    ]
    if needed:
        return f"needs {', '.join(needed)} by keyword, which nobody gives"
    if len(positional) < LEAST_ARGUMENTS and not any(item.kind is item.VAR_POSITIONAL for item in parameters):
        return f"takes {counted(len(positional), 'argument')}, and is given the example and the prediction"
    required = sum(item.default is item.empty for item in positional)
    if required > MOST_ARGUMENTS:
        return f"needs {required} arguments, and is given {MOST_ARGUMENTS} at most"
    return ""


def counted_rows(rows: Any, name: str) -> list[Any]:
    """Return rows to be counted for an estimate.

    Raises:
        OptimizerError: They are no set of rows, or can be read only once: the compile would find none left.
    """
    if isinstance(rows, Iterator):
        raise OptimizerError(
            f"The {name} is a {type(rows).__name__}, which can be read only once: a compile would find none left.",
            hint=f"Make it a list first: {name} = list({name}).",
        )
    return rows_of(rows, name)


def check_model(model: Any, name: str) -> None:
    """Check that a model can be asked.

    Raises:
        OptimizerError: It cannot.
    """
    if model is not None and not hasattr(model, "respond"):
        raise OptimizerError(
            f"{name} is a {type(model).__name__}, {model!r}, and no language model.",
            hint="Give one: core.LM('provider/model').",
        )


def checked_settings(settings: Any) -> dict[str, Any]:
    """Return a teacher's settings as a dict.

    Raises:
        OptimizerError: They are none, or the model among them cannot be asked.
    """
    if settings is not None and not isinstance(settings, Mapping):
        raise OptimizerError(
            f"teacher_settings is a {type(settings).__name__}, not settings by name.",
            hint="Give them by name: teacher_settings={'lm': core.LM('provider/model')}.",
        )
    made = dict(settings or {})
    check_model(made.get("lm"), "The teacher's lm")
    return made


def check_predictors(problem: Problem) -> None:
    """Check that there are steps to improve.

    Raises:
        OptimizerError: There are none, or all of them are in frozen parts.
    """
    if problem.paths:
        return
    frozen = [
        path.removeprefix("self.")
        for path, part in problem.student.named_sub_modules()
        if part is not problem.student and part._compiled
    ]
    if frozen:
        raise OptimizerError(
            f"All predictors of the program are in parts that are compiled and stay as they are: {', '.join(frozen)}.",
            hint="To improve them too, make the part anew, or set its _compiled to False.",
        )
    raise OptimizerError("The program has no predictor to improve.", hint="Add a Predict.")
