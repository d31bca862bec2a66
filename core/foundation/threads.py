"""Threads for sync code that may wait: one per call in flight, reused, never a limit of their own.

Knows nothing about what they run. `ThreadPoolExecutor` would not do: a call that never returns would hold one of its
places for ever, calls nested in calls would wait for places that only they could free, and the interpreter waits for
its threads at exit. These grow with demand, end when idle for a while, and are daemons.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from core.foundation.drive import on_io

__all__ = ["DaemonThreads", "run_in_thread", "run_sync", "shares_context"]

T = TypeVar("T")
_Work = tuple[Future[Any], Callable[..., Any], tuple[Any, ...], dict[str, Any]]

IDLE_SECONDS = 30.0
"""How long a thread without work waits for some."""


class DaemonThreads(Executor):
    """An executor that starts a thread whenever none is idle."""

    def __init__(self, name: str = "sync-code") -> None:
        self._name = name
        self._work: SimpleQueue[_Work | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._started = 0
        self.closed = False

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run the function on an idle thread, or on a new one.

        Raises:
            RuntimeError: After `shutdown`.
        """
        future: Future[T] = Future()
        with self._lock:
            if self.closed:
                raise RuntimeError("These threads were shut down.")
            self._work.put((future, fn, args, kwargs))
            if self._idle.acquire(blocking=False):
                return future
            self._started += 1
            name = f"{self._name}-{self._started}"
        threading.Thread(target=self._serve, name=name, daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let every thread end after what it is doing; never waits for one that hangs."""
        del wait, cancel_futures
        with self._lock:
            self.closed = True
            for _ in range(self._started):
                self._work.put(None)

    def _serve(self) -> None:
        while (work := self._next()) is not None:
            future, fn, args, kwargs = work
            if not future.set_running_or_notify_cancel():
                self._idle.release()
                continue
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:
                self._idle.release()
                future.set_exception(error)
            else:
                # Idle before the caller hears of it: calls made one after another share one thread.
                self._idle.release()
                future.set_result(result)
                del result
            del work, future, fn, args, kwargs  # an idle thread keeps nothing alive

    def _next(self) -> _Work | None:
        """Return the next piece of work; None when there is none for long, or no more at all."""
        while True:
            try:
                return self._work.get(timeout=IDLE_SECONDS)
            except Empty:
                if self._idle.acquire(blocking=False):
                    return None  # nobody counts on this thread any more


class _Shared:
    """The threads of calls that bring none of their own."""

    threads = DaemonThreads()

    @classmethod
    def renew(cls) -> None:
        cls.threads = DaemonThreads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Shared.renew)  # the child inherits the books, not the threads


def shares_context(executor: Executor) -> bool:
    """Whether the executor's workers live in this process, so that settings and sinks can travel there."""
    return isinstance(executor, (DaemonThreads, ThreadPoolExecutor))


async def run_in_thread(function: Callable[..., T], *args: Any, executor: Executor | None = None) -> T:
    """Run a function on a thread, in a copy of this context, and wait for it from either colour.

    Args:
        executor: Where to run it instead; one of other processes gets no context.

    Raises:
        CancelledError: The threads were shut down, so the work that this is a part of is at its end.
    """
    threads = executor or _Shared.threads
    if isinstance(threads, DaemonThreads) and threads.closed:
        raise asyncio.CancelledError  # whoever they belonged to was interrupted: no failure of this call
    if shares_context(threads):
        future = threads.submit(contextvars.copy_context().run, function, *args)
    else:
        future = threads.submit(function, *args)

    async def wait() -> T:
        return await asyncio.wrap_future(future)

    return await on_io(wait)


async def run_sync(function: Callable[..., T], *args: Any) -> T:
    """Run sync code that may wait: in this thread, or on another where an event loop would stand still."""
    if asyncio._get_running_loop() is None:
        return function(*args)
    return await run_in_thread(function, *args)
