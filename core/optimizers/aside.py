"""Rows to choose by, set aside from the training rows where the caller gave none.

Knows nothing about optimizers. Instructions are written from training rows, and demos are training rows: on these a
candidate's score says little of others. Most published algorithms score there all the same, so that rows are set aside
where candidates may be raced only; InferRules divides its rows by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.data.example import Example
from core.foundation.randomness import rng
from core.optimizers.auto_data import Divided, divide, said_of
from core.search.problem import rows_of
from core.search.run_log import as_run_log

__all__ = ["HALVES", "SHARE", "Aside", "readable", "set_aside"]

SHARE = 0.4
"""Of the training rows, set aside in a race."""


@dataclass(frozen=True)
class Aside:
    """When rows are set aside, and how many.

    Attributes:
        share: Of the training rows.
        least: Training rows below which none are.
        raced: Only where candidates may be raced.
    """

    share: float = SHARE
    least: int = 20
    raced: bool = True


RACED = Aside()
HALVES = Aside(share=0.5, least=2, raced=False)
"""What InferRules publishes: half of the rows teach, the others choose."""


def set_aside(
    trainset: Any, options: dict[str, Any], how: Aside = RACED
) -> tuple[list[Any], tuple[str, ...]]:
    """Return the rows to learn from, and what to say of it; puts those to choose by into the options.

    Args:
        options: Of `compile`: nothing is set aside where they name validation rows; an empty set of them names none.

    Raises:
        OptimizerError: Something is no set of rows.
    """
    rows = rows_of(trainset, "trainset")
    if options.get("valset") is not None:
        options["valset"] = rows_of(options["valset"], "valset") or None
    off = how.raced and options.get("racing", True) is False
    if options.get("valset") or off or len(rows) < how.least or not readable(rows):
        return rows, ()
    found = _divided(rows, options, how)
    options["valset"] = found.validation
    return found.train, found.remarks


def readable(rows: Sequence[Any]) -> bool:
    """Return whether all rows are examples with inputs; others are refused by the search, with the row's number."""
    return all(isinstance(row, Example) and row.input_keys is not None for row in rows)


def _divided(rows: list[Example], options: dict[str, Any], how: Aside) -> Divided:
    seed = options.get("seed") or 0
    if not how.raced:
        return _drawn(rows, how.share, seed)
    log = options["run_log"] = as_run_log(options.get("run_log"))
    wanted = round(how.share * len(rows))
    return divide(rows, None, wanted, seed, log, held=bool(options.get("confirm")))


def _drawn(rows: list[Example], share: float, seed: int) -> Divided:
    """Divide at random, whatever a log says: each side has one row at least."""
    count = min(len(rows) - 1, max(1, round((1 - share) * len(rows))))
    learn = set(rng(seed, "halves").sample(range(len(rows)), count))
    taught = [row for place, row in enumerate(rows) if place in learn]
    chosen = [row for place, row in enumerate(rows) if place not in learn]
    return Divided(taught, chosen, (said_of(len(rows), len(chosen), len(taught)),))
