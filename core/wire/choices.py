"""Reads which of several allowed values a text names.

Knows nothing about other types. Standard library only; exported scripts carry it. Several ways of comparing are
tried, from exact to loose; the first that gives exactly one value wins, and a value is never picked out of a sentence.
"""

from __future__ import annotations

import re
from typing import Any

from core.wire.patterns import late_pattern
from core.wire.scalars import CoercionError, Shape, shown_value, unquoted
from core.wire.values import plain_value

_LITERAL_CALL = late_pattern(r"Literal\[(.*)\]$", re.DOTALL)
_LONGEST = 2_000  # no allowed value is longer; a runaway reply is
_SEPARATORS = late_pattern(r"[\s_-]+")


def coerce_literal(value: Any, shape: Shape) -> Any:
    """Return the one of `shape["values"]` that `value` names."""
    return _choose(value, shape["values"], shape["values"])


def coerce_enum(value: Any, shape: Shape) -> Any:
    """Return the value of the enum member that `value` names, by value, else by name."""
    members: dict[str, Any] = shape["values"]
    values = list(members.values())
    try:
        return _choose(value, values, values)
    except CoercionError:
        if not isinstance(value, str):
            raise
        try:
            name = _choose(value.rsplit(".", 1)[-1], list(members), values)
        except CoercionError:
            pass
        else:
            return members[name]
        raise


def _choose(value: Any, options: list[Any], shown: list[Any]) -> Any:
    """Return the option that `value` names; the first way of comparing that gives exactly one wins."""
    for option in options:
        if option == value and type(option) is type(value):
            return option
    text = str(plain_value(value))
    if match := _LITERAL_CALL.match(text.strip()):
        text = match[1]
    # The whole text first; a first line alone only when an explanation follows it.
    for candidate in (text[:_LONGEST], text.strip().split("\n", 1)[0][:_LONGEST]):
        for form in (_exact, unquoted, _caseless, _loose):
            wanted = form(candidate)
            found = [option for option in options if form(str(plain_value(option))) == wanted]
            if len(found) == 1:
                return found[0]
    names = "; ".join(str(plain_value(option)) for option in shown[:20])
    more = f"; … ({len(shown)} in all)" if len(shown) > 20 else ""
    raise CoercionError(f"{shown_value(value)} is not one of: {names}{more}")


def _exact(text: str) -> str:
    return text.strip()


def _caseless(text: str) -> str:
    return unquoted(text).casefold()


def _loose(text: str) -> str:
    return _SEPARATORS.sub(" ", unquoted(text.strip().strip("*").rstrip(".!,;:"))).strip(" .*").casefold()
