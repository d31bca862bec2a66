"""`BestOfN`: several attempts, the best by a reward.

Knows nothing about how an attempt is made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.modules.attempts import Rollouts, checked_count
from core.modules.module import Module

__all__ = ["BestOfN"]


class BestOfN(Module):
    """Runs a module up to `N` times at temperature 1 and returns the prediction with the highest reward.

    Args:
        module: What is run; it is not changed.
        N: Attempts at most.
        reward_fn: `reward_fn(args, prediction)` with the inputs as a dict returns a number; sync or async.
        threshold: An attempt with this reward ends the search.
        fail_count: So many attempts may raise before the error does; None: all N.
    """

    def __init__(
        self,
        module: Module,
        N: int,  # noqa: N803 - DSPy's name
        reward_fn: Callable[..., Any],
        threshold: float,
        fail_count: int | None = None,
    ) -> None:
        super().__init__()
        self.module = module
        self.N = checked_count(N)
        self.reward_fn = reward_fn
        self.threshold = threshold
        self.fail_count = fail_count

    async def aforward(self, **inputs: Any) -> Any:
        """Return the best prediction.

        Raises:
            Exception: The module raised more often than `fail_count` bears, or in every attempt.
        """
        rollouts = Rollouts(self, self.module, self.N, self.reward_fn, self.threshold, self.fail_count)
        for number in range(self.N):
            if await rollouts.attempt(number, inputs):
                break
        return rollouts.result()

    def calls_with(self, inside: int) -> int:
        """N attempts."""
        return self.N * inside
