"""What an optimizer is given, checked before anything is spent: a metric, models, settings, and something to improve.

Knows nothing about single optimizers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.foundation.errors import OptimizerError
from core.search.problem import Problem

__all__ = ["check_metric", "check_model", "check_predictors", "checked_settings"]


def check_metric(metric: Any) -> None:
    """Check that a metric can be called.

    Raises:
        OptimizerError: It cannot.
    """
    if metric is not None and not callable(metric):
        raise OptimizerError(
            f"The metric is a {type(metric).__name__}, {metric!r}, which cannot be called.",
            hint="A metric is metric(example, prediction, trace=None) and returns a number or True or False.",
        )


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
