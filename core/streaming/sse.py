"""A stream as server-sent events, and an async stream for sync code.

Knows nothing about programs.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterable, Generator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from core.data.example import plain_fields
from core.data.prediction import Prediction
from core.foundation.fingerprint import jsonable
from core.streaming.messages import ReplyChunk, StatusMessage, StreamResponse, StreamRestart

__all__ = ["apply_sync_streaming", "streaming_response"]

_NAMES: dict[type, str] = {
    StreamResponse: "chunk",
    ReplyChunk: "chunk",
    StreamRestart: "restart",
}
_END = object()


async def streaming_response(streamer: AsyncIterable[Any]) -> AsyncGenerator[str]:
    """Yield a stream as the text of server-sent events: {"chunk": …}, {"restart": …}, {"status": …}, {"prediction": …}.

    The last event is [DONE]; a stream that fails ends with {"error": …} before it.
    """
    try:
        async for item in streamer:
            yield _event(_said(item))
    except Exception as error:
        yield _event({"error": {"type": type(error).__name__, "message": str(error)}})
    yield "data: [DONE]\n\n"


def _said(item: Any) -> dict[str, Any]:
    if isinstance(item, Prediction):
        return {"prediction": plain_fields(item)}
    if isinstance(item, StatusMessage):
        return {"status": item.message}
    name = _NAMES.get(type(item))
    return {name: asdict(item)} if name else {"value": jsonable(item)}


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False, separators=(',', ':'))}\n\n"


def apply_sync_streaming(async_generator: AsyncGenerator[Any]) -> Generator[Any]:
    """Yield the items of an async stream in sync code; it runs on a loop of its own and ends with the consumer."""
    items: queue.SimpleQueue[Any] = queue.SimpleQueue()
    failures: list[BaseException] = []
    running: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = []

    async def pump() -> None:
        task = asyncio.current_task()
        if task is not None:
            running.append((asyncio.get_running_loop(), task))
        try:
            async for item in async_generator:
                items.put(item)
        finally:
            await async_generator.aclose()

    def work() -> None:
        try:
            asyncio.run(pump())
        except BaseException as error:  # raised to the consumer
            failures.append(error)
        items.put(_END)

    inside = contextvars.copy_context()
    threading.Thread(target=inside.run, args=(work,), name="stream", daemon=True).start()
    try:
        while (item := items.get()) is not _END:
            yield item
        if failures:
            raise failures[0]
    finally:
        for loop, task in running:
            with suppress(RuntimeError):  # its loop is closed: it has ended
                loop.call_soon_threadsafe(task.cancel)
