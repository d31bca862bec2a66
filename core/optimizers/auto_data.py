"""Which rows teach and which choose, for a search that is given one pile of rows, or more than its budget can use.

Knows nothing about candidates. What chooses is apart from what teaches; a resumed search has the sizes of its log, so a
raised cap goes on with the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.data.example import Example
from core.foundation.fingerprint import fingerprint
from core.foundation.randomness import rng
from core.search.run_log import RunLog

__all__ = ["Divided", "choosing_rows", "divide"]

LEAST_CHOOSING = 8
"""Rows below which a score says next to nothing."""

SHARE_OF_RUNS = 6
"""One full score may take this part of all runs that the budget pays for."""

LEAST_TO_SPLIT = 4


@dataclass(frozen=True)
class Divided:
    """Rows that teach, rows that choose (None: there are too few to keep apart), and what to say of it."""

    train: list[Example]
    validation: list[Example] | None
    remarks: tuple[str, ...] = ()


def choosing_rows(runs: int | None, most: int) -> int:
    """Return how many rows candidates are scored on.

    Args:
        runs: Runs of the program that the budget pays for; None: no cap.
        most: Never more than this.
    """
    return most if runs is None else max(min(LEAST_CHOOSING, most), min(most, runs // SHARE_OF_RUNS))


def divide(
    train: Sequence[Example], validation: Sequence[Example] | None, wanted: int, seed: int, log: RunLog
) -> Divided:
    """Return the rows of a search.

    Args:
        validation: Rows to choose by; None or empty: a part of the training rows is set aside.
        wanted: Rows to choose by.
        log: Of an earlier session: its sizes count.
    """
    wanted = _logged(log) or wanted
    if not validation:
        return _split(list(train), wanted, seed)
    if len(validation) <= wanted:
        return Divided(list(train), list(validation))
    places = set(rng(seed, "auto validation").sample(range(len(validation)), wanted))
    chosen = [row for place, row in enumerate(validation) if place in places]
    left = {_asked(row) for place, row in enumerate(validation) if place not in places}
    apart = [row for row in train if _asked(row) not in left]
    said = f"Candidates are scored on {wanted} of the {len(validation)} validation rows, drawn at random: a full score"
    return Divided(apart or list(train), chosen, (f"{said} on all would take too much of the budget.",))


def _split(rows: list[Example], wanted: int, seed: int) -> Divided:
    if len(rows) < LEAST_TO_SPLIT:
        return Divided(rows, None)
    count = min(wanted, len(rows) // 2)
    order = rng(seed, "auto split").sample(range(len(rows)), len(rows))
    aside = {_asked(rows[place]) for place in order[:count]}
    chosen = [row for row in rows if _asked(row) in aside]
    taught = [row for row in rows if _asked(row) not in aside]
    if not taught:
        return Divided(rows, None)
    said = (
        f"No validation rows were given: {len(chosen)} of the {len(rows)} rows choose between candidates, "
        f"the other {len(taught)} teach."
    )
    return Divided(taught, chosen, (said,))


def _logged(log: RunLog) -> int | None:
    header = next((event for event in log.read() if event.get("type") == "header"), None)
    rows = (header or {}).get("rows") or {}
    return rows.get("scoring") if rows.get("scored_on") == "validation" else None


def _asked(row: Example) -> str:
    return fingerprint(dict(row.inputs().items()))
