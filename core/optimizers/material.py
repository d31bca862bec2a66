"""What proposers of instructions are shown: rows, fields and earlier attempts, as short texts.

Knows nothing about search strategies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.foundation.fingerprint import canonical_json, jsonable
from core.optimizers.checks import check_predictors
from core.search.problem import Problem

__all__ = ["attempts_text", "check_writable", "fields_text", "rows_text"]

LONGEST_VALUE = 400
"""Characters of one value that a proposer sees."""


def check_writable(problem: Problem) -> None:
    """Check that there are steps to write instructions for and rows to score them on.

    Raises:
        OptimizerError: There are none.
    """
    check_predictors(problem)
    if not problem.scoring:
        raise OptimizerError("There are no rows to score on.", hint="Give a trainset or a valset.")


def rows_text(rows: Sequence[Example], signature: Any = None) -> str:
    """Return rows as blocks of `field: value`, inputs before labels.

    Args:
        signature: Leaves out fields that it does not have, where it has any of the row's.
    """
    return "\n\n".join(_row(row, signature) for row in rows)


def _row(row: Example, signature: Any) -> str:
    values = {**dict(row.inputs().items()), **dict(row.labels().items())}
    known = [name for name in values if signature is not None and name in signature.fields]
    return "\n".join(f"{name}: {_short(values[name])}" for name in (known or values))


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else canonical_json(jsonable(value))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def fields_text(signature: Any) -> str:
    """Return a signature's fields with their types and descriptions, one a line."""
    return "\n".join(
        f"{field.role} {name} ({field.type_name}){f': {field.desc}' if field.has_desc else ''}"
        for name, field in signature.fields.items()
    )


def attempts_text(attempts: Sequence[tuple[str, float]]) -> str:
    """Return instructions with their scores in percent, in the order given."""
    return "\n\n".join(
        f"Attempt {number}, score {100 * score:.1f}:\n{text}"
        for number, (text, score) in enumerate(attempts, 1)
    )


def instructions_of(state: Mapping[str, Mapping[str, Any]], path: str, default: str) -> str:
    """Return the instructions that a state gives a predictor."""
    return (state.get(path) or {}).get("instructions") or default
