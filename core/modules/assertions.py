"""`Assert` and `Suggest`: what a program says must, or should, hold of its own steps.

Knows nothing about what is done when it does not: that is a handler's (`backtracking`). Singhvi et al. 2023, "DSPy
Assertions: Computational Constraints for Self-Refining Language Model Pipelines". All state travels in context
variables: programs in many threads and tasks do not know of one another.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from core.foundation.errors import AssertionFailed, ConstraintFailed, SuggestionFailed
from core.settings import current
from core.trace.collect import collected
from core.trace.counts import count, counts
from core.trace.span import new_id
from core.trace.tracer import emit

__all__ = [
    "ASSERT",
    "SUGGEST",
    "Assert",
    "DSPyAssertionError",
    "DSPySuggestionError",
    "Failures",
    "Suggest",
    "counting_failures",
]

_log = logging.getLogger("core.assertions")


SUGGEST, ASSERT = "constraints.suggest", "constraints.assert"
"""What failures of constraints with `is_metric=True` are called in `core.trace.counts`."""


class Failures:
    """How often constraints with `is_metric=True` failed, every attempt counted.

    Args:
        counter: The counts by name, which may still grow.
    """

    def __init__(self, counter: Mapping[str, int]) -> None:
        self._counter = counter

    @property
    def suggest(self) -> int:
        """Of suggestions."""
        return self._counter.get(SUGGEST, 0)

    @property
    def assertion(self) -> int:
        """Of assertions."""
        return self._counter.get(ASSERT, 0)


@contextmanager
def counting_failures() -> Generator[Failures]:
    """Count the failures of constraints inside the block; blocks around it count them too."""
    with counts() as counter:
        yield Failures(counter)


def Assert(  # noqa: N802 - DSPy's name
    result: bool,
    msg: str = "",
    target_module: Any = None,
    is_metric: bool = False,
    *,
    backtrack: Any = None,
) -> bool:
    """Say what must hold: where it does not, the program is tried again with `msg`, and in the end fails.

    Args:
        result: True or False, nothing else: a forgotten call would always hold.
        msg: What should hold, as the model is to read it.
        target_module: The step to try again (a module, a signature, a path); None: the last one called.
        is_metric: Count a failure in evaluations.
        backtrack: `target_module` under the name it has in DSPy's pages.

    Returns:
        True.

    Raises:
        AssertionFailed: It does not hold. An activated program catches it and tries again.
        ValueError: `result` is neither True nor False.
    """
    return _check(AssertionFailed, result, msg, target_module or backtrack, is_metric)


def Suggest(  # noqa: N802 - DSPy's name
    result: bool,
    msg: str = "",
    target_module: Any = None,
    is_metric: bool = False,
    *,
    backtrack: Any = None,
) -> bool:
    """Say what should hold: where it does not, the program is tried again with `msg`, and in the end goes on.

    Arguments and errors are those of `Assert`, with `SuggestionFailed` for a program that is not activated.

    Returns:
        True where it holds or suggestions are bypassed.
    """
    return _check(SuggestionFailed, result, msg, target_module or backtrack, is_metric)


def _check(kind: type[ConstraintFailed], result: Any, msg: str, target: Any, is_metric: bool) -> bool:
    if not isinstance(result, bool):
        raise ValueError(
            f"A constraint is True or False, not {type(result).__name__}. "
            "Call the check and pass what it returns, or wrap it in bool(...)."
        )
    if result:
        return True
    suggestion = kind is SuggestionFailed
    if is_metric:
        count(SUGGEST if suggestion else ASSERT)
    now = current()
    bypassed = now.bypass_suggest if suggestion else now.bypass_assert
    name = "suggestion" if suggestion else "assertion"
    emit(f"{name} failed", message=msg, bypassed=bypassed)
    if bypassed:
        level = logging.INFO if suggestion else logging.WARNING
        _log.log(level, "A %s does not hold, and the program goes on: %s", name, msg)
        return True
    _log.info("A %s does not hold: %s", name, msg)
    raise kind(
        new_id(),
        msg,
        target,
        collected(),
        is_metric,
        hint="Activate it: program.activate_assertions() tries again with this message as feedback.",
    )


DSPyAssertionError = AssertionFailed
"""The name in DSPy's code."""

DSPySuggestionError = SuggestionFailed
"""The name in DSPy's code."""
