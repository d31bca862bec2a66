"""Reads one number, bool, date or time out of a text.

Knows nothing about lists, objects and choices. Standard library only; exported scripts carry it. What is understood
beyond the exact form stands at the top of `core.wire.coerce`.
"""

from __future__ import annotations

import datetime
import math
from typing import Any

from core.wire.patterns import late_pattern
from core.wire.values import json_text

Shape = dict[str, Any]

_TRUE = frozenset({"true", "yes", "y", "t", "on", "1", "1.0"})
_FALSE = frozenset({"false", "no", "n", "f", "off", "0", "0.0"})
_QUOTES = "\"'`“”‘’«»"
_SPECIAL_FLOATS = frozenset({"nan", "inf", "-inf", "+inf", "infinity", "-infinity"})
_SHORT = 80
_NUMBER = late_pattern(
    r"[-+−]?(?:(?:\d{1,3}(?:[,\u202f\u00a0']\d{3})+(?!\d)|\d{1,400})(?:\.\d{1,400})?|\.\d{1,400})"
    r"(?:[eE][-+]?\d{1,4})?"
)
_GROUPING = late_pattern(r"[,'\u202f\u00a0]")
_NO_NEIGHBOUR = late_pattern(r"[^\W\d]|[/:]")
_WHOLE = late_pattern(r"[-+]?[0-9]{1,400}$")
_END_OF_WORD = late_pattern(r"[,.;:!\n–—]")


class CoercionError(ValueError):
    """A value does not have the shape asked for; the message is a phrase that a person and a model understand."""


def shown_value(value: Any) -> str:
    """Return `value` short enough to stand in a message."""
    text = value if isinstance(value, str) else json_text(value)
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def unquoted(text: str) -> str:
    """Return `text` without spaces and quotation marks around it."""
    text = text.strip()
    for _ in range(3):
        if len(text) < 2 or text[0] not in _QUOTES or text[-1] not in _QUOTES:
            break
        text = text[1:-1].strip()
    return text


def coerce_bool(value: Any, _shape: Shape) -> bool:
    """Return a bool; see the rules at the top of `core.wire.coerce`."""
    if isinstance(value, bool):
        return value
    word = str(value).strip(_QUOTES + " .!*\t\r\n").lower()
    if len(word) > 5:  # "No, it is not": a word, then punctuation or a line break
        word = _END_OF_WORD.split(word, maxsplit=1)[0].strip(_QUOTES + " *")
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise CoercionError(f"{shown_value(value)} is neither True nor False")


def coerce_float(value: Any, shape: Shape) -> float:
    """Return a float; see the rules at the top of `core.wire.coerce`."""
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in _SPECIAL_FLOATS:
            return float(text)
        return float(_number_in(text, shape, "a number"))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CoercionError(f"{shown_value(value)} is not a number")
    try:
        return float(value)
    except OverflowError:
        raise CoercionError("a number too large for a float") from None


def coerce_int(value: Any, shape: Shape) -> int:
    """Return an int; see the rules at the top of `core.wire.coerce`."""
    number = _number_in(value.strip(), shape, "a whole number") if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, (int, float)):
        raise CoercionError(f"{shown_value(value)} is not a whole number")
    if isinstance(number, int):
        return number
    if not math.isfinite(number) or number != int(number):
        raise CoercionError(f"{shown_value(value)} is not a whole number")
    return int(number)


def _number_in(text: str, shape: Shape, what: str) -> int | float:
    """Return the one number of a text; several, or none, are an error."""
    if _WHOLE.match(text):
        return int(text)
    inside = unquoted(text).strip("*").strip()
    found = list(_NUMBER.finditer(inside)) if len(inside) <= _SHORT else []
    if len(found) != 1 or _NO_NEIGHBOUR.search(
        f"{inside[: found[0].start()][-1:]}{inside[found[0].end() :][:1]}"
    ):
        raise CoercionError(f"{shown_value(text)} is not {what}")
    digits = _GROUPING.sub("", found[0][0]).replace("−", "-")
    number = int(digits) if _WHOLE.match(digits) else float(digits)
    if inside[found[0].end() :].lstrip().startswith("%"):
        bounds = shape.get("constraints", {})
        upper = bounds.get("le", bounds.get("lt"))
        return number / 100 if upper is not None and upper <= 1 else number
    return number


def coerce_date(value: Any, _shape: Shape) -> str:
    """Return a date as ISO text."""
    text = unquoted(str(value))
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        try:
            return datetime.datetime.fromisoformat(text).date().isoformat()
        except ValueError:
            raise CoercionError(f"{shown_value(value)} is not a date like 2024-03-31") from None


def coerce_datetime(value: Any, _shape: Shape) -> str:
    """Return a date with a time as ISO text."""
    try:
        return datetime.datetime.fromisoformat(unquoted(str(value))).isoformat()
    except ValueError:
        raise CoercionError(f"{shown_value(value)} is not a time like 2024-03-31T15:04:05") from None


def coerce_time(value: Any, _shape: Shape) -> str:
    """Return a time of day as ISO text."""
    try:
        return datetime.time.fromisoformat(unquoted(str(value))).isoformat()
    except ValueError:
        raise CoercionError(f"{shown_value(value)} is not a time of day like 15:04:05") from None
