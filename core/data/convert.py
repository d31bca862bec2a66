"""A cell becomes a value of its field's type: numbers, true and false, dates, lists, records, closed answers.

Knows nothing about files. Stricter than the reading of a model's reply: in a data file a slip is a fault to mend.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from core.wire.constraints import broken_constraint

__all__ = ["converted"]

_WHOLE = re.compile(r"[+-]?\d+(\.0*)?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TRUE = ("true", "yes", "y", "t", "1")
_FALSE = ("false", "no", "n", "f", "0")
_SEPARATORS = ("\n", ";", "|")

Shape = Mapping[str, Any]


def converted(value: Any, shape: Shape) -> Any:
    """Return `value` (text from a CSV, or anything from JSON) as the type that `shape` describes.

    Raises:
        ValueError: It does not fit; the text says what would.
    """
    made = _CONVERTERS.get(shape["kind"], _as_it_is)(value, shape)
    broken = broken_constraint(made, shape.get("constraints", {})) if made is not None else None
    if broken:
        raise ValueError(f"{broken[:1].upper()}{broken[1:]}.")
    return made


def _as_it_is(value: Any, shape: Shape) -> Any:
    return value


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return repr(text if len(text) <= 60 else f"{text[:60]}…") if isinstance(value, str) else text[:60]


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _optional(value: Any, shape: Shape) -> Any:
    return None if _empty(value) else converted(value, shape["of"])


def _text(value: Any, shape: Shape) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        raise ValueError("The value is missing.")
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    raise ValueError(f"{_shown(value)} is no text.")


def _int(value: Any, shape: Shape) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    raise ValueError(f"{_shown(value)} is no whole number.{_number_advice(value)}")


def _float(value: Any, shape: Shape) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number or (isinstance(value, str) and _NUMBER.fullmatch(value.strip())):
        made = float(value)
        if math.isfinite(made):
            return made
    raise ValueError(f"{_shown(value)} is no number.{_number_advice(value)}")


def _number_advice(value: Any) -> str:
    comma = isinstance(value, str) and "," in value
    return " Write a decimal point, and nothing between thousands." if comma else ""


def _bool(value: Any, shape: Shape) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(f"{_shown(value)} is neither true nor false.")


def _none(value: Any, shape: Shape) -> None:
    if not _empty(value):
        raise ValueError(f"{_shown(value)} stands where nothing should.")


def _closed(value: Any, shape: Shape) -> Any:
    """Return the allowed value that is meant: exactly, or but for case and spaces around it."""
    by_name = shape["values"] if shape["kind"] == "enum" else {}
    allowed = list(by_name.values()) if by_name else list(shape["values"])
    for option in allowed:
        if type(option) is type(value) and option == value:
            return option
    if isinstance(value, str) and value in by_name:
        return by_name[value]
    key = str(value).strip().casefold()
    near = [option for option in allowed if str(option).strip().casefold() == key]
    if len(near) == 1 and value is not None:
        return near[0]
    listed = ", ".join(map(str, allowed[:12])) + (f" … ({len(allowed)} in all)" if len(allowed) > 12 else "")
    raise ValueError(f"{_shown(value)} is not one of: {listed}.")


def _list(value: Any, shape: Shape) -> Any:
    items = _items(value)
    if "of" in shape:
        if len(items) != len(shape["of"]):
            raise ValueError(f"There are {len(items)} items, {len(shape['of'])} are needed.")
        return tuple(converted(item, inner) for item, inner in zip(items, shape["of"], strict=True))
    made = [_item(place, item, shape["items"]) for place, item in enumerate(items, start=1)]
    return made if shape["kind"] == "list" else (set(made) if shape["kind"] == "set" else tuple(made))


def _item(place: int, item: Any, shape: Shape) -> Any:
    try:
        return converted(item, shape)
    except ValueError as error:
        raise ValueError(f"Item {place}: {error}") from None


def _items(value: Any) -> list[Any]:
    """Return the items of a list: a JSON list, or text with one item a line, or between semicolons or bars."""
    if isinstance(value, (list, tuple)):
        return list(value)
    if _empty(value):
        return []
    if not isinstance(value, str):
        raise ValueError(f"{_shown(value)} is no list.")
    text = value.strip()
    if text.startswith("["):
        return _json(text, list, "list")
    separator = next((mark for mark in _SEPARATORS if mark in text), None)
    parts = text.split(separator) if separator else [text]
    return [part.strip() for part in parts if part.strip()]


def _json(text: str, kind: type, word: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(f"{_shown(text)} is no JSON {word}; quotation marks are double in JSON.") from None
    if not isinstance(found, kind):
        raise ValueError(f"{_shown(text)} is no JSON {word}.")
    return found


def _mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, str):
        return _json(value.strip(), dict, "object")
    raise ValueError(f"{_shown(value)} is no object.")


def _custom(value: Any, shape: Shape) -> Any:
    """Return an image, a sound, a file … of a URL, a data URI or its JSON data; nothing is read for it."""
    import core.data.types as types

    name, _, language = str(shape.get("name", "")).partition("_")
    kind: Any = types.Code[language] if name == "Code" and language else getattr(types, name, None)
    if kind is None or isinstance(value, kind) or value is None:
        return value
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        value = json.loads(value) if _is_json(value) else value
    try:
        return kind.model_validate(value)
    except ValueError as error:
        told = getattr(error, "errors", None)
        reason = str(told()[0]["msg"]) if told is not None else str(error)
        raise ValueError(reason.removeprefix("Value error, ")) from None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _dict(value: Any, shape: Shape) -> dict[str, Any]:
    return {key: _member(key, item, shape["values"]) for key, item in _mapping(value).items()}


def _object(value: Any, shape: Shape) -> dict[str, Any]:
    given, fields = _mapping(value), shape["fields"]
    unknown = [key for key in given if key not in fields]
    if unknown:
        raise ValueError(f"There is no member '{unknown[0]}'; there are: {', '.join(fields)}.")
    made: dict[str, Any] = {}
    for key, member in fields.items():
        if key in given:
            made[key] = _member(key, given[key], member["shape"])
        elif member.get("required", True):
            raise ValueError(f"The member '{key}' is missing.")
        else:
            made[key] = member.get("default")
    return made


def _member(key: str, item: Any, shape: Shape) -> Any:
    try:
        return converted(item, shape)
    except ValueError as error:
        raise ValueError(f"Member '{key}': {error}") from None


def _union(value: Any, shape: Shape) -> Any:
    for inner in shape["of"]:
        try:
            return converted(value, inner)
        except ValueError:
            continue
    raise ValueError(f"{_shown(value)} fits none of the field's types.")


def _date(value: Any, shape: Shape) -> date:
    if isinstance(value, datetime):
        return value.date()  # workbooks have no days without a time
    return value if isinstance(value, date) else _iso(value, date.fromisoformat, "date like 2024-05-31")


def _datetime(value: Any, shape: Shape) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    return _iso(value, datetime.fromisoformat, "date and time like 2024-05-31T17:30")


def _time(value: Any, shape: Shape) -> time:
    return value if isinstance(value, time) else _iso(value, time.fromisoformat, "time like 17:30")


def _iso(value: Any, parse: Callable[[str], Any], example: str) -> Any:
    try:
        return parse(str(value).strip())
    except ValueError:
        raise ValueError(f"{_shown(value)} is no {example}.") from None


_CONVERTERS: dict[str, Callable[[Any, Shape], Any]] = {
    "str": _text,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "none": _none,
    "literal": _closed,
    "enum": _closed,
    "list": _list,
    "set": _list,
    "tuple": _list,
    "dict": _dict,
    "object": _object,
    "optional": _optional,
    "union": _union,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "custom": _custom,
}
