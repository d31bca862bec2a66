"""Adds up tokens and money per model: `with core.track_usage() as tracker:`.

Knows nothing about programs. Hears of every answered call through `core.lm.tally`; answers from the cache cost nothing
and are counted apart.
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from core.lm.tally import counting_calls
from core.messages import LMRequest, LMResponse

__all__ = ["UsageTracker", "track_usage"]


class UsageTracker:
    """What the calls it heard of took; exact in threads and tasks.

    Attributes:
        calls: Answered calls that were paid for.
        cached_calls: Answers from the cache, or shared with a call under way.
        unpriced: Paid calls whose price is unknown.
        saved_cost: US dollars that the cache saved.
    """

    def __init__(self) -> None:
        self.calls = self.cached_calls = self.unpriced = 0
        self.saved_cost = 0.0
        self._known_cost = 0.0
        self._by_model: dict[str, dict[str, int]] = {}
        self._costs: dict[str, float | None] = {}
        self._lock = threading.Lock()

    def count(self, request: LMRequest, response: LMResponse) -> None:
        """Take one answered call."""
        with self._lock:
            if response.cached:
                self.cached_calls += 1
                self.saved_cost += response.saved_cost
                return
            self.calls += 1
            self._add(request.model, response.usage.to_dict())
            before = self._costs.get(request.model, 0.0)
            if response.cost is None:
                self.unpriced += 1
                self._costs[request.model] = None
            else:
                self._known_cost += response.cost
                self._costs[request.model] = None if before is None else before + response.cost

    def add_usage(self, model: str, usage: Mapping[str, Any]) -> None:
        """Add tokens that no model of ours was asked for: {"prompt_tokens": …, "completion_tokens": …}."""
        with self._lock:
            self._add(model, {name: count for name, count in usage.items() if isinstance(count, int)})

    def get_total_tokens(self) -> dict[str, dict[str, int]]:
        """Return {model: {"prompt_tokens", "completion_tokens", "total_tokens"}}, of paid calls alone."""
        with self._lock:
            return {model: dict(counts) for model, counts in self._by_model.items()}

    @property
    def cost(self) -> float | None:
        """US dollars spent; None where the price of a call is unknown (`unpriced` says of how many)."""
        return None if self.unpriced else self._known_cost

    @property
    def cost_by_model(self) -> dict[str, float | None]:
        """US dollars per model; None where a price is unknown."""
        with self._lock:
            return dict(self._costs)

    def _add(self, model: str, counts: Mapping[str, int]) -> None:
        total = self._by_model.setdefault(model, {})
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count


@contextmanager
def track_usage() -> Generator[UsageTracker]:
    """Count the calls made inside the block, in its threads and tasks too; blocks may be nested.

        with core.track_usage() as tracker:
            program(question="…")
        tracker.get_total_tokens(), tracker.cost

    Answers from the cache cost nothing and are counted apart.
    """
    tracker = UsageTracker()
    with counting_calls(tracker.count):
        yield tracker
