"""How often something happened inside a block of code: adapter fallbacks and the like, by name.

Knows nothing about what is counted. A count costs a look at a context variable where nobody counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["count", "counts"]

_counters: ContextVar[tuple[Counter[str], ...]] = ContextVar("counters", default=())


def count(name: str, times: int = 1) -> None:
    """Add to the count of `name` in every block around."""
    for counter in _counters.get():
        counter[name] += times


@contextmanager
def counts() -> Generator[Counter[str]]:
    """Give the counts of what happens inside the block, in this thread or task and those it starts."""
    counter: Counter[str] = Counter()
    token = _counters.set((*_counters.get(), counter))
    try:
        yield counter
    finally:
        _counters.reset(token)
