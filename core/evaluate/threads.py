"""Threads for sync code that may wait: one per call in flight, reused, never a limit of their own.

Knows nothing about programs or metrics. `ThreadPoolExecutor` would not do: a call that never returns would hold one
of its places for ever, and the interpreter waits for its threads at exit. These grow with demand and are daemons.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

from core.foundation.drive import on_io

__all__ = ["DaemonThreads", "run_on", "shares_context"]

T = TypeVar("T")
_Work = tuple[Future[Any], Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class DaemonThreads(Executor):
    """An executor that starts a thread whenever none is idle."""

    def __init__(self, name: str = "evaluate") -> None:
        self._name = name
        self._work: SimpleQueue[_Work | None] = SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._started = 0

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run the function on an idle thread, or on a new one."""
        future: Future[T] = Future()
        self._work.put((future, fn, args, kwargs))
        if not self._idle.acquire(blocking=False):
            self._started += 1
            threading.Thread(target=self._serve, name=f"{self._name}-{self._started}", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let every thread end after what it is doing; never waits for one that hangs."""
        del wait, cancel_futures
        for _ in range(self._started):
            self._work.put(None)

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
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


def shares_context(executor: Executor) -> bool:
    """Whether the executor's workers live in this process, so that settings and sinks can travel there."""
    return isinstance(executor, (DaemonThreads, ThreadPoolExecutor))


async def run_on(executor: Executor, function: Callable[..., T], *args: Any) -> T:
    """Run a function on the executor, on threads of this process in a copy of this context."""
    if shares_context(executor):
        future = executor.submit(contextvars.copy_context().run, function, *args)
    else:
        future = executor.submit(function, *args)

    async def wait() -> T:
        return await asyncio.wrap_future(future)

    return await on_io(wait)
