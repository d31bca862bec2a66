"""Who wants to hear of every answered call: evaluations, usage trackers.

Knows nothing about what they do with it. Carried in a context variable, so into tasks and threads: each hears of the
calls made under it alone, cached ones included. A function call per answer; a span would cost ten times as much.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar, Token

from core.messages import LMRequest, LMResponse

__all__ = ["Count", "also_count", "count_no_more", "counting_calls", "tell"]

Count = Callable[[LMRequest, LMResponse], None]
"""Told of one answered call, from whatever thread made it; must not raise."""

_counts: ContextVar[tuple[Count, ...]] = ContextVar("call_counts", default=())


def tell(request: LMRequest, response: LMResponse) -> None:
    """Tell everybody who listens here of one answered call."""
    for count in _counts.get():
        count(request, response)


def also_count(count: Count) -> Token[tuple[Count, ...]]:
    """Let `count` hear of the calls made in this context from now on, beside those that do already."""
    return _counts.set((*_counts.get(), count))


def count_no_more(token: Token[tuple[Count, ...]]) -> None:
    """Undo `also_count`."""
    _counts.reset(token)


@contextmanager
def counting_calls(count: Count) -> Generator[None]:
    """Let `count` hear of the calls made inside the block."""
    token = also_count(count)
    try:
        yield
    finally:
        count_no_more(token)
