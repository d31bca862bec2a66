"""What an agent did so far: steps that are kept whole, and shown without the oldest where a model cannot read all.

Knows nothing about tools.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from core.foundation.errors import ContextWindowExceededError
from core.trace import emit
from core.wire.sections import section
from core.wire.values import value_text

__all__ = ["Trajectory", "carrying"]

TRIES = 3
"""How often one request is tried again with its oldest step left out."""


class Trajectory:
    """The steps of one run.

    Args:
        field: The input of a request that shows it.

    Attributes:
        steps: Each a dict of what belongs to it, e.g. {"thought": …, "observation": …}; never shortened.
        hidden: How many of the oldest are not shown any more.
    """

    def __init__(self, field: str = "trajectory") -> None:
        self.field = field
        self.steps: list[dict[str, Any]] = []
        self.hidden = 0

    def add(self, **step: Any) -> None:
        """Add a step."""
        self.steps.append(step)

    def as_dict(self) -> dict[str, Any]:
        """Return all steps in DSPy's form: {"thought_0": …, "observation_0": …, "thought_1": …}."""
        return {
            f"{name}_{index}": value for index, step in enumerate(self.steps) for name, value in step.items()
        }

    def record(self) -> Any:
        """Return all steps in the form in which predictions and errors carry them."""
        return self.as_dict()

    def text(self) -> str:
        """Return the steps that are shown, as marked sections."""
        return "\n\n".join(
            section(f"{name}_{index}", value_text(value))
            for index, step in self.shown()
            for name, value in step.items()
        )

    def shown(self) -> list[tuple[int, dict[str, Any]]]:
        """Return the steps that are shown, each with its number (0 is the first)."""
        return list(enumerate(self.steps))[self.hidden :]

    async def ask(self, module: Any, inputs: Mapping[str, Any]) -> Any:
        """Return what `module` gives for the inputs and this trajectory, oldest steps left out where it must be.

        Raises:
            ContextWindowExceededError: It is too long even so, or there is nothing to leave out.
        """
        for tries_left in range(TRIES, -1, -1):
            try:
                return await module.acall(**inputs, **{self.field: self.text()})
            except ContextWindowExceededError:
                if not tries_left or self.hidden >= len(self.steps) - 1:
                    raise
                self.hidden += 1
                emit("trajectory.trimmed", hidden=self.hidden, steps=len(self.steps))
        raise AssertionError("unreachable")


@contextmanager
def carrying(trajectory: Trajectory) -> Generator[None]:
    """Put the trajectory on whatever is raised inside, as `.trajectory`: what was found out is not lost."""
    try:
        yield
    except Exception as error:
        with suppress(AttributeError):
            error.trajectory = trajectory.record()  # type: ignore[attr-defined]
        raise
