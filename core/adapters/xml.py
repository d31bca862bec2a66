"""The XML adapter: every value between tags, nested for values with parts, both ways.

Knows nothing about the text itself: `core.wire.xml_layout`.
"""

from __future__ import annotations

from core.adapters.base import adapters
from core.adapters.chat import ChatAdapter
from core.wire.xml_layout import XmlLayout

__all__ = ["XMLAdapter"]


@adapters.register("xml", summary="Tags, <name>…</name>, both ways", label="XML tags")
class XMLAdapter(ChatAdapter):
    """Tags both ways; parameters as for `ChatAdapter`."""

    layout = XmlLayout
