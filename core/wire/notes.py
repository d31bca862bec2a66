"""Says in few words which values a type takes: the note behind a placeholder, the type in the reminder.

Knows nothing about fields and messages. Standard library only; exported scripts carry it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.wire.scalars import Shape

_NOTES = {
    "str": "",
    "bytes": "",
    "any": "",
    "none": "None",
    "bool": "True or False",
    "int": "a whole number",
    "float": "a number",
    "date": "YYYY-MM-DD",
    "datetime": "YYYY-MM-DDThh:mm:ss",
    "time": "hh:mm:ss",
}
_LONG_NAME = 60


def value_note(shape: Shape, schema: Mapping[str, Any] | None) -> str:
    """Return which values an output may take: words for plain types, the members of a choice, else a JSON schema."""
    kind = shape["kind"]
    if kind in _NOTES:
        return _NOTES[kind]
    if kind in ("literal", "enum"):
        values = shape["values"] if kind == "literal" else shape["values"].values()
        return f"one of: {'; '.join(str(value) for value in values)}"
    if kind == "optional":
        return _optional_note(shape["of"], schema)
    if not schema:
        return "JSON" if kind != "custom" else ""
    return f"JSON: {json.dumps(schema, ensure_ascii=False, sort_keys=True)}"


def _optional_note(inner: Shape, schema: Mapping[str, Any] | None) -> str:
    options = schema.get("anyOf") if schema else None
    note = value_note(inner, options[0] if options else None)
    if "values" in inner and inner["kind"] != "dict":
        return f"{note}; None"
    return f"{note or 'text'} or None"


def short_type(shape: Shape, type_name: str) -> str:
    """Return a type for the reminder: its name, unless that would repeat a long list of values."""
    if shape["kind"] in ("literal", "enum"):
        return "one of its values"
    return type_name if len(type_name) <= _LONG_NAME else shape["kind"]
