"""What a compile's figures allow to conclude, in a sentence: improved, worse, or no detectable difference.

Knows nothing about searches. The figures are those of a paired test (`core.evaluate.statistics.paired_test`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.foundation.words import counted

__all__ = ["FEW_ROWS", "points", "uncertainty", "verdict"]

FEW_ROWS = 20
"""Below it a score says little, and reports say so."""

DETECTABLE = 0.05


def verdict(test: Mapping[str, Any], before: float, after: float, rows: str) -> str:
    """Return the conclusion.

    Args:
        test: Difference, interval, p_value, n, rows_needed.
        before, after: Means of the program as given and of the winner.
        rows: Which rows, in words, after their number: "test rows that chose nothing".
    """
    low, high = test["interval"]
    evidence = (
        f"{points(test['difference'])} points (95 % interval {points(low)} to {points(high)}, "
        f"p = {test['p_value']:.2g}) on {test['n']} {rows if test['n'] != 1 else rows.replace('rows', 'row', 1)}"
    )
    if test["p_value"] < DETECTABLE:
        word = "Improved" if test["difference"] > 0 else "Worse than the program as given"
        return f"{word}: {before:.1%} before, {after:.1%} after, {evidence}."
    return f"No detectable difference: {before:.1%} before, {after:.1%} after, {evidence}.{_needed(test)}"


def points(difference: float) -> str:
    """Return a difference in percent points with its sign."""
    return f"{100 * difference:+.1f}".replace("-", "−")


def uncertainty(rows: int, interval: tuple[float, float], what: str) -> str:
    """Return a sentence about a score from few rows; empty where there are enough."""
    if not 0 < rows < FEW_ROWS:
        return ""
    low, high = interval
    return (
        f"Only {counted(rows, 'row')} {what}: the true score may lie anywhere from {low:.0%} to {high:.0%}."
    )


def _needed(test: Mapping[str, Any]) -> str:
    needed = test.get("rows_needed")
    if not needed or needed <= test["n"]:
        return ""
    return f" A true difference of that size would take about {counted(needed, 'row', grouped=True)} to show."
