"""JSON out of untrusted text: a value, or nothing; deep nesting and nonsense raise nothing.

Knows nothing about what the values mean.
"""

from __future__ import annotations

import json
from typing import Any

__all__ = ["MISSING", "decoded", "decoded_prefix"]

MISSING = object()
"""There was no JSON value."""

_DECODER = json.JSONDecoder()


def decoded(text: str) -> Any:
    """Return the value that a text is, or `MISSING`."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return MISSING


def decoded_prefix(text: str) -> tuple[Any, int]:
    """Return the value that a text begins with and where it ends, or (`MISSING`, 0)."""
    try:
        return _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return MISSING, 0
