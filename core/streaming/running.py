"""`streamify`: a program whose call gives a stream: pieces of fields, status messages, at last the prediction.

Knows nothing about fields and models. The program runs in its own task or thread from the first item asked for; it
does not wait for a slow consumer, and ends when the consumer leaves.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

from core.foundation.drive import drive_user, on_io_thread
from core.foundation.errors import WouldBlock
from core.foundation.threads import run_in_thread
from core.lm.deltas import audience, listener
from core.modules.module import Module
from core.settings import context, current
from core.streaming.hearing import Hearing
from core.streaming.listener import StreamListener, bind
from core.streaming.status import StatusCallback, StatusMessageProvider

__all__ = ["streamify"]

_END = object()


def streamify(
    program: Any,
    status_message_provider: StatusMessageProvider | None = None,
    stream_listeners: Sequence[StreamListener] | None = None,
    include_final_prediction_in_output_stream: bool = True,
    is_async_program: bool = False,
    async_streaming: bool = True,
) -> Callable[..., Any]:
    """Return a function that runs the program and gives a stream.

    The stream holds `StreamResponse` for each listener's field, `StreamRestart` where pieces are void, `StatusMessage`,
    and at last the program's `Prediction`. Without listeners it holds the models' replies as `ReplyChunk`. What the
    program raises, the stream raises. An answer from the cache, one shared with another caller, and one of a layout
    that no reader knows come as one piece when they are there.

    Args:
        program: A module, or any function.
        status_message_provider: Says what is shown of steps; without one, tools are named.
        stream_listeners: The fields wanted.
        include_final_prediction_in_output_stream: Whether the prediction is the last item.
        is_async_program: Kept for programs that say so; modules and async functions are recognised.
        async_streaming: False gives a plain generator, for sync code.

    Raises:
        ConfigurationError: A listener means no predictor of the program, or more than one.
    """
    del is_async_program
    bounds = bind(program, stream_listeners or ())
    provider = status_message_provider or StatusMessageProvider()

    def run(put: Callable[[Any], None]) -> _Run:
        return _Run(Hearing(put, [bound.fresh() for bound in bounds]), provider)

    stream = _stream if async_streaming else _sync_stream

    def streamed(*args: Any, **kwargs: Any) -> AsyncGenerator[Any] | Generator[Any]:
        return stream(program, args, kwargs, run, include_final_prediction_in_output_stream)

    return streamed


class _Run:
    """One run of the program."""

    def __init__(self, hearing: Hearing, provider: StatusMessageProvider) -> None:
        self.hearing = hearing
        self._status = StatusCallback(provider, hearing.put)

    @contextmanager
    def heard(self) -> Generator[None]:
        """Hear what runs inside."""
        with ExitStack() as stack:
            stack.enter_context(context(callbacks=[*current().callbacks, self._status]))
            token, before = audience.set(self.hearing), listener.set(self.hearing.direct())
            stack.callback(audience.reset, token)
            stack.callback(listener.reset, before)
            yield

    async def acall(self, program: Any, args: Any, kwargs: Any) -> Any:
        """Run the program in this task."""
        with self.heard():
            if isinstance(program, Module):
                return await program.acall(*args, **kwargs)
            if _is_async(program):
                return await program(*args, **kwargs)
            return await run_in_thread(lambda: program(*args, **kwargs))

    def call(self, program: Any, args: Any, kwargs: Any) -> Any:
        """Run the program in this thread."""
        with self.heard():
            if _is_async(program):
                return drive_user(lambda: program(*args, **kwargs))
            return program(*args, **kwargs)


def _is_async(program: Any) -> bool:
    return inspect.iscoroutinefunction(program) or (
        not isinstance(program, Module) and inspect.iscoroutinefunction(getattr(program, "__call__", None))  # noqa: B004
    )


Start = Callable[[Callable[[Any], None]], _Run]


async def _stream(
    program: Any, args: Any, kwargs: Any, start: Start, with_prediction: bool
) -> AsyncGenerator[Any]:
    loop, items = asyncio.get_running_loop(), asyncio.Queue[Any]()

    def put(item: Any) -> None:
        with suppress(RuntimeError):  # the consumer's loop is closed
            loop.call_soon_threadsafe(items.put_nowait, item)

    run = start(put)
    task = loop.create_task(run.acall(program, args, kwargs))
    task.add_done_callback(lambda _: put(_END))
    try:
        while (item := await items.get()) is not _END:
            yield item
        result = await task
        if with_prediction:
            yield result
    finally:
        run.hearing.close()
        if not task.done():
            task.cancel()
            with suppress(BaseException):
                await task


def _sync_stream(program: Any, args: Any, kwargs: Any, start: Start, with_prediction: bool) -> Generator[Any]:
    if on_io_thread():
        raise WouldBlock
    items: queue.SimpleQueue[Any] = queue.SimpleQueue()
    run = start(items.put)
    results: list[Any] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            results.append(run.call(program, args, kwargs))
        except BaseException as error:  # raised to the consumer
            failures.append(error)
        items.put(_END)

    inside = contextvars.copy_context()
    threading.Thread(target=inside.run, args=(work,), name="streamed-program", daemon=True).start()
    try:
        while (item := items.get()) is not _END:
            yield item
        if failures:
            raise failures[0]
        if with_prediction:
            yield results[0]
    finally:
        run.hearing.close()
