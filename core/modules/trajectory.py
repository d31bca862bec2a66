"""What an agent did so far: steps that are kept whole, and shown without the oldest where a model cannot read all.

Knows nothing about tools.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from core.foundation.errors import ConfigurationError, ContextWindowExceededError
from core.trace import emit
from core.wire.sections import section
from core.wire.values import value_text

__all__ = ["Trajectory", "carrying", "without_oldest"]

TRIES = 3
"""How often one request is tried again with its oldest step left out."""

Shown = dict[str, Any]
"""What a model is shown, in DSPy's form: {"thought_0": …, "observation_0": …, "thought_1": …}."""


def without_oldest(shown: Mapping[str, Any]) -> Shown:
    """Return all but the oldest step; the argument is untouched.

    Raises:
        ContextWindowExceededError: There is no more than one.
    """
    numbers = {name: int(number) for name in shown if (number := name.rpartition("_")[2]).isdecimal()}
    oldest = min(numbers.values(), default=0)
    if max(numbers.values(), default=0) == oldest:
        raise ContextWindowExceededError(
            "The steps are too long for the model, and there is no older one to leave out.",
            hint="Let the tools return less, or choose a model with a larger context window.",
        )
    return {name: value for name, value in shown.items() if numbers.get(name) != oldest}


class Trajectory:
    """The steps of one run.

    Args:
        field: The input of a request that shows it.
        truncate: Takes what is shown and returns less of it, where a model cannot read all.

    Attributes:
        steps: Each a dict of what belongs to it, e.g. {"thought": …, "observation": …}; never shortened.
        hidden: How many of them are not shown any more.
    """

    def __init__(
        self, field: str = "trajectory", truncate: Callable[[Shown], Mapping[str, Any]] = without_oldest
    ) -> None:
        self.field = field
        self.steps: list[dict[str, Any]] = []
        self.hidden = 0
        self._truncate = truncate
        self._shown: Shown = {}

    def add(self, **step: Any) -> None:
        """Add a step."""
        self._shown.update(_numbered(len(self.steps), step))
        self.steps.append(step)

    def as_dict(self) -> dict[str, Any]:
        """Return all steps in DSPy's form: {"thought_0": …, "observation_0": …, "thought_1": …}."""
        found: dict[str, Any] = {}
        for index, step in enumerate(self.steps):
            found.update(_numbered(index, step))
        return found

    def record(self) -> Any:
        """Return all steps in the form in which predictions and errors carry them."""
        return self.as_dict()

    def text(self) -> str:
        """Return what is shown, as marked sections."""
        return "\n\n".join(section(name, value_text(value)) for name, value in self._shown.items())

    def shorten(self) -> None:
        """Show less from now on.

        Raises:
            ContextWindowExceededError: There is nothing to leave out.
            ConfigurationError: What is to shorten it returned no mapping.
        """
        left: Any = self._truncate(dict(self._shown))
        if not isinstance(left, Mapping):
            raise ConfigurationError(
                f"`truncate_trajectory` returned {type(left).__name__}, not what is left of the trajectory.",
                hint="Return a dict: the part of its argument that is still to be shown.",
            )
        self._shown = dict(left)
        self.hidden = sum(
            _numbered(index, step).keys().isdisjoint(self._shown) for index, step in enumerate(self.steps)
        )

    async def ask(self, module: Any, inputs: Mapping[str, Any]) -> Any:
        """Return what `module` gives for the inputs and this trajectory, oldest steps left out where it must be.

        Raises:
            ContextWindowExceededError: It is too long even so, or there is nothing to leave out.
        """
        for tries_left in range(TRIES, -1, -1):
            try:
                return await module.acall(**inputs, **{self.field: self.text()})
            except ContextWindowExceededError as error:
                if not tries_left:
                    raise
                try:
                    self.shorten()
                except ContextWindowExceededError:
                    raise error from None
                emit("trajectory.trimmed", hidden=self.hidden, steps=len(self.steps))
        raise AssertionError("unreachable")


def _numbered(index: int, step: Mapping[str, Any]) -> Shown:
    return {f"{name}_{index}": value for name, value in step.items()}


@contextmanager
def carrying(trajectory: Trajectory) -> Generator[None]:
    """Put the trajectory on whatever is raised inside, as `.trajectory`: what was found out is not lost."""
    try:
        yield
    except Exception as error:
        with suppress(AttributeError):
            error.trajectory = trajectory.record()  # type: ignore[attr-defined]
        raise
