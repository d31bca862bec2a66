"""Collects the predictor calls of a run: what demos are made of, and what a metric gets as `trace`.

Knows nothing about predictors; it keeps what it is handed.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

__all__ = ["TraceStep", "collect", "record_step"]


class TraceStep(tuple[Any, dict[str, Any], Any]):
    """One predictor call: unpacks as (predictor, inputs, prediction).

    Attributes:
        path: Names the predictor in its program.
        further: Inputs that it got for this attempt alone: a hint, past outputs and feedback.
    """

    path: str
    further: dict[str, Any]

    def __new__(
        cls,
        predictor: Any,
        inputs: dict[str, Any],
        outputs: Any,
        path: str,
        further: dict[str, Any] | None = None,
    ) -> TraceStep:
        step = super().__new__(cls, (predictor, inputs, outputs))
        step.path = path
        step.further = further or {}
        return step

    @property
    def predictor(self) -> Any:
        """The predictor object."""
        return self[0]

    @property
    def inputs(self) -> dict[str, Any]:
        """Field values given."""
        return self[1]

    @property
    def outputs(self) -> Any:
        """The prediction."""
        return self[2]


_steps: ContextVar[list[TraceStep] | None] = ContextVar("trace_steps", default=None)


@contextmanager
def collect() -> Generator[list[TraceStep]]:
    """Collect the predictor calls made inside the block, in order of their end.

    A nested block collects for itself and hands its steps to the outer one at its end.
    """
    outer = _steps.get()
    steps: list[TraceStep] = []
    token = _steps.set(steps)
    try:
        yield steps
    finally:
        _steps.reset(token)
        if outer is not None:
            outer.extend(steps)


@contextmanager
def aside() -> Generator[list[TraceStep]]:
    """Collect the predictor calls made inside the block and hand them to nobody; `add_steps` may, afterwards."""
    steps: list[TraceStep] = []
    token = _steps.set(steps)
    try:
        yield steps
    finally:
        _steps.reset(token)


def add_steps(made: Iterable[TraceStep]) -> None:
    """Add calls that were collected aside to the list of the innermost `collect`, if there is one."""
    steps = _steps.get()
    if steps is not None:
        steps.extend(made)


def record_step(
    predictor: Any,
    inputs: dict[str, Any],
    outputs: Any,
    path: str,
    further: dict[str, Any] | None = None,
) -> None:
    """Add one call to the list of the innermost `collect`, if there is one."""
    steps = _steps.get()
    if steps is not None:
        steps.append(TraceStep(predictor, inputs, outputs, path, further))


def steps_so_far() -> int:
    """Return how many calls the innermost `collect` has; what `take_back_steps` takes."""
    steps = _steps.get()
    return 0 if steps is None else len(steps)


def take_back_steps(before: int) -> None:
    """Forget the calls collected since `steps_so_far` gave `before`: that work is going to be done again."""
    steps = _steps.get()
    if steps is not None:
        del steps[before:]


@contextmanager
def taken_back_on(kind: type[BaseException]) -> Generator[None]:
    """Where the block ends with that exception, forget what it added: the work is going to be done again."""
    before = steps_so_far()
    try:
        yield
    except kind:
        take_back_steps(before)
        raise


def collected() -> tuple[TraceStep, ...]:
    """Return the calls that the innermost `collect` has so far."""
    return tuple(_steps.get() or ())


def is_collecting() -> bool:
    """True inside `collect`."""
    return _steps.get() is not None
