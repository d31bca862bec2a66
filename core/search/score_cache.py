"""Scores by candidate and row, in a few bytes each.

Knows nothing about programs or where scores come from. A search of 500 candidates over 300 rows keeps 150,000 of them.
What failed never counts more than what did not: a row whose program failed scores 0, or the lowest score seen where
that is below 0, and a row without a score counts the same where candidates are compared (`counted`).
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

__all__ = ["ScoreCache"]

_UNSEEN, _SCORED, _VOID, _FAILED = 0, 1, 2, 3


class ScoreCache:
    """Scores over a fixed list of rows.

    Args:
        rows: How many rows there are.

    Attributes:
        lowest: The lowest score that a metric gave so far, 0 at most.
    """

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.lowest = 0.0
        self._values: dict[str, array[float]] = {}
        self._marks: dict[str, bytearray] = {}
        self._vetoed: set[str] = set()

    def put(
        self, key: str, row: int, score: float | None, *, failed: bool = False, less: float = 0.0
    ) -> None:
        """Keep one row's score; None is a row that was run and has no score.

        Args:
            failed: The program failed, and the score is what stands for that.
            less: What is taken off the score.
        """
        if key not in self._values:
            self._values[key] = array("d", bytes(8 * self.rows))
            self._marks[key] = bytearray(self.rows)
        self._values[key][row] = 0.0 if score is None else score - less
        self._marks[key][row] = _VOID if score is None else _FAILED if failed else _SCORED
        if score is not None and not failed and score < self.lowest:
            self.lowest = score

    def veto(self, key: str) -> None:
        """Let every row of a candidate count nothing, whatever it scored or is going to score."""
        self._vetoed.add(key)

    def seen(self, key: str, row: int) -> bool:
        """True where the row was run for that candidate."""
        return key in self._marks and self._marks[key][row] != _UNSEEN

    def count(self, key: str) -> int:
        """Rows that were run for that candidate, with a score or without."""
        return self.rows - self._marks[key].count(_UNSEEN) if key in self._marks else 0

    def scores(self, key: str, order: Sequence[int] | None = None) -> list[float | None]:
        """Return the scores of the rows that were run, in the given order (default: that of the rows)."""
        if key not in self._marks:
            return []
        marks = self._marks[key]
        low = self.lowest
        values: Sequence[float] = [low] * self.rows if key in self._vetoed else self._values[key]
        positions = range(self.rows) if order is None else order
        return [
            None if marks[row] == _VOID else min(values[row], low) if marks[row] == _FAILED else values[row]
            for row in positions
            if marks[row] != _UNSEEN
        ]

    def counted(self, key: str, order: Sequence[int] | None = None) -> list[float]:
        """Return the same with what a row without a score counts where candidates are compared."""
        return [self.lowest if score is None else score for score in self.scores(key, order)]

    def drop(self, key: str) -> None:
        """Forget a candidate."""
        self._values.pop(key, None)
        self._marks.pop(key, None)
        self._vetoed.discard(key)
