"""How often something happened inside a block of code: adapter fallbacks and the like, by name.

Knows nothing about what is counted. A count costs a look at a context variable where nobody counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar, Token

__all__ = ["FALLBACKS", "count", "count_into", "count_into_no_more", "counts"]

FALLBACKS = "adapter.fallbacks"
"""Replies that had to be asked for in another layout."""

Counting = Token[tuple[dict[str, int], ...]]

_counters: ContextVar[tuple[dict[str, int], ...]] = ContextVar("counters", default=())


def count(name: str, times: int = 1) -> None:
    """Add to the count of `name` in every block around."""
    for counter in _counters.get():
        counter[name] = counter.get(name, 0) + times


def count_into(counter: dict[str, int]) -> Counting:
    """Count into `counter` from here on in this context; give the result to `count_into_no_more`."""
    return _counters.set((*_counters.get(), counter))


def count_into_no_more(counting: Counting) -> None:
    """End the count, in the context that began it."""
    _counters.reset(counting)


@contextmanager
def counts() -> Generator[Counter[str]]:
    """Give the counts of what happens inside the block, in this thread or task and those it starts."""
    counter: Counter[str] = Counter()
    counting = count_into(counter)
    try:
        yield counter
    finally:
        count_into_no_more(counting)
