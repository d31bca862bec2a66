"""Writes the reply in the layout that the prompt asked for.

Knows nothing about where the values come from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.lm.embedded.task import Task
from core.wire.sections import CLOSING_MARKER, section
from core.wire.values import plain_value, value_text

__all__ = ["write_reply"]


def write_reply(task: Task, values: Mapping[str, Any]) -> str:
    """Return `values` as the reply to `task`, outputs in the order asked for."""
    ordered = {slot.name: values[slot.name] for slot in task.outputs if slot.name in values}
    if task.layout == "json":
        return json.dumps(plain_value(ordered), ensure_ascii=False, indent=2)
    if task.layout == "xml":
        return "\n\n".join(_element(name, value) for name, value in ordered.items())
    if task.layout == "chat":
        parts = [section(name, value_text(value)) for name, value in ordered.items()]
        return "\n\n".join([*parts, CLOSING_MARKER] if task.closing else parts)
    if task.layout == "fenced":
        return "```\n" + "\n".join(value_text(value) for value in ordered.values()) + "\n```"
    if task.layout == "lines" and len(ordered) > 1:
        return "\n".join(f"{name}: {value_text(value)}" for name, value in ordered.items())
    return "\n".join(value_text(value) for value in ordered.values())


def _element(name: str, value: Any) -> str:
    value = plain_value(value)
    if isinstance(value, (dict, list)):
        return f"<{name}>{_inside(value)}</{name}>"
    return f"<{name}>\n{value_text(value)}\n</{name}>"


def _inside(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(f"<{key}>{_inside(part)}</{key}>" for key, part in value.items())
    if isinstance(value, list):
        return "".join(f"<item>{_inside(part)}</item>" for part in value)
    return value_text(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
