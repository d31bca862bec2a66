"""One code path, two colours: coroutines that sync code can step and async code can await.

Knows nothing about networks or models. All waiting goes through `on_io`, which runs a coroutine on the process's one
background loop. Under a running loop the caller's loop awaits it; under `drive` the caller's own thread blocks until
it is done. No worker pool takes part, so nested programs cannot exhaust one.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Generator
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, Generic, Literal, TypeVar

from core.foundation.errors import WouldBlock

__all__ = ["awaited", "drive", "drive_user", "io_loop", "is_driven", "on_io", "on_io_thread"]

T = TypeVar("T")


class _IOThread:
    """The background loop, started on first use and again after a fork."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
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
        while True:
            # A task that calls sys.exit() would end the loop, and with it every other call of the process; who waits
            # for the task gets the SystemExit.
            with suppress(SystemExit, KeyboardInterrupt):
                loop.run_forever()


_io = _IOThread()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_io.forget)


class _Colour(threading.local):
    """Under which running loop `drive` steps a coroutine in this thread: itself False where it does not."""

    # A loop started inside a driven step (a user's `asyncio.run`) is another one, and is awaited on as usual.
    driven_under: asyncio.AbstractEventLoop | Literal[False] | None = False

    def driven(self) -> bool:
        return self.driven_under is asyncio._get_running_loop()


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
        if here and not _colour.driven():
            return (yield from self._start().__await__())
        if here:
            raise WouldBlock
        context = contextvars.copy_context()
        future = _submit(self._start, context)
        if _colour.driven():
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


def drive(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run one of our own coroutines from sync code, in this thread, and return its result.

    Costs microseconds when nothing has to wait. Works under a running loop too (a notebook): the thread blocks.

    Raises:
        RuntimeError: The coroutine awaits something else than `on_io`; `drive_user` serves those.
    """
    before, here = _colour.driven_under, asyncio._get_running_loop()
    interrupt: BaseException | None = None
    try:
        while True:
            _colour.driven_under = here
            waiting = coroutine.send(None) if interrupt is None else coroutine.throw(interrupt)
            _colour.driven_under = before
            if not isinstance(waiting, Future):
                coroutine.close()
                raise RuntimeError("The coroutine waits for something that only an event loop can give.")
            interrupt = _wait(waiting)
    except StopIteration as stop:
        return stop.value
    finally:
        _colour.driven_under = before


def _wait(future: Future[Any]) -> BaseException | None:
    """Wait for it; return what broke the waiting off (Ctrl-C), so that the coroutine can clean up after itself."""
    try:
        future.exception()
    except BaseException as error:
        future.cancel()
        return error
    return None


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
        return asyncio.run(start())
    result: Future[T] = Future()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            result.set_result(context.run(asyncio.run, start()))
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=work, name="private-loop", daemon=True).start()
    return result.result()


def is_driven() -> bool:
    """True inside a coroutine that sync code steps, where only `on_io` may be awaited."""
    return _colour.driven()


async def awaited(waiting: Awaitable[T]) -> T:
    """Wait for something of the user's from either colour: under `drive` on a private loop, else as usual.

    Raises:
        WouldBlock: Under `drive` on the I/O loop's own thread.
    """
    if not is_driven():
        return await waiting

    async def wait() -> T:
        return await waiting

    return drive_user(wait)
