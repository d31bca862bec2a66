"""The one repair turn: the reply that could not be read, and what was wrong with it.

Knows nothing about models. Standard library only; exported scripts carry it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.wire.layout import ChatMessage, Layout, ReplyError

_LONGEST_QUOTE = 20_000  # a runaway reply would not fit into the context a second time


def repair_messages(
    layout: Layout, messages: Sequence[Mapping[str, Any]], reply: str, error: ReplyError
) -> list[ChatMessage]:
    """Return the request that asks for the same answer again, readable this time."""
    quoted = reply[:_LONGEST_QUOTE] if reply.strip() else "(empty)"
    complaint = f"That could not be read: {error}. {layout.reminder}"
    return [
        *(dict(message) for message in messages),
        {"role": "assistant", "content": quoted},
        {"role": "user", "content": complaint},
    ]
