"""Turns the text or JSON of a reply into the value that a shape describes, or says why it cannot.

Knows nothing about where in the reply it stood. Standard library only; exported scripts carry it. A *shape* is a type
as JSON data: {"kind": "list", "items": {"kind": "int"}} (all kinds: `core.signature.schema`).

What is understood beyond the exact form:

* bool: true/false, yes/no, y/n, t/f, on/off, 1/0, any case, with a full stop or followed by an explanation.
* int, float: `1,200`; `$3.50`; `about 42 km` (exactly one number in a short text); `3.0` as an int. `42%` is 42,
  but 0.42 where the field's upper bound is at most 1. Never a rounding: 3.5 is no int.
* literal: quotes, case, spaces against underscores and hyphens, a full stop; the first line when more follow.
  Always a unique match, never a value found somewhere in a sentence.
* enum: its values as a literal's, then its member names likewise. The result is the member's value.
* list, set, tuple: JSON, else bullets or numbered lines. optional: `None`, `null`, nothing. object: keys in any case.
* date, datetime, time: ISO 8601; the result is ISO text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from core.wire.choices import coerce_enum, coerce_literal
from core.wire.constraints import broken_constraint
from core.wire.fits import fits_exactly
from core.wire.jsonish import JsonishError, parse_json, strict_json
from core.wire.scalars import (
    CoercionError,
    Shape,
    coerce_bool,
    coerce_date,
    coerce_datetime,
    coerce_float,
    coerce_int,
    coerce_time,
    shown_value,
)
from core.wire.values import json_text

_NOTHING = frozenset({"", "none", "null"})
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*•–]|\(?\d{1,3}[.):])[ \t]+(.*)")
_PYTHON_TUPLE = re.compile(r"""\((["'\d\[{(+-].*?),?\s*\)""", re.DOTALL)


def coerce(value: Any, shape: Shape) -> Any:
    """Return `value`, the text of a section or a piece of JSON, as the JSON data that `shape` describes.

    Raises:
        CoercionError: It does not fit, or breaks a constraint.
    """
    return _bounded(_COERCERS[shape["kind"]](value, shape), shape)


def _bounded(result: Any, shape: Shape) -> Any:
    constraints = shape.get("constraints")
    if constraints and result is not None and (broken := broken_constraint(result, constraints)):
        raise CoercionError(broken)
    return result


def coerce_data(value: Any, shape: Shape) -> Any:
    """Return JSON data as `shape` describes it: as `coerce`, but a JSON string is that text wherever text may stand.

    In JSON "null" is a text and null is none; on paper both are written the same way.

    Raises:
        CoercionError: It does not fit, or breaks a constraint.
    """
    if not isinstance(value, str) or not _takes_text(shape):
        return value if shape["kind"] == "any" else coerce(value, shape)
    kind = shape["kind"]
    result: Any = value
    if kind == "optional":
        result = coerce_data(value, shape["of"])
    elif kind == "union":
        result = coerce_data(value, next(option for option in shape["of"] if _takes_text(option)))
    return _bounded(result, shape)


def _takes_text(shape: Shape) -> bool:
    kind = shape["kind"]
    if kind == "optional":
        return _takes_text(shape["of"])
    if kind == "union":
        return any(_takes_text(option) for option in shape["of"])
    return kind in ("str", "any")


def with_defaults(value: Any, shape: Shape) -> Any:
    """Return a coerced value as its Python counterpart prints it: defaults filled in, sets in one order."""
    kind = shape["kind"]
    if value is None:
        return None
    if kind == "optional":
        return with_defaults(value, shape["of"])
    if kind == "list" and isinstance(value, list):
        return [with_defaults(item, shape["items"]) for item in value]
    if kind == "set" and isinstance(value, list):
        return sorted((with_defaults(item, shape["items"]) for item in value), key=str)
    if kind == "dict" and isinstance(value, dict):
        return {key: with_defaults(item, shape["values"]) for key, item in value.items()}
    if kind != "object" or not isinstance(value, dict):
        return value
    filled: dict[str, Any] = {}
    for name, member in shape["fields"].items():
        if name in value:
            filled[name] = with_defaults(value[name], member["shape"])
        elif "default" in member:
            filled[name] = member["default"]
    return filled


def _str(value: Any, _shape: Shape) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        raise CoercionError("null where a text belongs")
    return json_text(value) if isinstance(value, (list, dict)) else str(value)


def _json_of(value: Any, types: type | tuple[type, ...], what: str) -> Any:
    """Return `value`, or the JSON that its text holds, when it is of one of `types`."""
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except JsonishError as error:
            raise CoercionError(f"{shown_value(value)} is not {what}: {error}") from None
    if not isinstance(value, types):
        raise CoercionError(f"{shown_value(value)} is not {what}")
    return value


def _items(value: Any, what: str) -> list[Any]:
    if isinstance(value, str):
        if items := _listed(value):
            return items
        value = _bracketed(value)
    found = _json_of(value, (list, dict), what)
    if isinstance(found, dict):  # {"items": [...]}: a list that was given a name
        only = list(found.values())
        if len(only) != 1 or not isinstance(only[0], list):
            raise CoercionError(f"{shown_value(value)} is not {what}")
        return only[0]
    return found


def _bracketed(text: str) -> str:
    """Return a tuple as Python writes it as a list; any other text as it is."""
    found = _PYTHON_TUPLE.fullmatch(text.strip())
    return f"[{found[1]}]" if found else text


def _listed(text: str) -> list[str]:
    """Return the items of a text whose every line is a bullet or numbered; else nothing."""
    matches = [_LIST_ITEM.match(line) for line in text.strip().splitlines() if line.strip()]
    return [match[1].strip() for match in matches if match] if all(matches) else []


def _each(values: Iterable[Any], shape_of: Callable[[int], Shape]) -> list[Any]:
    result: list[Any] = []
    for index, item in enumerate(values):
        try:
            result.append(coerce_data(item, shape_of(index)))
        except CoercionError as error:
            raise CoercionError(f"item {index + 1}: {error}") from None
    return result


def _list(value: Any, shape: Shape) -> list[Any]:
    return _each(_items(value, "a JSON list"), lambda _: shape["items"])


def _set(value: Any, shape: Shape) -> list[Any]:
    kept: list[Any] = []
    for item in _list(value, shape):
        if item not in kept:
            kept.append(item)
    return kept


def _tuple(value: Any, shape: Shape) -> list[Any]:
    items = _items(value, "a JSON list")
    if "of" not in shape:
        return _each(items, lambda _: shape["items"])
    if len(items) != len(shape["of"]):
        raise CoercionError(f"{len(items)} items where {len(shape['of'])} belong")
    return _each(items, lambda index: shape["of"][index])


def _dict(value: Any, shape: Shape) -> dict[str, Any]:
    found: dict[str, Any] = _json_of(value, dict, "a JSON object")
    return {key: _member(key, item, shape["values"]) for key, item in found.items()}


def _object(value: Any, shape: Shape) -> dict[str, Any]:
    found: dict[str, Any] = _json_of(value, dict, "a JSON object")
    loose = {_loose_key(key): key for key in reversed(found)}
    result: dict[str, Any] = {}
    for name, member in shape["fields"].items():
        key = name if name in found else loose.get(_loose_key(name), name)
        if key in found:
            result[name] = _member(name, found[key], member["shape"])
        elif member.get("required", True):
            raise CoercionError(f"{name} is missing")
    return result


def _loose_key(key: str) -> str:
    return key.strip().replace(" ", "_").replace("-", "_").casefold()


def _member(name: str, value: Any, shape: Shape) -> Any:
    try:
        return coerce_data(value, shape)
    except CoercionError as error:
        raise CoercionError(f"{name}: {error}") from None


def _optional(value: Any, shape: Shape) -> Any:
    inner = shape["of"]
    if value is None:
        return None
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _NOTHING and (word or inner["kind"] != "str"):
            return None
        if inner["kind"] == "str" and (text := _unquoted_nothing(value)) is not None:
            return text
    return coerce(value, inner)


def _unquoted_nothing(text: str) -> str | None:
    """Return the text that `text` quotes where that, bare, would have been read as nothing; else None."""
    if text[:1] != '"' or text[-1:] != '"':
        return None
    try:
        inner = strict_json(text)
    except JsonishError:
        return None
    bare = isinstance(inner, str) and inner.strip().lower() in _NOTHING and inner.strip()
    return inner if bare or (isinstance(inner, str) and _unquoted_nothing(inner) is not None) else None


def _none(value: Any, _shape: Shape) -> None:
    if value is not None and str(value).strip().lower() not in _NOTHING:
        raise CoercionError(f"{shown_value(value)} is not None")


def _union(value: Any, shape: Shape) -> Any:
    """Return the reading that fits as it is, else the first that can be made to; text last, as all reads as text."""
    data = _any(value, shape)
    options = sorted(shape["of"], key=lambda option: option["kind"] == "str")
    for option in options:
        if fits_exactly(data, option):
            return coerce_data(data, option)
    for option in sorted(options, key=lambda option: _strangers(data, option)):
        try:
            return coerce(value, option)
        except CoercionError:
            continue
    raise CoercionError(
        f"{shown_value(value)} is none of: {', '.join(option['kind'] for option in shape['of'])}"
    )


def _strangers(data: Any, option: Shape) -> int:
    """Return how many keys of an object an option does not know."""
    known = option["fields"] if option["kind"] == "object" else {}
    return len(data.keys() - known.keys()) if isinstance(data, dict) and known else 0


def _any(value: Any, _shape: Shape) -> Any:
    """Return JSON where the text is JSON, else the text."""
    if isinstance(value, str):
        try:
            return strict_json(value) if value[:1] in ("[", "{") else _scalar(value)
        except JsonishError:
            return value
    return value


def _custom(value: Any, shape: Shape) -> Any:
    """Return text for a type that is written as text, else JSON where the text holds some."""
    if isinstance(value, str) and (shape.get("schema") or {}).get("type") != "string":
        try:
            return parse_json(value)
        except JsonishError:
            return value
    return value


def _scalar(text: str) -> Any:
    words: dict[str, Any] = {
        "true": True,
        "True": True,
        "false": False,
        "False": False,
        "null": None,
        "None": None,
    }
    if text in words:
        return words[text]
    return strict_json(text) if text[:1] in '"-0123456789' else text


_COERCERS: dict[str, Callable[[Any, Shape], Any]] = {
    "str": _str,
    "bytes": _str,
    "bool": coerce_bool,
    "int": coerce_int,
    "float": coerce_float,
    "literal": coerce_literal,
    "enum": coerce_enum,
    "list": _list,
    "set": _set,
    "tuple": _tuple,
    "dict": _dict,
    "object": _object,
    "optional": _optional,
    "union": _union,
    "none": _none,
    "any": _any,
    "custom": _custom,
    "date": coerce_date,
    "datetime": coerce_datetime,
    "time": coerce_time,
}
