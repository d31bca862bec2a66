"""The ledger: what a search spent on what.

Knows nothing about caps (`core.search.budget`) or models; it adds up.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from core.search.budget import Spend

__all__ = ["CallRecord", "JobRecord", "Ledger", "Purpose"]

Purpose = str
"""`bootstrap`, `evaluate` or `propose`."""


@dataclass
class Ledger:
    """Spending by purpose, and the most that one job of each purpose took."""

    by_purpose: dict[Purpose, Spend] = field(default_factory=dict[Purpose, Spend])
    most: dict[Purpose, Spend] = field(default_factory=dict[Purpose, Spend])

    def add(self, purpose: Purpose, spend: Spend) -> None:
        """Add the spending of one finished job."""
        self.by_purpose.setdefault(purpose, Spend()).add(spend)
        most = self.most.setdefault(purpose, Spend())
        most.calls = max(most.calls, spend.calls)
        most.prompt_tokens = max(most.prompt_tokens, spend.prompt_tokens)
        most.completion_tokens = max(most.completion_tokens, spend.completion_tokens)
        most.cost = max(most.cost, spend.cost)

    def to_dict(self) -> dict[str, dict[str, float]]:
        """Return {purpose: spending}."""
        return {purpose: spend.to_dict() for purpose, spend in sorted(self.by_purpose.items())}


@dataclass
class CallRecord:
    """One settled call of a job that the log does not show as finished."""

    key: str
    spend: Spend


@dataclass
class JobRecord:
    """What earlier sessions of a search already paid for one job that they did not finish.

    The work is done again, and answers that reached the cache are free; requests whose answer was lost are sent
    again. Either way the budget counts them once, so a resumed search runs out exactly where it would have.
    """

    calls: list[CallRecord] = field(default_factory=list[CallRecord])

    def spend(self) -> Spend:
        """Return the sum."""
        total = Spend()
        for call in self.calls:
            total.add(call.spend)
        return total

    def by_key(self) -> Counter[str]:
        """Return how often each request was paid."""
        return Counter(call.key for call in self.calls)

    @classmethod
    def of_event(cls, event: dict[str, Any]) -> CallRecord:
        """Return the record that a `budget` event of kind `call` holds."""
        return CallRecord(str(event["key"]), Spend.from_dict(event))
