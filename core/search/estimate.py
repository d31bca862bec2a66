"""What a compile would take, before it sends anything: calls, and from a probe tokens, money and time.

Knows nothing about any model's price. The formulas are the optimizers' own; answers from the cache make the true
numbers smaller. What one call takes comes from a few probe runs (`core.search.probing`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from core.modules.module import Module
from core.modules.parts import children

__all__ = ["Amount", "Estimate", "Measured", "Phase", "calls_per_run"]

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
class Amount:
    """A range: at least, likely, at most."""

    low: float
    likely: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Amount:
        """Return the least, the mean and the most of some values."""
        return cls(min(values), math.fsum(values) / len(values), max(values))


class Measured(Protocol):
    """What an estimate needs of a probe, or of whoever else knows what one call takes."""

    @property
    def prompt_tokens(self) -> Amount: ...
    @property
    def completion_tokens(self) -> Amount: ...
    @property
    def demo_tokens(self) -> float: ...
    @property
    def seconds(self) -> Amount | None: ...
    @property
    def cost(self) -> Amount | None: ...


SPREAD = 1.5
"""How far single calls go beyond the few that a probe saw, either way."""

DRIFT = 4.0
"""How far the time of a call goes beyond it: a server under load answers later, a batch sooner."""


@dataclass(frozen=True)
class Estimate:
    """Calls per phase and in all; after `priced` also tokens, money and time.

    Attributes:
        tokens: Prompt and completion tokens; None before `priced`, as are the others.
        cost: US dollars; None where a price is unknown.
        seconds: Wall time; None where nothing was sent to measure.
    """

    phases: tuple[Phase, ...] = ()
    tokens: Amount | None = None
    cost: Amount | None = None
    seconds: Amount | None = None

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

    def priced(self, call: Measured, *, demos: int = 0, num_threads: int = 1) -> Estimate:
        """Return the estimate with tokens, money and time.

        Args:
            call: What one call takes, of `core.search.probing.probe`.
            demos: How many demos a candidate's prompt may carry (`optimizer.most_demos`).
            num_threads: Calls in flight.
        """
        prompt, reply, more = call.prompt_tokens, call.completion_tokens, call.demo_tokens * demos
        tokens = Amount(
            self.low * (prompt.low + reply.low) / SPREAD,
            self.likely * (prompt.likely + more / 2 + reply.likely),
            self.high * (prompt.high + more + reply.high) * SPREAD,
        )
        return replace(
            self,
            tokens=Amount(math.floor(tokens.low), round(tokens.likely), math.ceil(tokens.high)),
            cost=None if call.cost is None else self._cost(call, call.cost, more),
            seconds=None if call.seconds is None else self._seconds(call.seconds, num_threads),
        )

    def _cost(self, call: Measured, cost: Amount, more: float) -> Amount:
        prompt = call.prompt_tokens.likely + call.completion_tokens.likely
        # A longer prompt costs at most what its tokens would at the mean price of all, replies included.
        grown = more / prompt if prompt else 0.0
        return Amount(
            self.low * cost.low / SPREAD,
            self.likely * cost.likely * (1 + grown / 2),
            self.high * cost.high * (1 + grown) * SPREAD,
        )

    def _seconds(self, seconds: Amount, num_threads: int) -> Amount:
        width = max(1, num_threads)
        return Amount(
            self.low * seconds.low / width / DRIFT,
            self.likely * seconds.likely / width,
            self.high * seconds.high * DRIFT,  # at worst one call after another
        )

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        amounts = {"tokens": self.tokens, "cost": self.cost, "seconds": self.seconds}
        return {
            "phases": [asdict(phase) for phase in self.phases],
            "calls": {"low": self.low, "likely": self.likely, "high": self.high},
            **{name: asdict(amount) for name, amount in amounts.items() if amount is not None},
        }

    def __str__(self) -> str:
        calls = f"{self.likely:,} calls ({self.low:,} to {self.high:,})"
        parts = [
            f"{amount.likely:,.{digits}f} {unit} ({amount.low:,.{digits}f} to {amount.high:,.{digits}f})"
            for amount, unit, digits in (
                (self.tokens, "tokens", 0),
                (self.cost, "US dollars", 4),
                (self.seconds, "seconds", 0),
            )
            if amount is not None
        ]
        return "; ".join([calls, *parts])


def calls_per_run(program: Module) -> int:
    """Return how many calls one run takes when each predictor is called once, and attempts are made to the last."""
    return max(1, _calls(program, set()))


def _calls(part: Any, seen: set[int]) -> int:
    from core.modules.predict import Predict

    seen.add(id(part))
    inside = sum(_calls(child, seen) for _, child in children(part) if id(child) not in seen)
    return part.calls_with(inside) + isinstance(part, Predict)
