"""Two runs over the same rows, side by side: what was fixed, what broke, and what can be concluded.

Knows nothing about what the runs were. Only rows that count in both are compared.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.evaluate.report import EvaluationResult
from core.evaluate.row import Row
from core.evaluate.statistics import Interval, PairedResult, mean_interval, paired_test
from core.foundation.errors import DataError

__all__ = ["Comparison", "RowPair", "compare"]

Rows = EvaluationResult | Sequence[Row | Mapping[str, Any]]

_NAMED = 5  # ids that an error lists


@dataclass(frozen=True)
class RowPair:
    """One example in both runs."""

    a: Row
    b: Row

    @property
    def example_id(self) -> str:
        """The example both rows are of."""
        return self.b.example_id

    @property
    def change(self) -> float:
        """Score of b minus score of a; 0 where one of them has none."""
        return 0.0 if self.a.score is None or self.b.score is None else self.b.score - self.a.score


@dataclass(frozen=True)
class Comparison:
    """What changed from run a to run b."""

    pairs: list[RowPair]
    """Every example, in a's order."""
    test: PairedResult | None
    """The paired test; None where no row counts in both runs."""
    mean_a: float
    """Over the compared rows, as are the next three."""
    mean_b: float
    interval_a: Interval
    interval_b: Interval
    name_a: str = "A"
    name_b: str = "B"

    @property
    def compared(self) -> list[RowPair]:
        """Pairs that have a score in both runs."""
        return [pair for pair in self.pairs if pair.a.counts and pair.b.counts]

    @property
    def not_compared(self) -> list[RowPair]:
        """Pairs left out because a run has no score for the row."""
        return [pair for pair in self.pairs if not (pair.a.counts and pair.b.counts)]

    @property
    def fixed(self) -> list[RowPair]:
        """Rows on which b scores above a."""
        return [pair for pair in self.compared if pair.change > 0]

    @property
    def broken(self) -> list[RowPair]:
        """Rows on which b scores below a."""
        return [pair for pair in self.compared if pair.change < 0]

    @property
    def same(self) -> list[RowPair]:
        """Rows that score alike."""
        return [pair for pair in self.compared if pair.change == 0]

    @property
    def detectable(self) -> bool:
        """Whether chance is ruled out at the 5 % level."""
        return self.test is not None and self.test.detectable

    @property
    def verdict(self) -> str:
        """What can be concluded, in words; "no detectable difference" is a result."""
        if self.test is None:
            return "Nothing can be concluded: no row has a score in both runs."
        left_out = len(self.not_compared)
        tail = (
            f" {left_out} of {len(self.pairs)} rows have no score in one of the runs and were left out."
            if left_out
            else ""
        )
        return (self._difference(self.test) if self.detectable else self._no_difference(self.test)) + tail

    def _difference(self, test: PairedResult) -> str:
        turned = test.difference < 0
        better, worse = (self.name_a, self.name_b) if turned else (self.name_b, self.name_a)
        return (
            f"{better} is better than {worse}: {_points(abs(test.difference))} points more on the same {test.n} rows "
            f"({_evidence(test, turned=turned)}); {self.name_b} fixed {test.fixed} rows and broke {test.broken}."
        )

    def _no_difference(self, test: PairedResult) -> str:
        start = f"No detectable difference between {self.name_a} and {self.name_b} on {test.n} rows"
        if test.fixed == test.broken == 0:
            return f"{start}: every row scores alike."
        return f"{start}: {_points(test.difference, signed=True)} points ({_evidence(test)}). {_rows_needed(test)}"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON data."""
        test = self.test
        return {
            "verdict": self.verdict,
            "detectable": self.detectable,
            "mean_a": self.mean_a,
            "mean_b": self.mean_b,
            "interval_a": list(self.interval_a),
            "interval_b": list(self.interval_b),
            "difference": test.difference if test else None,
            "interval": list(test.interval) if test else None,
            "p_value": test.p_value if test else None,
            "method": test.method if test else "",
            "rows_needed": test.rows_needed if test else None,
            "n": len(self.compared),
            **{
                name: [pair.example_id for pair in getattr(self, name)]
                for name in ("fixed", "broken", "same", "not_compared")
            },
        }


def _points(difference: float, *, signed: bool = False) -> str:
    text = f"{100 * difference:+.1f}" if signed else f"{100 * difference:.1f}"
    return text.replace("-", "−")


def _evidence(test: PairedResult, *, turned: bool = False) -> str:
    low, high = (-test.interval[1], -test.interval[0]) if turned else test.interval
    p = f"p = {test.p_value:.3f}" if test.p_value >= 0.001 else "p < 0.001"
    return f"95 % interval {_points(low, signed=True)} to {_points(high, signed=True)}, {p}, {test.method}"


def _rows_needed(test: PairedResult) -> str:
    if test.rows_needed is None and test.fixed != test.broken:
        return "What some rows gained others lost, so more rows alone would not show one."
    if test.rows_needed is None:
        return f"As many rows were fixed as broken ({test.fixed}), so more rows alone would not show one."
    if test.rows_needed <= test.n:
        return "The difference is at the edge of what so many rows can show; run more of them to be sure."
    return f"About {_rounded_up(test.rows_needed)} rows would be needed to show a difference of this size."


def _rounded_up(count: int) -> str:
    """Two leading digits are all that such an estimate deserves."""
    scale = 10 ** max(0, len(str(count)) - 2)
    return f"{math.ceil(count / scale) * scale:,}"


def compare(rows_a: Rows, rows_b: Rows, *, name_a: str = "A", name_b: str = "B", seed: int = 0) -> Comparison:
    """Compare two runs row by row, matched by example id.

    Args:
        rows_a: A result, or its rows (as objects or as `to_dict` wrote them).
        rows_b: The other.
        name_a: What sentences call the first.
        name_b: And the second.
        seed: Seeds the resampling; the same rows give the same digits.

    Raises:
        DataError: The runs are not over the same examples.
    """
    first, second = _by_id(rows_a), _by_id(rows_b)
    _check_same(first, second, name_a, name_b)
    pairs = [RowPair(row, second[key]) for key, row in first.items()]
    scores = [(pair.a.score, pair.b.score) for pair in pairs]
    a = [one for one, other in scores if one is not None and other is not None]
    b = [other for one, other in scores if one is not None and other is not None]
    return Comparison(
        pairs=pairs,
        test=paired_test(a, b, seed=seed) if a else None,
        mean_a=math.fsum(a) / len(a) if a else 0.0,
        mean_b=math.fsum(b) / len(b) if b else 0.0,
        interval_a=mean_interval(a),
        interval_b=mean_interval(b),
        name_a=name_a,
        name_b=name_b,
    )


def _by_id(rows: Rows) -> dict[tuple[str, int], Row]:
    """Rows by example id; examples that are alike word for word are told apart by their order."""
    listed = rows.rows if isinstance(rows, EvaluationResult) else rows
    seen: Counter[str] = Counter()
    found: dict[tuple[str, int], Row] = {}
    for item in listed:
        row = item if isinstance(item, Row) else Row.from_dict(item)
        found[row.example_id, seen[row.example_id]] = row
        seen[row.example_id] += 1
    return found


def _check_same(
    first: Mapping[tuple[str, int], Row], second: Mapping[tuple[str, int], Row], name_a: str, name_b: str
) -> None:
    only_a = [key[0] for key in first if key not in second]
    only_b = [key[0] for key in second if key not in first]
    if not only_a and not only_b:
        return
    shared = len(first) - len(only_a)
    parts = [f"only in {name}: {_listed(ids)}" for name, ids in ((name_a, only_a), (name_b, only_b)) if ids]
    raise DataError(
        f"The runs are not over the same rows ({shared} shared; {'; '.join(parts)}).",
        hint="Evaluate both programs on the same dataset and split; partial runs have to be finished first.",
    )


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more
