"""Adapters: how a signature becomes messages, and a reply becomes fields.

Knows nothing about who answers. One file per adapter; a stranger's registers with the same decorator. Names resolve on
first use: a program pays for the one adapter that it uses.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.adapters.baml import BAMLAdapter
    from core.adapters.base import Adapter, adapters, wire_signature
    from core.adapters.chat import ChatAdapter
    from core.adapters.json import JSONAdapter
    from core.adapters.two_step import TwoStepAdapter
    from core.adapters.xml import XMLAdapter

__all__ = [
    "Adapter",
    "BAMLAdapter",
    "ChatAdapter",
    "JSONAdapter",
    "TwoStepAdapter",
    "XMLAdapter",
    "adapters",
    "default_adapter",
    "wire_signature",
]

_HOMES = {
    "Adapter": "base",
    "BAMLAdapter": "baml",
    "ChatAdapter": "chat",
    "JSONAdapter": "json",
    "TwoStepAdapter": "two_step",
    "XMLAdapter": "xml",
    "adapters": "base",
    "wire_signature": "base",
}


@lru_cache(maxsize=1)
def default_adapter() -> Adapter:
    """Return the adapter used where the settings name none: chat."""
    from core.adapters.chat import ChatAdapter

    return ChatAdapter()


_TYPES = frozenset(["Audio", "Code", "File", "History", "Image", "Reasoning", "Tool", "ToolCalls", "Type"])
"""Types of fields that DSPy has here too."""


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if name in _TYPES:
        return getattr(importlib.import_module("core.data.types"), name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
