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
from core.foundation.words import are
from core.search.run_log import RunLog

__all__ = ["Divided", "choosing_rows", "divide", "proving_rows", "said_of"]

LEAST_CHOOSING = 8
"""Rows below which a score says next to nothing."""

SHARE_OF_RUNS = 5
"""One full score may take this part of all runs that the budget pays for."""

ENOUGH_CHOOSING = 40
"""Up to so many rows two fifths of the runs pay for one full score: two programs compared well before many badly."""

LEAST_TO_SPLIT = 4

LEAST_PROVING = 20
"""Rows below which a confirmation of the winner says too little to be worth its calls."""

SHARE_TO_PROVE = 15
"""Rows to confirm on: this part of the runs at most, for each of the winner and the program as given."""


@dataclass(frozen=True)
class Divided:
    """Rows that teach, rows that choose (None: there are too few to keep apart), and what to say of it.

    Attributes:
        proof: Rows that neither teach nor choose: the winner is confirmed on them. None: none are to spare.
    """

    train: list[Example]
    validation: list[Example] | None
    remarks: tuple[str, ...] = ()
    proof: list[Example] | None = None


def choosing_rows(runs: int | None, most: int) -> int:
    """Return how many rows candidates are scored on.

    Args:
        runs: Runs of the program that the budget pays for; None: no cap.
        most: Never more than this.
    """
    if runs is None:
        return most
    wanted = max(LEAST_CHOOSING, min(ENOUGH_CHOOSING, 2 * runs // 5), runs // SHARE_OF_RUNS)
    return min(most, wanted)


def proving_rows(runs: int | None, most: int) -> int:
    """Return how many rows the winner is confirmed on, where as many are to spare; 0: too few to be worth it."""
    count = most if runs is None else min(most, runs // SHARE_TO_PROVE)
    return count if count >= LEAST_PROVING else 0


def divide(
    train: Sequence[Example],
    validation: Sequence[Example] | None,
    wanted: int,
    seed: int,
    log: RunLog,
    *,
    proving: int = 0,
    held: bool = False,
) -> Divided:
    """Return the rows of a search.

    Args:
        validation: Rows to choose by; None or empty: a part of the training rows is set aside.
        wanted: Rows to choose by.
        log: Of an earlier session: its sizes count.
        proving: Rows to confirm the winner on, where that many are left over.
        held: The caller has some of the rows to choose by set aside for that.
    """
    header = next((event for event in log.read() if event.get("type") == "header"), None)
    sizes = (header or {}).get("rows") or {}
    if sizes.get("scored_on") == "validation":
        confirmed = sizes.get("confirm", 0)
        wanted = sizes["scoring"] + sizes.get("taught", 0) + (confirmed if held else 0)
        proving = confirmed if proving else 0
    if not validation:
        return _split(list(train), wanted, seed, proving)
    if len(validation) <= wanted:
        return Divided(list(train), list(validation))
    order = rng(seed, "auto validation").sample(range(len(validation)), len(validation))
    places = set(order[:wanted])
    chosen = [row for place, row in enumerate(validation) if place in places]
    known = {_asked(row) for row in chosen}
    left = [validation[place] for place in order[wanted:] if _asked(validation[place]) not in known]
    unseen = {_asked(row) for row in left}
    apart = [row for row in train if _asked(row) not in unseen]
    said = f"Candidates are scored on {wanted} of the {len(validation)} validation rows, drawn at random: a full score"
    proof = left[:proving] if apart and proving and len(left) >= proving else None
    others = ""
    if proof:
        others = f" {len(proof)} of the others {are(len(proof), 'confirms', 'confirm')} the winner."
    remarks = (f"{said} on all would take too much of the budget.{others}",)
    return Divided(apart or list(train), chosen, remarks, proof)


def _split(rows: list[Example], wanted: int, seed: int, proving: int) -> Divided:
    if len(rows) < LEAST_TO_SPLIT:
        return Divided(rows, None)
    count = min(wanted, len(rows) // 2)
    proving = proving if len(rows) >= 4 * (count + proving) else 0
    order = rng(seed, "auto split").sample(range(len(rows)), len(rows))
    aside = {_asked(rows[place]) for place in order[:count]}
    chosen = [row for row in rows if _asked(row) in aside]
    rest = [rows[place] for place in order[count:] if _asked(rows[place]) not in aside]
    proof = rest[:proving]
    gone = aside | {_asked(row) for row in proof}
    taught = [row for row in rows if _asked(row) not in gone]
    if not taught:
        return Divided(rows, None)
    return Divided(taught, chosen, (said_of(len(rows), len(chosen), len(taught), len(proof)),), proof or None)


def said_of(rows: int, chosen: int, taught: int, proof: int = 0) -> str:
    """Return what a report says where the training rows were divided."""
    last = f", {proof} confirm the winner" if proof else ""
    return (
        f"No validation rows were given: {chosen} of the {rows} rows choose between candidates{last}, "
        f"the other {taught} teach."
    )


def _asked(row: Example) -> str:
    return fingerprint(dict(row.inputs().items()))
