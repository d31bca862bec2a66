"""Tokens per model on what the outermost program returns, where the setting `track_usage` asks for them.

Knows nothing about how they were spent; answers from the cache cost none.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from core.data.prediction import Prediction
from core.lm.tally import counting_calls
from core.lm.usage import UsageTracker
from core.settings import current

__all__ = ["UsageCount", "counting", "usage_is_wanted"]

T = TypeVar("T")

_under_count: ContextVar[bool] = ContextVar("usage_under_count", default=False)


class UsageCount(UsageTracker):
    """Adds up tokens per model for one prediction."""

    def put_on(self, returned: T) -> T:
        """Note the sums on a prediction; anything else a program may return stays as it is."""
        if isinstance(returned, Prediction):
            returned.set_lm_usage(self.get_total_tokens())
        return returned


def usage_is_wanted() -> bool:
    """True where the setting asks for it and no program around this one is counting already."""
    return current().track_usage and not _under_count.get()


@contextmanager
def counting() -> Generator[UsageCount]:
    """Count the calls made inside the block."""
    token, count = _under_count.set(True), UsageCount()
    try:
        with counting_calls(count.count):
            yield count
    finally:
        _under_count.reset(token)
