"""What a caller should know before anything is spent: what of that was given changes nothing, or hardly decides.

Knows nothing about single optimizers: what each has a use for, it says itself.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from core.foundation.words import are
from core.search.problem import Problem
from core.search.racing import RacingRule

__all__ = ["ONE_ROW", "without_effect"]

ONE_ROW = (
    "There is 1 row to choose by, which hardly tells candidates apart, whatever is spent. "
    "Give a valset of 20 rows or more."
)

_WRITERS = frozenset({"prompt_model", "reflection_lm"})
"""What constructors call the model that writes."""


class _Optimizer(Protocol):
    scores: ClassVar[bool]
    asks_teacher: ClassVar[bool]
    takes_teacher_settings: ClassVar[bool]
    teacher_settings: dict[str, Any]
    prompt_model: Any


def without_effect(optimizer: _Optimizer, problem: Problem, run: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each thing that was given and changes nothing, and where one row is to decide.

    Args:
        run: Arguments of `compile` that say how to run.
    """
    name = type(optimizer).__name__
    said = [ONE_ROW] if optimizer.scores and len(problem.scoring) == 1 else []
    if problem.teacher is not None and not optimizer.asks_teacher:
        said.append(f"A teacher was given, and {name} does not ask one: it changes nothing.")
    if optimizer.teacher_settings and not optimizer.takes_teacher_settings:
        said.append(f"teacher_settings were given, and {name} runs no teacher: they change nothing.")
    if optimizer.prompt_model is not None and not _writes(type(optimizer)):
        said.append(f"A prompt_model was given, and {name} has nothing written: it changes nothing.")
    if (idle := _idle(run)) and not optimizer.scores:
        said.append(
            f"{name} scores no candidates: {' and '.join(idle)} {are(len(idle), 'changes', 'change')} nothing."
        )
    return said


def _writes(kind: type) -> bool:
    """Return whether an optimizer may ask a model to write: its constructor takes one then, or anything by name."""
    parameters = inspect.signature(kind).parameters
    return bool(_WRITERS & parameters.keys()) or any(
        one.kind is one.VAR_KEYWORD for one in parameters.values()
    )


def _idle(run: Mapping[str, Any]) -> list[str]:
    """Return what only a search among candidates heeds; `racing=False`, as published, holds without one too."""
    found = [name for name in ("target", "plateau") if run[name] is not None]
    return [*found, "the racing rule"] if isinstance(run["racing"], RacingRule) else found
