"""Several attempts of one program at one task, the best kept: what `BestOfN` and `Refine` share.

Knows nothing about rewards or advice. Every attempt asks for samples of its own (temperature 1, numbered, so the cache
keeps them apart and a repeated run repeats them); a trace around it sees the attempt that was kept alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.foundation.errors import BudgetExceeded, ConfigurationError
from core.foundation.fingerprint import jsonable
from core.modules.calling import answered, called
from core.modules.module import Module, path_of
from core.modules.overlay import Attempted, Extension, Overlay, attempt_apart
from core.trace.tracer import span

__all__ = ["Attempt", "Rollouts", "reward_of"]

_log = logging.getLogger("core.attempts")

SAMPLING_TEMPERATURE = 1.0


@dataclass
class Attempt:
    """One attempt that gave a prediction."""

    number: int
    prediction: Any
    reward: float
    seen: Attempted


async def reward_of(reward_fn: Callable[..., Any], inputs: Mapping[str, Any], prediction: Any) -> float:
    """Return what the reward function gives; what it asks models itself is no part of the program's trace.

    Raises:
        ConfigurationError: It gave no number.
    """
    with attempt_apart():
        given = await answered(reward_fn, dict(inputs), prediction)
    try:
        return float(given)
    except (TypeError, ValueError):
        raise ConfigurationError(
            f"The reward function gave {type(given).__name__}, not a number.",
            hint="reward_fn(args, prediction) returns a number, higher is better.",
        ) from None


class Rollouts:
    """Makes attempts one after another and remembers the best.

    Args:
        owner: The module that asks for them; spans show its path.
        module: What is run.
        count: How many attempts at most.
        fail_count: So many attempts may raise; None: all of them.
    """

    def __init__(
        self,
        owner: Module,
        module: Module,
        count: int,
        reward_fn: Callable[..., Any],
        threshold: float,
        fail_count: int | None,
    ) -> None:
        self._owner, self._module, self._count = owner, module, count
        self._reward_fn, self._threshold = reward_fn, threshold
        self._bears = count if fail_count is None else fail_count
        self._failure: Exception | None = None
        self.best: Attempt | None = None
        self.last: Attempt | None = None

    async def attempt(
        self, number: int, inputs: Mapping[str, Any], extensions: Mapping[int, Extension] | None = None
    ) -> bool:
        """Make one attempt; return whether it reached the threshold.

        Raises:
            Exception: The program raised, once more often than is borne.
        """
        laid = Overlay({"temperature": SAMPLING_TEMPERATURE, "rollout_id": number}, extensions or {})
        with span("attempt", f"{number + 1} of {self._count}", path=path_of(self._owner)) as opened:
            try:
                with attempt_apart(laid) as seen:
                    prediction = await called(self._module, kwargs=inputs)
                reward = await reward_of(self._reward_fn, inputs, prediction)
            except (BudgetExceeded, ConfigurationError):
                raise
            except Exception as error:
                self._bear(number, error)
                opened.set(failed=f"{type(error).__name__}: {error}")
                return False
            if opened.recording:
                hints = {name: item for e in (extensions or {}).values() for name, item in e.values.items()}
                opened.set(inputs=jsonable(dict(inputs)), reward=reward, threshold=self._threshold, **hints)
        self.last = Attempt(number, prediction, reward, seen)
        if self.best is None or reward > self.best.reward:
            self.best = self.last
        return reward >= self._threshold

    def _bear(self, number: int, error: Exception) -> None:
        self.last, self._failure = None, error
        self._bears -= 1
        _log.warning("Attempt %d of %d raised %s: %s", number + 1, self._count, type(error).__name__, error)
        if self._bears < 0:
            raise error

    def result(self) -> Any:
        """Return the best prediction and let its calls stand in the trace.

        Raises:
            Exception: No attempt gave one; that of the last is raised.
        """
        if self.best is None:
            raise self._failure or ConfigurationError("No attempt was made.", hint="Give N=1 or more.")
        self.best.seen.keep()
        return self.best.prediction


def checked_count(count: int) -> int:
    """Return N where it makes sense.

    Raises:
        ConfigurationError: It is below 1.
    """
    if count < 1:
        raise ConfigurationError(f"N={count} makes no attempt.", hint="Give N=1 or more.")
    return count
