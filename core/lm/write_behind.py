"""A thread that stores what event loops give it, many items in one transaction.

Knows nothing about where they are stored. A commit takes longer than an HTTP call costs, and may have to
wait for another process: on the I/O loop it would hold up every request in flight.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

__all__ = ["Writer"]

MOST_AT_ONCE = 256

Item = tuple[str, bytes, bool]


class Writer:
    """Hands items to `store` in the order in which they came.

    Args:
        store: Called on the writer's thread with a list of items; must not raise.
    """

    def __init__(self, store: Callable[[list[Item]], None]) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._process = 0
        self._queue: SimpleQueue[tuple[Item, asyncio.AbstractEventLoop, asyncio.Future[None]]] = SimpleQueue()

    async def write(self, item: Item, loop: asyncio.AbstractEventLoop) -> None:
        """Return when the item is stored."""
        done: asyncio.Future[None] = loop.create_future()
        if self._process != os.getpid():
            self._start()
        self._queue.put((item, loop, done))
        # A caller that gives up does not take the answer, paid for already, out of the cache.
        await asyncio.shield(done)

    def _start(self) -> None:
        with self._lock:
            if self._process != os.getpid():  # first use, or the child of a fork, which inherits no threads
                self._queue = SimpleQueue()
                threading.Thread(
                    target=self._work, args=(self._queue,), name="cache-writer", daemon=True
                ).start()
                self._process = os.getpid()

    def _work(self, queue: SimpleQueue[Any]) -> None:
        while True:
            batch = [queue.get()]
            while len(batch) < MOST_AT_ONCE and not queue.empty():
                batch.append(queue.get())
            self._store([item for item, _, _ in batch])
            waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
            for _, loop, done in batch:
                waiting.setdefault(loop, []).append(done)
            for loop, futures in waiting.items():
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_finish, futures)


def _finish(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
