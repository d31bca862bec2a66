"""How many calls a compile would send, before it sends any.

Knows nothing about prices. The formulas are the optimizers' own; answers from the cache make the true number smaller.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from core.modules.module import Module
from core.modules.parts import children

__all__ = ["Estimate", "Phase", "calls_per_run"]

REPAIR = 2
"""A predictor sends at most an answer and one repair turn, retries after transport failures aside."""


@dataclass(frozen=True)
class Phase:
    """One phase of a compile with its range of calls."""

    name: str
    low: int
    likely: int
    high: int


@dataclass(frozen=True)
class Estimate:
    """Calls per phase and in all."""

    phases: tuple[Phase, ...] = ()

    @property
    def low(self) -> int:
        """The least number of calls."""
        return sum(phase.low for phase in self.phases)

    @property
    def likely(self) -> int:
        """What to expect."""
        return sum(phase.likely for phase in self.phases)

    @property
    def high(self) -> int:
        """The most, were every reply to need a repair turn and no candidate to be dropped."""
        return sum(phase.high for phase in self.phases)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "phases": [asdict(phase) for phase in self.phases],
            "calls": {"low": self.low, "likely": self.likely, "high": self.high},
        }


def calls_per_run(program: Module) -> int:
    """Return how many calls one run takes when each predictor is called once, and attempts are made to the last."""
    return max(1, _calls(program, set()))


def _calls(part: Any, seen: set[int]) -> int:
    from core.modules.predict import Predict

    seen.add(id(part))
    inside = sum(_calls(child, seen) for _, child in children(part) if id(child) not in seen)
    return part.calls_with(inside) + isinstance(part, Predict)
