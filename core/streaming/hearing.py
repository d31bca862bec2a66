"""What a stream hears of one run of a program: deltas of the wanted fields, corrected by what was parsed.

Knows nothing about consumers: everything goes to a `put` that any thread may call.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from core.adapters.signatures import layout_of
from core.lm.deltas import Voice, listener
from core.messages import LMRequest, LMResponse
from core.streaming.field import FieldStream
from core.streaming.listener import Bound
from core.streaming.messages import ReplyChunk, StreamRestart
from core.wire.json_layout import JsonLayout

__all__ = ["Hearing"]

Put = Callable[[Any], None]


class Hearing:
    """The audience of one run.

    Args:
        put: Takes what is heard.
        bounds: What is wanted; none: the replies themselves.
    """

    def __init__(self, put: Put, bounds: Sequence[Bound]) -> None:
        self._put = put
        self._bounds = bounds
        self._lock = threading.Lock()
        self._stops: dict[int, Callable[[], None]] = {}
        self.closed = False

    def put(self, item: Any) -> None:
        """Pass on what is heard, while somebody wants it."""
        if not self.closed:
            self._put(item)

    def close(self) -> None:
        """Nobody wants more: end the requests under way, and refuse those to come."""
        with self._lock:
            self.closed = True
            stops = list(self._stops.values())
        for stop in stops:
            stop()

    def check(self) -> None:
        """Raise where nobody wants more.

        Raises:
            CancelledError: The consumer has left.
        """
        if self.closed:
            raise asyncio.CancelledError

    def stoppable(self, stop: Callable[[], None]) -> Callable[[], None]:
        """As `core.lm.deltas.Listener` says."""
        with self._lock:
            closed = self.closed
            self._stops[id(stop)] = stop
        if closed:
            stop()

        def release() -> None:
            self._stops.pop(id(stop), None)

        return release

    def direct(self) -> DirectEar | None:
        """Return who hears models that the program calls itself."""
        return None if self._bounds else DirectEar(self)

    async def follow(
        self,
        predictor: Any,
        path: str,
        signature: Any,
        adapter: Any,
        ask: Callable[[], Awaitable[list[dict[str, Any]]]],
    ) -> list[dict[str, Any]]:
        """Run one predictor's request and hear it; see `core.lm.deltas.Audience`."""
        self.check()
        ear = self._ear(predictor, path, signature, adapter)
        token = listener.set(ear)
        try:
            completions = await ask()
        finally:
            listener.reset(token)
        if isinstance(ear, FieldEar) and completions:
            ear.finish(completions[0])
        return completions

    def _ear(self, predictor: Any, path: str, signature: Any, adapter: Any) -> ReplyEar | FieldEar | None:
        if not self._bounds:
            return ReplyEar(self, path)
        streams: list[FieldStream] = []
        for bound in self._bounds:
            if bound.wants(predictor, path, signature):
                with self._lock:
                    call = bound.claim()
                if call is not None:
                    name = bound.name or path
                    streams.append(FieldStream(self.put, name, bound.field, call, signature))
        if not streams:
            return None
        return FieldEar(self, streams, partial(_layout, signature, getattr(adapter, "layout", None)))


def _layout(signature: Any, kind: Any, request: LMRequest) -> Any:
    """Return the layout that the reply to a request has; None where nobody can tell."""
    if request.params.get("response_format"):
        kind = JsonLayout  # also where another adapter falls back to it
    return layout_of(signature, kind) if isinstance(kind, type) else None


class _Ear:
    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._streamed = False
        self._last: str | None = None  # what arrived last, and nothing began since

    def stoppable(self, stop: Callable[[], None]) -> Callable[[], None]:
        return self._hearing.stoppable(stop)

    def begin(self, request: LMRequest) -> Voice:
        self._hearing.check()
        self._streamed, self._last = False, None
        self.restart(request)
        return self

    def restart(self, request: LMRequest) -> None:
        raise NotImplementedError

    def text(self, piece: str) -> None:
        raise NotImplementedError

    def reasoning(self, piece: str) -> None:
        raise NotImplementedError

    def arrived(self, request: LMRequest, response: LMResponse) -> None:
        if not response.outputs:
            return
        output = response.outputs[0]
        if not self._streamed and output.text != self._last:  # a model that asks another one arrives twice
            self.begin(request)
            if output.reasoning:
                self.reasoning(output.reasoning)
            self.text(output.text)
        self._streamed, self._last = False, output.text


class ReplyEar(_Ear):
    """Hears replies as they are."""

    def __init__(self, hearing: Hearing, name: str) -> None:
        super().__init__(hearing)
        self._name = name
        self._open = False  # said something of a reply that has not arrived

    def restart(self, request: LMRequest) -> None:
        """Another reply; what an attempt said that broke off is void."""
        if self._open:
            self._hearing.put(StreamRestart(self._name, ""))
        self._open = False

    def text(self, piece: str) -> None:
        """The reply goes on."""
        self._say(ReplyChunk(self._name, content=piece))

    def reasoning(self, piece: str) -> None:
        """The reasoning goes on."""
        self._say(ReplyChunk(self._name, reasoning_content=piece))

    def _say(self, chunk: ReplyChunk) -> None:
        self._streamed = self._open = True
        self._hearing.put(chunk)

    def arrived(self, request: LMRequest, response: LMResponse) -> None:
        """The reply is whole."""
        super().arrived(request, response)
        self._open = False


class DirectEar:
    """Hears the replies to requests of a program's own, several at once: each request has an ear of its own."""

    def __init__(self, hearing: Hearing) -> None:
        self._hearing = hearing
        self._ears: dict[
            int, tuple[LMRequest, ReplyEar]
        ] = {}  # by identity, which holds while the request is kept

    def stoppable(self, stop: Callable[[], None]) -> Callable[[], None]:
        """As `core.lm.deltas.Listener` says."""
        return self._hearing.stoppable(stop)

    def begin(self, request: LMRequest) -> Voice:
        """A reply begins, or begins again."""
        _, ear = self._ears.setdefault(id(request), (request, ReplyEar(self._hearing, "")))
        return ear.begin(request)

    def arrived(self, request: LMRequest, response: LMResponse) -> None:
        """A reply is whole."""
        _, ear = self._ears.pop(id(request), (request, ReplyEar(self._hearing, "")))
        ear.arrived(request, response)


class FieldEar(_Ear):
    """Hears the wanted fields of one predictor's replies."""

    def __init__(
        self, hearing: Hearing, streams: list[FieldStream], layout: Callable[[LMRequest], Any]
    ) -> None:
        super().__init__(hearing)
        self._streams = streams
        self._layout = layout
        self._several = False

    def restart(self, request: LMRequest) -> None:
        """Another reply: a further attempt, a repair, a fallback. After several samples nobody knows whose it is."""
        layout = None if self._several else self._layout(request)
        for stream in self._streams:
            stream.restart(layout)

    def text(self, piece: str) -> None:
        """The reply goes on."""
        self._streamed = True
        for stream in self._streams:
            stream.text(piece)

    def reasoning(self, piece: str) -> None:
        """The reasoning goes on: a field that the model fills natively."""
        self._streamed = True
        for stream in self._streams:
            stream.reasoning(piece)

    def arrived(self, request: LMRequest, response: LMResponse) -> None:
        """The reply is whole."""
        super().arrived(request, response)
        self._several = self._several or len(response.outputs) > 1

    def finish(self, values: dict[str, Any]) -> None:
        """The reply was parsed: its fields have the last word."""
        for stream in self._streams:
            stream.finish(values.get(stream.field))
