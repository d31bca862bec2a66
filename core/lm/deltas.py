"""Who listens to replies while they are being written.

Knows nothing about fields or programs: `core.streaming` listens. Where nobody does, a call pays one look at a context
variable and nothing is streamed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from core.messages import LMRequest, LMResponse

__all__ = ["Audience", "Listener", "Voice", "audience", "listener", "say", "unheard"]


class Voice(Protocol):
    """Takes one reply while it is written, on whatever thread that happens."""

    def text(self, piece: str) -> None:
        """The first completion's text goes on."""
        ...

    def reasoning(self, piece: str) -> None:
        """The first completion's reasoning goes on."""
        ...


class Listener(Protocol):
    """Hears the replies asked for in one place."""

    def begin(self, request: LMRequest) -> Voice:
        """A reply begins. What this predictor said before is void: an attempt that broke off, a reply to be repaired.

        Raises:
            CancelledError: Nobody wants it any more.
        """
        ...

    def arrived(self, request: LMRequest, response: LMResponse) -> None:
        """The reply is whole. One that was not streamed (cached, shared, in-process) is heard here, all at once."""
        ...

    def stoppable(self, stop: Callable[[], None]) -> Callable[[], None]:
        """Have `stop` called, from any thread, when nobody wants the reply any more; returns how to take it back."""
        ...


class Audience(Protocol):
    """Hears a whole program."""

    async def follow(
        self,
        predictor: Any,
        path: str,
        signature: Any,
        adapter: Any,
        ask: Callable[[], Awaitable[list[dict[str, Any]]]],
    ) -> list[dict[str, Any]]:
        """Run one predictor's request, hearing it where somebody wants to; returns what `ask()` gives."""
        ...


audience: ContextVar[Audience | None] = ContextVar("audience", default=None)
"""Who hears the running program; `core.streaming` sets it."""

listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
"""Who hears the replies asked for here; None: nobody, and nothing is streamed."""


def say(request: LMRequest, text: str, size: int = 24) -> None:
    """Let whoever listens hear a reply in pieces, from a model that has it whole."""
    heard = listener.get()
    if heard is not None:
        voice = heard.begin(request)
        for start in range(0, len(text), size):
            voice.text(text[start : start + size])


@contextmanager
def unheard() -> Generator[None]:
    """Ask without anybody listening, e.g. for further samples of a reply."""
    if listener.get() is None:
        yield
        return
    token = listener.set(None)
    try:
        yield
    finally:
        listener.reset(token)
