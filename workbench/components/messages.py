"""Chat messages exactly as they are sent, as text.

Knows nothing about who sends them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.trace import redact

__all__ = ["message_list", "message_text"]

_ICONS = {"system": "settings", "user": "person", "assistant": "smart_toy", "tool": "build"}


def message_text(message: Mapping[str, Any]) -> str:
    """Return the content of a message as text; parts of other kinds as JSON, images and sounds cut short."""
    content = message.get("content")
    if content is None:
        return json.dumps(message.get("tool_calls"), ensure_ascii=False, indent=2)
    return content if isinstance(content, str) else "\n".join(_part_text(part) for part in content)


def _part_text(part: Mapping[str, Any]) -> str:
    return part["text"] if part.get("type") == "text" else json.dumps(redact(part), ensure_ascii=False)


def message_list(messages: Sequence[Mapping[str, Any]], *, height: int | None = None) -> None:
    """Draw messages in order, verbatim, each under its role."""
    with st.container(height=height or "content", border=False):
        for message in messages:
            role = str(message.get("role", ""))
            st.caption(f":material/{_ICONS.get(role, 'chat')}: {role}")
            st.code(message_text(message), language=None, wrap_lines=True)
