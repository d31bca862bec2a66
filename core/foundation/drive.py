"""One code path, two colours: coroutines that sync code can step and async code can await.

Knows nothing about networks or models. All waiting goes through `on_io`, which runs a coroutine on the process's one
background loop. Under a running loop the caller's loop awaits it; under `drive` the caller's own thread blocks until
it is done. No worker pool takes part, so nested programs cannot exhaust one.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Executor, Future
from typing import Any, Generic, TypeVar

from core.foundation.errors import WouldBlock

__all__ = ["drive", "drive_user", "io_loop", "on_io", "on_io_thread", "run_in_thread"]

T = TypeVar("T")


class _IOThread:
    """The background loop, started on first use and again after a fork."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread: threading.Thread | None = None

    def get(self) -> asyncio.AbstractEventLoop:
        thread = self.thread
        if self.loop is not None and thread is not None and thread.is_alive():
            return self.loop
        with self.lock:
            if self.loop is None or self.thread is None or not self.thread.is_alive():
                ready = threading.Event()
                self.loop = asyncio.new_event_loop()
                self.thread = threading.Thread(
                    target=self._run, args=(self.loop, ready), name="io", daemon=True
                )
                self.thread.start()
                ready.wait()
            return self.loop

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop, ready: threading.Event) -> None:
        asyncio.set_event_loop(loop)
        loop.call_soon(ready.set)
        loop.run_forever()


_io = _IOThread()


class _Colour(threading.local):
    driven = False  # true while `drive` steps a coroutine in this thread


_colour = _Colour()


def io_loop() -> asyncio.AbstractEventLoop:
    """Return the background loop, running."""
    return _io.get()


def on_io_thread() -> bool:
    """True in the thread of the background loop."""
    return _io.thread is threading.current_thread()


class _OnIO(Generic[T]):
    """Waits for one coroutine on the I/O loop, from either colour."""

    __slots__ = ("_start",)

    def __init__(self, start: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._start = start

    def __await__(self) -> Generator[Any, Any, T]:
        here = on_io_thread()
        if here and not _colour.driven:
            return (yield from self._start().__await__())
        if here:
            raise WouldBlock
        context = contextvars.copy_context()
        future = _submit(self._start, context)
        if _colour.driven:
            yield future
            return future.result()
        return (yield from asyncio.wrap_future(future).__await__())


def _submit(start: Callable[[], Coroutine[Any, Any, T]], context: contextvars.Context) -> Future[T]:
    """Run the coroutine as a task on the I/O loop, in a copy of the caller's context."""
    loop = io_loop()
    future: Future[T] = Future()

    def begin() -> None:
        try:
            task = loop.create_task(start(), context=context)
        except BaseException as error:
            future.set_exception(error)
            return
        task.add_done_callback(finish)
        future.add_done_callback(
            lambda done: loop.call_soon_threadsafe(task.cancel) if done.cancelled() else None
        )

    def finish(task: asyncio.Task[T]) -> None:
        if future.cancelled() or not future.set_running_or_notify_cancel():
            return
        if task.cancelled():
            future.set_exception(asyncio.CancelledError())
        elif (error := task.exception()) is not None:
            future.set_exception(error)
        else:
            future.set_result(task.result())

    loop.call_soon_threadsafe(begin)
    return future


def on_io(start: Callable[[], Coroutine[Any, Any, T]]) -> Awaitable[T]:
    """Return an awaitable that runs `start()` on the I/O loop and gives its result.

    Args:
        start: Makes the coroutine; called on the loop, at most once.

    Raises:
        WouldBlock: When awaited by driven (sync) code on the loop's own thread; `start` was not called.
    """
    return _OnIO(start)


def run_in_thread(function: Callable[..., T], *args: Any, executor: Executor | None = None) -> Awaitable[T]:
    """Return an awaitable of `function(*args)` on a thread, with the caller's context."""
    context = contextvars.copy_context()

    async def call() -> T:
        return await asyncio.get_running_loop().run_in_executor(
            executor, lambda: context.run(function, *args)
        )

    return on_io(call)


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run one of our own coroutines from sync code, in this thread, and return its result.

    Costs microseconds when nothing has to wait. Works under a running loop too (a notebook): the thread blocks.

    Raises:
        RuntimeError: The coroutine awaits something else than `on_io`; `drive_user` serves those.
    """
    before = _colour.driven
    try:
        while True:
            _colour.driven = True
            waiting = coroutine.send(None)
            _colour.driven = before
            if not isinstance(waiting, Future):
                coroutine.close()
                raise RuntimeError("The coroutine waits for something that only an event loop can give.")
            _wait(waiting)
    except StopIteration as stop:
        return stop.value
    finally:
        _colour.driven = before


def _wait(future: Future[Any]) -> None:
    try:
        future.exception()
    except BaseException:
        future.cancel()
        raise


def drive_user(start: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a user's coroutine, which may await anything, from sync code: on a private loop.

    Args:
        start: Makes the coroutine; called on the private loop's thread.

    Raises:
        WouldBlock: On the I/O loop's own thread.
    """
    if on_io_thread():
        raise WouldBlock
    if asyncio._get_running_loop() is None:  # type: ignore[attr-defined]
        before, _colour.driven = _colour.driven, False
        try:
            return asyncio.run(start())
        finally:
            _colour.driven = before
    result: Future[T] = Future()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            result.set_result(context.run(asyncio.run, start()))
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=work, name="private-loop", daemon=True).start()
    return result.result()
