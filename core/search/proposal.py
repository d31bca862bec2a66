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
        evaluate: False: taken as it is, not scored; proposed again with True, the same state is.
        rows: Positions of the scoring rows to score it on, a mini-batch; None: all. Proposed again without them, or
            with others, the same state goes on where it was.
        hopeful: Of a mini-batch, run the rows by stages, in the order given, and give up where a race would; without
            racing there is no difference.
        notes: JSON data for the report.
    """

    state: State
    label: str = ""
    parents: tuple[str, ...] = ()
    seed: int | None = None
    evaluate: bool = True
    rows: tuple[int, ...] | None = None
    hopeful: bool = False
    notes: dict[str, Any] = field(default_factory=dict[str, Any])
