"""The one instrument: `span(kind, name)`, a shared no-op unless somebody listens.

Knows nothing about programs; sinks and the current span travel in context variables, so into every task and thread.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Generic, TypeVar

from core.trace.sinks import Sink
from core.trace.span import Span

__all__ = ["current_span", "emit", "is_tracing", "sink_to", "span"]


class _Listening:
    """Who listens here, and to which kinds of spans."""

    __slots__ = ("kinds", "sinks")

    def __init__(self, sinks: tuple[tuple[Sink, frozenset[str] | None], ...]) -> None:
        self.sinks = sinks
        wanted = [kinds for _, kinds in sinks]
        self.kinds = None if None in wanted else frozenset[str]().union(*(kinds or () for kinds in wanted))

    def wants(self, kind: str) -> bool:
        return self.kinds is None or kind in self.kinds

    def tell(self, span: Span) -> None:
        for sink, kinds in self.sinks:
            if kinds is None or span.kind in kinds:
                sink.on_end(span)


_listening: ContextVar[_Listening | None] = ContextVar("trace_sinks", default=None)
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
    __slots__ = ("_listening", "_span", "_token")

    def __init__(self, span: Span, listening: _Listening) -> None:
        self._span = span
        self._listening = listening
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
        self._listening.tell(span)


def span(kind: str, name: str, *, path: str = "", **attributes: Any) -> _Recording | _Silence:
    """Return a context manager around one piece of work, for sync and async code alike.

    Entering gives the `Span` (or a stand-in whose `recording` is False). An exception marks it as failed.
    """
    listening = _listening.get()
    if listening is None or not listening.wants(kind):
        return _silence
    return _Recording(_child(kind, name, path, attributes), listening)


def emit(name: str, **attributes: Any) -> None:
    """Record something that happened at one moment, as a span of kind "event"."""
    listening = _listening.get()
    if listening is None or not listening.wants("event"):
        return
    event = _child("event", name, "", attributes)
    event.end = event.start
    listening.tell(event)


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
    """True where a sink listens to all that happens."""
    listening = _listening.get()
    return listening is not None and listening.kinds is None


def current_span() -> Span | None:
    """Return the innermost open span of this context."""
    return _current.get()


class _Attached(Generic[S]):
    """A sink that listens while the block lasts."""

    __slots__ = ("_fresh", "_kinds", "_root", "_sink", "_token")

    def __init__(self, sink: S, fresh: bool, kinds: frozenset[str] | None) -> None:
        self._sink, self._fresh, self._kinds = sink, fresh, kinds

    def __enter__(self) -> S:
        before = _listening.get()
        others = before.sinks if before is not None else ()
        self._token = _listening.set(_Listening((*others, (self._sink, self._kinds))))
        self._root = _current.set(None) if self._fresh else None
        return self._sink

    def __exit__(self, *_: object) -> None:
        _listening.reset(self._token)
        if self._root is not None:
            _current.reset(self._root)


def sink_to(sink: S, *, fresh: bool = False, kinds: Iterable[str] | None = None) -> _Attached[S]:
    """Let `sink` listen inside the block, beside those that listen already.

    Args:
        fresh: Start new traces: spans inside do not become children of the span around the block.
        kinds: Listen to these kinds alone; spans that nobody listens to cost next to nothing.
    """
    return _Attached(sink, fresh, None if kinds is None else frozenset(kinds))
