"""Writes values as text: what stands under a field's marker.

Knows nothing about fields, markers or types in a signature. Standard library only; exported scripts carry it.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
from collections.abc import Mapping
from typing import Any


def plain_value(value: Any) -> Any:
    """Return `value` as JSON data: models and dataclasses as dicts, enums as their values, dates as ISO text.

    Floats stay floats, also those that JSON has no word for; unknown objects become their text.
    """
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, enum.Enum):
        return plain_value(value.value)
    if isinstance(value, Mapping):
        return {_plain_key(key): plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain_value(item) for item in value), key=str)
    return _plain_object(value)


def _plain_key(key: Any) -> str:
    return key if type(key) is str else str(plain_value(key))


def _plain_object(value: Any) -> Any:
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, (str, int, float)):  # their subclasses
        return value
    if isinstance(value, type):
        return str(value)
    if getattr(value, "is_custom_type", False):  # written in its own form; parts have none in text
        made = value.format()
        return str(value) if isinstance(made, list) else plain_value(made)
    if hasattr(value, "model_dump"):
        return plain_value(_model_data(value))
    to_dict: Any = getattr(value, "toDict", None)  # examples and predictions
    if to_dict is not None:
        return plain_value(to_dict())
    if hasattr(value, "tolist"):  # numpy's numbers and arrays
        return plain_value(value.tolist())
    if dataclasses.is_dataclass(value):
        return {item.name: plain_value(getattr(value, item.name)) for item in dataclasses.fields(value)}
    return str(value)


def _model_data(model: Any) -> Any:
    try:
        return model.model_dump(mode="json")
    except ValueError:  # a field has no JSON form of its own
        return model.model_dump()


def json_text(value: Any, indent: int | None = None) -> str:
    """Return `value` as JSON, on one line unless `indent` is given, Unicode kept."""
    return json.dumps(plain_value(value), ensure_ascii=False, indent=indent)


def value_text(value: Any, in_text_field: bool = False) -> str:
    """Return `value` as it stands in a prompt.

    Text stays as it is; numbers, bools and None as Python writes them; everything with parts as one line of JSON.

    Args:
        in_text_field: The field is a `str`: a list given to it becomes numbered items in guillemets.
    """
    if type(value) is str:
        return value
    if in_text_field and isinstance(value, list):
        return numbered_items(value)
    data = plain_value(value)
    if isinstance(data, (dict, list)):
        return json.dumps(data, ensure_ascii=False)
    return str(data)


def numbered_items(items: list[Any]) -> str:
    """Return passages one below another: `[1] «…»`; one item without a number; none: `N/A`.

    An item of several lines, or with guillemets of its own, becomes an indented block.
    """
    if not items:
        return "N/A"
    texts = [_quoted_item(value_text(item)) for item in items]
    if len(texts) == 1:
        return texts[0]
    return "\n".join(f"[{number}] {text}" for number, text in enumerate(texts, start=1))


def _quoted_item(text: str) -> str:
    if "\n" in text or "«" in text or "»" in text:
        return "«««\n    " + text.replace("\n", "\n    ") + "\n»»»"
    return f"«{text}»"
