"""Which candidates are worth another row: a rule that drops those that cannot win any more.

Knows nothing about programs. `Curtailed` is exact: it stops a candidate only when no outcome of its remaining rows
could lift it above the leader, so the winner is the one that a full evaluation of everybody would name (curtailed
sampling: Wald 1947; Alling, JASA 61:1966). Decisions are taken at fixed block boundaries, over whole blocks, so they
do not depend on which row happened to finish first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

__all__ = ["Curtailed", "RacingRule", "block_size"]

CEILING = 1.0
"""The most that one row can score; a metric that gives more switches the rule off."""

TIE = 1e-12


class RacingRule(Protocol):
    """Decides after every block whether a candidate goes on."""

    def hopeless(self, own: Sequence[float | None], leader: Sequence[float | None], remaining: int) -> str:
        """Return why the candidate cannot beat the leader any more; empty: it still can.

        Args:
            own: The candidate's scores so far, in racing order; None for a row without a score.
            leader: The leader's scores on all rows, in the same order.
            remaining: Rows that the candidate has not seen.
        """
        ...


class Curtailed:
    """Drops a candidate that would not beat the leader even with full marks on every remaining row.

    A tie does not beat: the earlier candidate keeps its place, as in DSPy.
    """

    def hopeless(self, own: Sequence[float | None], leader: Sequence[float | None], remaining: int) -> str:
        """Return why the candidate cannot beat the leader any more; empty: it still can."""
        mine = [score for score in own if score is not None]
        theirs = [score for score in leader if score is not None]
        if not theirs or any(score > CEILING for score in (*mine, *theirs)):
            return ""
        if not mine and not remaining:
            return ""
        best = (math.fsum(mine) + CEILING * remaining) / (len(mine) + remaining)
        to_beat = math.fsum(theirs) / len(theirs)
        if best > to_beat + TIE:
            return ""
        if not own:
            return f"the leader's {to_beat:.1%} cannot be beaten"
        return f"even with every remaining row right it would reach {best:.1%}; the leader has {to_beat:.1%}"


def block_size(rows: int) -> int:
    """Return how many rows a candidate runs between two decisions.

    Small enough to stop soon, large enough to keep many rows in flight; depends on nothing but the number of rows.
    """
    return max(8, min(32, math.ceil(rows / 12)))
