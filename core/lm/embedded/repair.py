"""Second attempts: what a complaint about an unreadable answer says of the fields it names.

Knows nothing about how to answer; it sharpens the task.
"""

from __future__ import annotations

import re
from dataclasses import replace

from core.lm.embedded.freeform import listed_choices
from core.lm.embedded.shapes import Shape, parse_type
from core.lm.embedded.task import Slot, Task

__all__ = ["sharpened"]

_KINDS = (
    (r"\b(?:integer|int|whole number)\b", "int"),
    (r"\b(?:float|number|numeric|decimal)\b", "float"),
    (r"\b(?:boolean|bool|true or false)\b", "bool"),
    (r"\b(?:date)\b", "date"),
)


def sharpened(task: Task) -> Task:
    """Return the task with the fields retyped as the complaint says they must be."""
    if not task.complaint:
        return task
    layout = task.layout
    if layout == "bare" and re.search(r"\bJSON\b", task.complaint):
        layout = "json"
    return replace(
        task, layout=layout, outputs=tuple(_sharpened(slot, task.complaint) for slot in task.outputs)
    )


def _sharpened(slot: Slot, complaint: str) -> Slot:
    if slot.shape.kind not in {"named", "any", "str"}:
        return slot
    about = [
        part
        for part in re.split(r"(?<=[.;])\s|\n", complaint)
        if re.search(rf"\b{re.escape(slot.name)}\b", part)
    ]
    said = about[0] if about else ""
    if not said:
        return slot
    if choices := listed_choices(said):
        return replace(slot, shape=replace(slot.shape, kind="closed", choices=choices))
    if slot.shape.kind == "str":
        return slot
    for pattern, kind in _KINDS:
        if re.search(pattern, said, re.IGNORECASE):
            return replace(slot, shape=replace(slot.shape, kind=kind))
    if match := re.search(r"\b((?:list|dict|Literal|Optional)\[[^\n`]+\])", said):
        return replace(slot, shape=_known(parse_type(match[1]), slot.shape))
    return slot


def _known(shape: Shape, before: Shape) -> Shape:
    return before if shape.kind == "named" else shape
