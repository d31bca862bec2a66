"""Which candidates are worth another row: rules that drop those that cannot win, or hardly can.

Knows nothing about programs. `SuccessiveHalving`, the default, has a file of its own (`halving`). Here are:

* `Curtailed`, which is exact: it stops a candidate only when no outcome of its remaining rows could lift it above
  the leader, so the winner is the one that a full evaluation of everybody would name (curtailed sampling: Wald 1947;
  Alling, JASA 61:1966).
* `PairedBetting`, which also stops a candidate that has lost too much to the leader on the same rows. It bets
  against the candidate at odds that are fair if the candidate is better by a stated margin; a fortune of 1/risk then
  has a chance of at most `risk`, however often one looks (Ville 1939; betting on rows drawn without replacement:
  Waudby-Smith & Ramdas, NeurIPS 2020, arXiv:2006.04347, and JRSS-B 86:1, 2024, section 5).

Decisions are taken at fixed stages, over whole blocks of rows, so they do not depend on which row happened to finish
first. `benchmarks/racing.py` measures what each rule saves and loses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from core.foundation.errors import ConfigurationError
from core.foundation.words import counted

__all__ = ["Curtailed", "PairedBetting", "RacingRule", "block_size", "differences"]

CEILING = 1.0
"""The most that one row can score; a metric that gives more switches the rule off."""

TIE = 1e-12

SHOWN = 0.001
"""The least difference that a reason shows: a tenth of a percent."""


class RacingRule:
    """Decides after every stage which candidates of a wave go on; a rule of one's own fills in `hopeless` at least.

    Attributes:
        wave: Candidates that race side by side; None: as many as the search finds practical.
        stratified: Rows come in an order in which every stage has its share of hard and of easy ones; otherwise in a
            random one.
    """

    wave: ClassVar[int | None] = None
    stratified: ClassVar[bool] = False

    def stages(self, rows: int) -> tuple[int, ...]:
        """Return after how many rows is decided, rising; the last is all rows."""
        return (*range(block_size(rows), rows, block_size(rows)), rows)

    def places(self, running: int) -> int:
        """Return how many of a wave's running candidates may go on to the next stage."""
        return running

    def one_place(self, done: int, rows: int) -> bool:
        """Return whether candidates that scored the same on each of the rows done so far share one place."""
        return False

    def alone(self) -> RacingRule:
        """Return the rule for a candidate that has only the best so far to race against."""
        return self

    def on_a_batch(self) -> RacingRule:
        """Return the rule for a candidate on a mini-batch, whose rows are not all that it can win on."""
        return self

    def hopeless(self, own: Sequence[float | None], leader: Sequence[float | None], remaining: int) -> str:
        """Return why the candidate cannot beat the leader any more; empty: it still can.

        Args:
            own: The candidate's scores so far, in racing order; a search counts a row without a score as the lowest,
                and never gives None.
            leader: The leader's scores on all rows: first those that the candidate has seen, in the same order.
            remaining: Rows that the candidate has not seen.
        """
        raise NotImplementedError


class Curtailed(RacingRule):
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


STAKES = (0.25, 0.5, 0.75)
"""Shares of the fortune that the bets put up; their mean is the fortune that counts (a mixture)."""


@dataclass(frozen=True)
class PairedBetting(RacingRule):
    """Drops a candidate that `Curtailed` would drop, or whose rows so far say that it will hardly win.

    The rows are a random order of all scoring rows, so the differences to the leader are draws without replacement
    from all differences. Were the candidate better than the leader by the margin over all rows, each bet against the
    next difference would be fair or worse, and the fortune would reach 1/risk with a chance of at most `risk`.

    Attributes:
        risk: Chance, at most, to drop a candidate that is better than the leader by the margin over all rows.
        margin: The least lead worth finding, in the metric's unit; at least one whole row.
    """

    risk: float = 0.1
    margin: float = 0.01

    def __post_init__(self) -> None:
        if not 0.0 < self.risk < 1.0 or not 0.0 <= self.margin < 1.0:
            raise ConfigurationError(
                f"A risk of {self.risk!r} with a margin of {self.margin!r} is not a racing rule.",
                hint="Give a risk between 0 and 1, and a margin from 0 to below 1.",
            )

    def hopeless(self, own: Sequence[float | None], leader: Sequence[float | None], remaining: int) -> str:
        """Return why the candidate will hardly beat the leader; empty: it still may."""
        certain = Curtailed().hopeless(own, leader, remaining)
        if certain or any(score is not None and not 0.0 <= score <= CEILING for score in (*own, *leader)):
            return certain
        pairs = differences(own, leader)
        rows = len(pairs) + remaining
        if not pairs or not remaining or fortune(pairs, rows, max(self.margin, 1 / rows)) < 1 / self.risk:
            return ""
        return (
            f"{_distance(pairs)} the leader on the same {counted(len(pairs), 'row')}: were it better by "
            f"{max(self.margin, 1 / rows):.1%}, so few wins would have a chance below {self.risk:.0%}"
        )


def differences(own: Sequence[float | None], leader: Sequence[float | None]) -> list[float]:
    """Return a candidate's scores less the leader's, on the rows for which both have one."""
    return [
        mine - theirs
        for mine, theirs in zip(own, leader, strict=False)
        if mine is not None and theirs is not None
    ]


def _distance(pairs: Sequence[float]) -> str:
    """Return how far a candidate is from the leader, in words that go before "the leader"."""
    lead = math.fsum(pairs) / len(pairs)
    if abs(lead) < SHOWN / 2:
        return "level with"
    return f"{abs(100 * lead):.1f} points {'ahead of' if lead > 0 else 'behind'}"


def fortune(leads: Sequence[float], rows: int, margin: float) -> float:
    """Return what one unit became by betting that a candidate's lead over all rows is below the margin.

    Args:
        leads: Own score minus the leader's on the rows seen, each from -1 to 1, in a random order.
        rows: How many rows there are in all.
        margin: The mean difference that is bet against.
    """
    funds, owed, left = [1.0] * len(STAKES), rows * margin, rows
    for difference in leads:
        expected = owed / left  # what the rest must give on the mean for the margin to be reached
        if expected > 1.0:
            return math.inf
        if expected <= -1.0:
            return 0.0
        surprise = (difference - expected) / max(1.0 - expected, TIE)
        funds = [fund * (1.0 - stake * surprise) for fund, stake in zip(funds, STAKES, strict=True)]
        owed, left = owed - difference, left - 1
    return math.fsum(funds) / len(funds)


def block_size(rows: int) -> int:
    """Return how many rows a candidate runs between two decisions.

    Small enough to stop soon, large enough to keep many rows in flight; depends on nothing but the number of rows.
    """
    return max(8, min(32, math.ceil(rows / 12)))
