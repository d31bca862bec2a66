"""Scores on another scale than 0 to 1, noticed while a search runs: a metric of 0 to 100 or of −1 to 1, a target of 90.

Knows nothing about searches. Nothing is rescaled.
"""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["ScaleWatch", "target_out_of_reach"]

SLACK = 1e-9
"""How far above 1, or below 0, a score may be by rounding."""


class ScaleWatch:
    """Says once that the metric gives more than 1, and once that it gives less than 0.

    Args:
        warn: Told the sentence and what to do.
    """

    def __init__(self, warn: Callable[[str, str], None]) -> None:
        self._warn = warn
        self._high, self._low = False, False

    def take(self, score: float | None) -> None:
        """Look at a score as soon as there is one."""
        if score is None or math.isnan(score):
            return
        if score < -SLACK and not self._low:
            self._low = True
            self._warn(
                "The metric gives scores below 0: what fails counts as the lowest score seen, candidates that lag "
                "behind are not dropped for it.",
                "Shift it so that the worst is 0 and the best is 1.",
            )
        if score > 1 + SLACK and not self._high:
            self._high = True
            self._say_high()

    def _say_high(self) -> None:
        self._warn(
            "The metric gives scores above 1: reports show a mean of 1 as 100 %, candidates that lag behind are not "
            "dropped for it, and none ends the search with full marks.",
            "Divide by the most that it gives (100, say).",
        )


def target_out_of_reach(target: float | None) -> tuple[str, str] | None:
    """Return what to say of a target that a usual metric never reaches, and what to do; None: nothing."""
    if target is None or target <= 1 + SLACK:
        return None
    return (
        f"The target is a mean of {target:g}, which no candidate reaches with a metric of 0 to 1: nothing ends early.",
        f"Give a share: target={target / 100:g} is {target:g} %." if 1 < target <= 100 else "Give 1 or less.",
    )
