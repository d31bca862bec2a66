"""Runs a coroutine in a context of its own without a task of its own.

Knows nothing about what it runs. A task per piece of work costs an event-loop turn and some 10 µs even where nothing
has to wait (a cached answer, an in-process model); stepping the coroutine inside `Context.run` costs half of one.
"""

from __future__ import annotations

from collections.abc import Coroutine, Generator
from contextvars import Context
from typing import Any, Generic, TypeVar

__all__ = ["within"]

T = TypeVar("T")


class _Within(Generic[T]):
    __slots__ = ("_context", "_coroutine")

    def __init__(self, context: Context, coroutine: Coroutine[Any, Any, T]) -> None:
        self._context = context
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, T]:
        run, step = self._context.run, self._coroutine.send
        argument: Any = None
        try:
            while True:
                try:
                    waiting = run(step, argument)
                except StopIteration as stop:
                    return stop.value
                try:
                    yield waiting  # to whoever steps the awaiting task; outside of the context meanwhile
                    step, argument = self._coroutine.send, None
                except BaseException as error:  # a cancellation, for the coroutine to clean up after itself
                    step, argument = self._coroutine.throw, error
        finally:
            argument = None  # an error that refers to this frame must not be kept alive by it


def within(context: Context, coroutine: Coroutine[Any, Any, T]) -> _Within[T]:
    """Return an awaitable that runs `coroutine` in the awaiting task, every step of it inside `context`.

    What it sets in context variables stays in `context`: neither the awaiting task nor other coroutines see it.
    Cancelling the awaiting task cancels the coroutine.

    Args:
        context: Used by nobody else meanwhile; a copy per coroutine.
        coroutine: Started when the result is awaited, which happens once.
    """
    return _Within(context, coroutine)
