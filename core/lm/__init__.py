"""Language models: who answers, and everything between a request and its answer.

Knows nothing about signatures or prompts. Names resolve on first use, so importing this costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.lm.base import BaseLM
    from core.lm.cache import Cache, active_cache, configure_cache
    from core.lm.call import CallMeter, call_meter
    from core.lm.embedded.lm import EmbeddedLM
    from core.lm.embedder import Embedder
    from core.lm.fallbacks import FallbackLM
    from core.lm.history import inspect_history
    from core.lm.openai_client import LM
    from core.lm.scripted import ScriptedLM
    from core.lm.typed import Assistant, Developer, LMConfig, LMMessage, System, ToolResult, User
    from core.lm.usage import UsageTracker, track_usage

__all__ = [
    "LM",
    "Assistant",
    "BaseLM",
    "Cache",
    "CallMeter",
    "Developer",
    "EmbeddedLM",
    "Embedder",
    "FallbackLM",
    "LMConfig",
    "LMMessage",
    "ScriptedLM",
    "System",
    "ToolResult",
    "UsageTracker",
    "User",
    "active_cache",
    "call_meter",
    "configure_cache",
    "inspect_history",
    "track_usage",
]

_HOMES = {
    "Assistant": "typed",
    "Developer": "typed",
    "LMConfig": "typed",
    "LMMessage": "typed",
    "System": "typed",
    "ToolResult": "typed",
    "User": "typed",
    "BaseLM": "base",
    "Cache": "cache",
    "CallMeter": "call",
    "Embedder": "embedder",
    "EmbeddedLM": "embedded.lm",
    "FallbackLM": "fallbacks",
    "LM": "openai_client",
    "ScriptedLM": "scripted",
    "UsageTracker": "usage",
    "active_cache": "cache",
    "call_meter": "call",
    "configure_cache": "cache",
    "inspect_history": "history",
    "track_usage": "usage",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
