"""Caps on what a block of code may spend on language models: calls, tokens, US dollars, seconds.

Knows nothing about programs or searches (`core.search.budget` is theirs; both hold where both are set). Asked before
every request that is sent upstream, retries included; answers from the cache are free.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from core.foundation.errors import BudgetExceeded, ConfigurationError
from core.foundation.words import counted
from core.messages import LMResponse

__all__ = ["Spent", "budget", "budgets", "give_back", "settle", "take"]

_log = logging.getLogger("core.lm.spending")

_UNITS = {"calls": "calls", "tokens": "tokens", "cost": "US dollars", "seconds": "seconds"}


class Spent:
    """What was spent inside one `budget`, and what it allows; readable at any time, from any thread.

    Attributes:
        calls: Requests sent upstream, failed ones and retries included.
        prompt_tokens, completion_tokens: Of the answered ones.
        cost: US dollars, of the answered ones whose price is known.
        unpriced: Answers whose price is unknown; a cap on cost cannot see them.
        caps: {resource: cap} of what is capped.
    """

    def __init__(self, caps: dict[str, float], clock: Callable[[], float] = time.monotonic) -> None:
        self.caps = caps
        self.calls = self.prompt_tokens = self.completion_tokens = self.unpriced = 0
        self.cost = 0.0
        self._lock = threading.Lock()
        self._clock, self._start = clock, clock()

    @property
    def tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def seconds(self) -> float:
        """Wall time since the block was entered."""
        return self._clock() - self._start

    def remaining(self, resource: str) -> float | None:
        """Return what is left of "calls", "tokens", "cost" or "seconds"; None without a cap."""
        cap = self.caps.get(resource)
        return None if cap is None else max(0.0, cap - float(getattr(self, resource)))

    def take(self) -> None:
        """Count one request before it is sent.

        Raises:
            BudgetExceeded: It must not be sent; nothing was counted.
        """
        with self._lock:
            for resource, cap in self.caps.items():
                if getattr(self, resource) >= cap:
                    raise BudgetExceeded(
                        f"The budget of {counted(cap, _UNITS[resource].removesuffix('s'))} is used up.",
                        resource=resource,
                        hint=f"Raise {resource}= of core.budget(…) and run it again: what was answered is in the "
                        "cache and costs nothing.",
                    )
            self.calls += 1

    def give_back(self) -> None:
        """Undo `take`: the request was not sent after all."""
        with self._lock:
            self.calls -= 1

    def settle(self, response: LMResponse | None) -> None:
        """Add what an answered request took; None: it failed."""
        if response is None:
            return
        with self._lock:
            self.prompt_tokens += response.usage.prompt_tokens
            self.completion_tokens += response.usage.completion_tokens
            self.cost += response.cost or 0.0
            self.unpriced += response.cost is None
            blind = response.cost is None and self.unpriced == 1 and "cost" in self.caps
        if blind:
            _log.warning(
                "No price is known for %s: the cap on cost cannot see its calls. configure(prices={…}) tells it.",
                response.model or "a model",
            )

    def __repr__(self) -> str:
        return f"Spent(calls={self.calls}, tokens={self.tokens}, cost={self.cost:g}, caps={self.caps})"


budgets: ContextVar[tuple[Spent, ...]] = ContextVar("budgets", default=())
"""Those in force, innermost first."""


@contextmanager
def budget(
    *,
    calls: int | None = None,
    tokens: int | None = None,
    cost: float | None = None,
    seconds: float | None = None,
) -> Generator[Spent]:
    """Cap what the block spends on language models, in its threads and tasks too.

        with core.budget(calls=100, cost=0.50) as spent:
            evaluate(program)
        print(spent.calls, spent.cost)

    A cap on calls is exact at any concurrency. What a call takes of tokens and money is known when it is answered: the
    calls in flight at that moment may go beyond those caps, nothing after them. Seconds are looked at before each
    request; one under way is not cut off. Blocks may be nested: each call counts for all of them, and the first cap
    that is reached refuses. An evaluation or a search ends there and keeps what it has.

    Args:
        calls: Requests sent upstream, retries included; answers from the cache are free.
        tokens: Prompt and completion tokens.
        cost: US dollars; calls of models whose price is unknown count as nothing and are warned of once.
        seconds: Wall time.

    Raises:
        BudgetExceeded: Inside the block, by the call that must not be sent; `.resource` names the cap.
        ConfigurationError: No cap is given, or a negative one.
    """
    given = {"calls": calls, "tokens": tokens, "cost": cost, "seconds": seconds}
    caps = {name: float(cap) for name, cap in given.items() if cap is not None}
    if not caps or any(not cap >= 0 for cap in caps.values()):
        raise ConfigurationError(
            "A budget needs at least one cap, none of them negative.",
            hint="For example core.budget(calls=100) or core.budget(cost=0.50, seconds=600).",
        )
    spent = Spent(caps)
    token = budgets.set((spent, *budgets.get()))
    try:
        yield spent
    finally:
        budgets.reset(token)


def take(caps: Sequence[Spent]) -> None:
    """Count one request with all of them, or with none.

    Raises:
        BudgetExceeded: It must not be sent.
    """
    for position, spent in enumerate(caps):
        try:
            spent.take()
        except BudgetExceeded:
            give_back(caps[:position])
            raise


def give_back(caps: Sequence[Spent]) -> None:
    """Undo `take`."""
    for spent in caps:
        spent.give_back()


def settle(caps: Sequence[Spent], response: LMResponse | None) -> None:
    """Add what one request that `take` let through took; None: it failed."""
    for spent in caps:
        spent.settle(response)
