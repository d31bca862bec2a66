"""A proposal: what an optimizer asks the loop to try.

Knows nothing about how it will be scored; the loop gives it an id, drops it when it is not new, and races it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.search.candidate import State

__all__ = ["Proposal"]


@dataclass(frozen=True)
class Proposal:
    """One state worth trying.

    Attributes:
        state: What changes about the student; see `core.search.candidate`.
        label: What it is, for people.
        parents: Ids of the candidates it was made from.
        seed: The number that DSPy's `candidate_programs` show.
        evaluate: False: taken as it is, never scored.
        notes: JSON data for the report.
    """

    state: State
    label: str = ""
    parents: tuple[str, ...] = ()
    seed: int | None = None
    evaluate: bool = True
    notes: dict[str, Any] = field(default_factory=dict[str, Any])
