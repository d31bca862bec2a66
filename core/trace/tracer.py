"""The one instrument: `span(kind, name)`, a shared no-op unless somebody listens.

Knows nothing about programs; sinks and the current span travel in context variables, so into every task and thread.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, TypeVar

from core.trace.sinks import Sink
from core.trace.span import Span

__all__ = ["current_span", "emit", "is_tracing", "sink_to", "span"]

_sinks: ContextVar[tuple[Sink, ...]] = ContextVar("trace_sinks", default=())
_current: ContextVar[Span | None] = ContextVar("current_span", default=None)

S = TypeVar("S", bound=Sink)


class _Silence:
    """What `span` gives when nobody listens: costs next to nothing, keeps nothing."""

    __slots__ = ()
    recording = False

    def __enter__(self) -> _Silence:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def set(self, **_attributes: Any) -> None:
        return None


_silence = _Silence()


class _Recording:
    __slots__ = ("_sinks", "_span", "_token")

    def __init__(self, span: Span, sinks: tuple[Sink, ...]) -> None:
        self._span = span
        self._sinks = sinks
        self._token: Token[Span | None] | None = None

    def __enter__(self) -> Span:
        self._token = _current.set(self._span)
        return self._span

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._token is not None:
            _current.reset(self._token)
        span = self._span
        span.end = time.time()
        if error is not None:
            span.status = "error"
            span.error = f"{type(error).__name__}: {error}"
        for sink in self._sinks:
            sink.on_end(span)


def span(kind: str, name: str, *, path: str = "", **attributes: Any) -> _Recording | _Silence:
    """Return a context manager around one piece of work, for sync and async code alike.

    Entering gives the `Span` (or a stand-in whose `recording` is False). An exception marks it as failed.
    """
    sinks = _sinks.get()
    if not sinks:
        return _silence
    return _Recording(_child(kind, name, path, attributes), sinks)


def emit(name: str, **attributes: Any) -> None:
    """Record something that happened at one moment, as a span of kind "event"."""
    sinks = _sinks.get()
    if not sinks:
        return
    event = _child("event", name, "", attributes)
    event.end = event.start
    for sink in sinks:
        sink.on_end(event)


def _child(kind: str, name: str, path: str, attributes: dict[str, Any]) -> Span:
    parent = _current.get()
    made = Span(kind=kind, name=name, path=path, attributes=attributes)
    if parent is None:
        made.trace_id = made.id
    else:
        made.parent_id = parent.id
        made.trace_id = parent.trace_id
    return made


def is_tracing() -> bool:
    """True where a sink listens."""
    return bool(_sinks.get())


def current_span() -> Span | None:
    """Return the innermost open span of this context."""
    return _current.get()


@contextmanager
def sink_to(sink: S, *, fresh: bool = False) -> Generator[S]:
    """Let `sink` listen inside the block, beside those that listen already.

    Args:
        fresh: Start new traces: spans inside do not become children of the span around the block.
    """
    token = _sinks.set((*_sinks.get(), sink))
    root = _current.set(None) if fresh else None
    try:
        yield sink
    finally:
        _sinks.reset(token)
        if root is not None:
            _current.reset(root)
