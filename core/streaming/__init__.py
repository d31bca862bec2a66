"""Streams: a program's output fields while they are written.

Knows nothing about optimizers or evaluations. Names resolve on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.streaming.listener import StreamListener
    from core.streaming.messages import ReplyChunk, StatusMessage, StreamResponse, StreamRestart
    from core.streaming.running import streamify
    from core.streaming.sse import apply_sync_streaming, streaming_response
    from core.streaming.status import StatusMessageProvider

__all__ = [
    "ReplyChunk",
    "StatusMessage",
    "StatusMessageProvider",
    "StreamListener",
    "StreamResponse",
    "StreamRestart",
    "apply_sync_streaming",
    "streamify",
    "streaming_response",
]

_HOMES = {
    "ReplyChunk": "messages",
    "StatusMessage": "messages",
    "StatusMessageProvider": "status",
    "StreamListener": "listener",
    "StreamResponse": "messages",
    "StreamRestart": "messages",
    "apply_sync_streaming": "sse",
    "streamify": "running",
    "streaming_response": "sse",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
