"""Values on their way into the sandbox and out of it: plain data, both ways.

Knows nothing about interpreters.
"""

from __future__ import annotations

import datetime
import decimal
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, cast

from core.foundation.fingerprint import jsonable
from core.wire.values import value_text

__all__ = ["SandboxSerializable", "from_sandbox", "to_sandbox"]

_SCALARS = (
    str,
    bool,
    int,
    float,
    bytes,
    datetime.date,
    datetime.timedelta,
    datetime.timezone,
    decimal.Decimal,
)
_CONTAINERS: dict[type, Callable[[Any], Any]] = {list: list, tuple: tuple, set: set, frozenset: frozenset}
DEEPEST = 100
MOST_BITS = 14_000
"""Of a whole number that comes out; Python refuses to write larger ones as text."""


class SandboxSerializable(ABC):
    """Base of objects that say themselves what they are in the sandbox, e.g. a table as its rows."""

    @abstractmethod
    def to_sandbox(self) -> Any:
        """Return plain data that stands for this object there."""

    def rlm_preview(self, max_chars: int = 300) -> str:
        """Return what a model is shown of it before it looks into it by code; at most `max_chars` characters."""
        return value_text(self.to_sandbox())[:max_chars]


def to_sandbox(value: Any, depth: int = 0) -> Any:
    """Return a value as the sandbox can hold it: plain types as they are, records as dicts, anything else as text.

    An object may say itself what it is there; see `SandboxSerializable`.
    """
    if type(value) is str:
        return _encodable(value)
    if value is None or type(value) in _SCALARS or type(value) is datetime.datetime:
        return value
    if depth > DEEPEST:
        return str(value)
    if type(value) in _CONTAINERS:
        return _CONTAINERS[type(value)](to_sandbox(item, depth + 1) for item in value)
    if isinstance(value, Mapping):
        return {to_sandbox(key, depth + 1): to_sandbox(item, depth + 1) for key, item in value.items()}
    own = getattr(value, "to_sandbox", None)
    if callable(own) and not isinstance(value, type):
        return to_sandbox(own(), depth + 1)
    return jsonable(value)


def _encodable(text: str) -> str:
    """Return a text without halves of surrogate pairs, which the sandbox cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def from_sandbox(value: Any, depth: int = 0) -> Any:
    """Return a value that came out as plain data: instances as dicts, functions as their names."""
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return f"(a whole number of {value.bit_length():,} bits)"
    if value is None or type(value) in _SCALARS or type(value) is datetime.datetime or depth > DEEPEST:
        return value
    if type(value) in _CONTAINERS:
        return _CONTAINERS[type(value)](from_sandbox(item, depth + 1) for item in cast(list[Any], value))
    if isinstance(value, dict):
        return {from_sandbox(key, depth + 1): from_sandbox(item, depth + 1) for key, item in value.items()}
    attributes = getattr(value, "attributes", None)
    if isinstance(attributes, dict):
        return from_sandbox(attributes, depth + 1)
    return str(value)
