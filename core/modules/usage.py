"""Tokens per model on what the outermost program returns, where the setting `track_usage` asks for them.

Knows nothing about how they were spent; answers from the cache cost none.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from core.data.prediction import Prediction
from core.settings import current
from core.trace.span import Span
from core.trace.tracer import sink_to

__all__ = ["UsageCount", "counting", "usage_is_wanted"]

T = TypeVar("T")

_under_count: ContextVar[bool] = ContextVar("usage_under_count", default=False)


class UsageCount:
    """A sink that adds up tokens per model."""

    def __init__(self) -> None:
        self.by_model: dict[str, dict[str, int]] = {}

    def on_end(self, span: Span) -> None:
        """Take one call of a model."""
        if span.status != "ok" or span.attributes.get("cached"):
            return
        total = self.by_model.setdefault(span.name, {})
        for name, count in span.attributes["usage"].items():
            total[name] = total.get(name, 0) + count

    def put_on(self, returned: T) -> T:
        """Note the sums on a prediction; anything else a program may return stays as it is."""
        if isinstance(returned, Prediction):
            returned.set_lm_usage(self.by_model)
        return returned


def usage_is_wanted() -> bool:
    """True where the setting asks for it and no program around this one is counting already."""
    return current().track_usage and not _under_count.get()


@contextmanager
def counting() -> Generator[UsageCount]:
    """Count the calls made inside the block."""
    token = _under_count.set(True)
    try:
        with sink_to(UsageCount(), kinds=("lm",)) as count:
            yield count
    finally:
        _under_count.reset(token)
