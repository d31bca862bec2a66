"""What is the same in messages whatever their sentences are: roles, order, fields, markers, tags, values, demos.

Knows nothing about who wrote them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from core.wire.markup import outermost
from core.wire.sections import split_sections

_FIELD = re.compile(r"^\d+\. `(\w+)` \(", re.MULTILINE)
_ABSENT = ("(not given)", "Not supplied for this")


def structure(messages: list[dict[str, Any]], adapter: str, names: list[str]) -> list[dict[str, Any]]:
    """Return what messages are made of; `names` are the fields in order."""
    found: list[dict[str, Any]] = []
    for index, message in enumerate(messages):
        text, role = message["content"], message["role"]
        if role == "system":
            found.append(
                {"role": role, "fields": _FIELD.findall(text), "marked": _marked(text, adapter, names)}
            )
        elif role == "assistant" and adapter == "json":
            found.append({"role": role, "object": _neutral(json.loads(text))})
        else:
            is_request = index == len(messages) - 1
            found.append({"role": role, "values": _values(text, adapter, names, is_request)})
    return found


def _marked(text: str, adapter: str, names: list[str]) -> list[str]:
    """Return the markers, keys or tags that a system message shows, in order."""
    if adapter == "xml":
        return [name for name, _ in outermost(text, names)]
    keys = re.findall(r'^ *"?(\w+)"?: ', text, re.MULTILINE) if adapter == "json" else []
    return [name for name, _ in split_sections(text)[1:]] + [key for key in keys if key in names]


def _values(text: str, adapter: str, names: list[str], is_request: bool) -> list[list[Any]]:
    if adapter == "xml":
        if is_request:
            text = text[: text.rindex("\n\n")]
        return [[name, _plain(source.strip())] for name, source in outermost(text, names)]
    body = text[: text.rindex("\n\n")] if is_request else text
    return [[name, _plain(value)] for name, value in split_sections(body)[1:]]


def _neutral(values: dict[str, Any]) -> list[list[Any]]:
    return [[name, _plain(value)] for name, value in values.items()]


def _plain(value: Any) -> Any:
    """Return a value; the words for one that is absent are each side's own."""
    return "(absent)" if isinstance(value, str) and value.startswith(_ABSENT) else value
