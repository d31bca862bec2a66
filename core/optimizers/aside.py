"""Rows to choose by, set aside from the training rows where the caller gave none and candidates may be raced.

Knows nothing about optimizers. Instructions are written from training rows, and demos are training rows: on these a
candidate's score says little of others. The published algorithms score there all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.data.example import Example
from core.optimizers.auto_data import divide
from core.search.run_log import as_run_log

__all__ = ["SHARE", "set_aside"]

LEAST = 20
"""Training rows below which none are set aside."""

SHARE = 0.4
"""Of the training rows, set aside."""


def set_aside(trainset: Iterable[Any], options: dict[str, Any]) -> tuple[list[Any], tuple[str, ...]]:
    """Return the rows to learn from, and what to say of it; puts those to choose by into the options.

    Args:
        options: Of `compile`: nothing is set aside where they name validation rows, or switch racing off.
    """
    rows = list(trainset)
    readable = all(isinstance(row, Example) and row.input_keys is not None for row in rows)
    given = options.get("valset")
    if given is not None or options.get("racing", True) is False or len(rows) < LEAST or not readable:
        return rows, ()
    log = options["run_log"] = as_run_log(options.get("run_log"))
    held = bool(options.get("confirm"))
    found = divide(rows, None, round(SHARE * len(rows)), options.get("seed", 0), log, held=held)
    options["valset"] = found.validation
    return found.train, found.remarks
