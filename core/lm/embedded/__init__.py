"""The embedded language model: a small in-context learner that needs no download, key or network.

Knows nothing about signatures or modules: it sees messages, as any hosted model would.
"""

from __future__ import annotations

from core.lm.embedded.model import VERSION, EmbeddedReply, InContextModel

__all__ = ["VERSION", "EmbeddedReply", "InContextModel"]
