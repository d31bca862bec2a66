"""Adapters: how a signature becomes messages, and a reply becomes fields.

Knows nothing about who answers. One file per adapter; a stranger's registers with the same decorator.
"""

from functools import lru_cache

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


@lru_cache(maxsize=1)
def default_adapter() -> Adapter:
    """Return the adapter used where the settings name none: chat."""
    return ChatAdapter()
