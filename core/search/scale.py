"""Scores on another scale than 0 to 1, noticed while a search runs: a metric of 0 to 100, a target of 90.

Knows nothing about searches. Nothing is rescaled.
"""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["ScaleWatch", "target_out_of_reach"]

SLACK = 1e-9
"""How far above 1 a score may be by rounding."""


class ScaleWatch:
    """Says once that the metric gives more than 1.

    Args:
        warn: Told the sentence and what to do.
    """

    def __init__(self, warn: Callable[[str, str], None]) -> None:
        self._warn = warn
        self._said = False

    def take(self, score: float | None) -> None:
        """Look at a score as soon as there is one."""
        if self._said or score is None or math.isnan(score) or score <= 1 + SLACK:
            return
        self._said = True
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
