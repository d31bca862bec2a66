"""The fields that a prompt declares: its numbered lists, and the notes in its template on the values they take.

Knows nothing about turns or values; it reads the system message's lists and templates alone.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from core.lm.embedded.decoding import decoded_prefix
from core.lm.embedded.shapes import Shape, parse_type, shape_of_schema, shape_of_tags
from core.lm.embedded.task import Slot

__all__ = ["declared_fields", "refine"]

_ITEM = re.compile(r"^[ \t]*(?:\d+[.)]|[-*•])[ \t]+[`\"'*]*([A-Za-z_À-￿][\w-]*)[`\"'*]*[ \t]*(.*)$")
_TICKED = re.compile(r"^[ \t]*(?:\d+[.)]|[-*•])[ \t]+`")
_BOUND = re.compile(
    r"(greater than or equal to|at least|minimum|>=|≥|less than or equal to|at most|maximum|<=|≤|greater than|"
    r"less than|>|<)"
    r"\s*:?\s*(-?\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_ONE_OF = re.compile(
    r"\b(?:one of|members?|choices|allowed values?|values?|options?)\b[^:;\n{]{0,60}:\s*(.+)", re.DOTALL
)


def declared_fields(system: str) -> tuple[list[Slot], list[Slot], int]:
    """Return the declared inputs, the declared outputs, and where in `system` the last list ends."""
    system = _lists_part(system)
    groups: dict[str, list[Slot]] = {"in": [], "out": []}
    group = ""
    position = end = 0
    open_slot = False
    for line in system.splitlines(keepends=True):
        position += len(line)
        stripped = line.strip()
        match = _ITEM.match(line)
        if match and group and (_TICKED.match(line) or open_slot):
            groups[group].append(_slot(match[1], match[2]))
            open_slot, end = True, position
        elif stripped.endswith(":") and (heading := _heading(stripped)):
            group, open_slot = heading, False
        elif open_slot and stripped and not _ends_list(stripped):
            groups[group][-1] = _continued(groups[group][-1], stripped)
            end = position
        elif stripped:
            group, open_slot = "", False
    return groups["in"], groups["out"], end


_TEMPLATE = re.compile(r"^(?:\[\[ ## |<[A-Za-z_]\w*>|\{)", re.MULTILINE)


def _lists_part(system: str) -> str:
    """Return what stands before the template, without the lines that lead to it."""
    match = _TEMPLATE.search(system)
    if match is None:
        return system
    lines = system[: match.start()].rstrip().splitlines(keepends=True)
    while lines and not _TICKED.match(lines[-1]) and lines[-1].rstrip().endswith((":", ".")):
        if lines[-1].startswith("Constraints"):
            break
        before = lines.pop()
        if not _leads(before):
            lines.append(before)
            break
    return "".join(lines)


def _leads(line: str) -> bool:
    """Return whether a line announces a template rather than going on with a description."""
    return line.rstrip().endswith(":") or bool(
        re.search(r"\b(?:structure|format|filled|layout|interaction)", line)
    )


def _heading(line: str) -> str:
    lower = line.casefold()
    if "output" in lower or "produce" in lower or "return" in lower:
        return "out"
    return "in" if "input" in lower or "provided" in lower or "given" in lower else ""


def _ends_list(line: str) -> bool:
    return line.startswith(("[[", "<", "{", "---", "```")) or line.startswith(
        ("All interactions", "In adhering")
    )


def _slot(name: str, rest: str) -> Slot:
    rest = rest.strip()
    kind = ""
    if rest.startswith("("):
        closing = _closing(rest)
        kind, rest = rest[1:closing], rest[closing + 1 :]
    description = rest.lstrip(" :–—-").strip()
    shape = parse_type(kind) if kind else parse_type("str")
    return Slot(name, description, _bounded(shape, description))


def _closing(text: str) -> int:
    """Return where the parenthesis that opens `text` closes, quotes respected."""
    depth = 0
    quote = ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote and text[position - 1] != "\\" else quote
        elif character in "'\"" and (text[position - 1] in "[,( " or character == '"'):
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
            if depth == 0:
                return position
    return text.rfind(")") if ")" in text else len(text)


def _continued(slot: Slot, line: str) -> Slot:
    if line.startswith("Constraints:"):
        return replace(slot, shape=_bounded(slot.shape, line))
    description = f"{slot.description}\n{line}".strip()
    return replace(slot, description=description, shape=_bounded(slot.shape, line))


def _bounded(shape: Shape, text: str) -> Shape:
    """Take the bounds that a text states over into a number's shape."""
    if shape.kind not in {"int", "float"}:
        return shape
    low, high = shape.low, shape.high
    for match in _BOUND.finditer(text):
        word, number = match[1].casefold(), float(match[2])
        if word.startswith(("greater", "at least", "min", ">", "≥")):
            low = number
        else:
            high = number
    if spread := re.search(r"(?:between|from)\s+(-?\d+(?:\.\d+)?)\s+(?:and|to)\s+(-?\d+(?:\.\d+)?)", text):
        low, high = float(spread[1]), float(spread[2])
    return replace(shape, low=low, high=high)


def refine(slot: Slot, note: str) -> Slot:
    """Return `slot` with what the template's note on it says: a JSON schema, or the values allowed."""
    note = note.replace("{" + slot.name + "}", " ").strip()
    if not note:
        return slot
    if note.startswith("<") and slot.shape.kind in {"named", "object", "list", "any"}:
        shape = shape_of_tags(note)
        return replace(slot, shape=shape) if slot.shape.kind == "named" and shape.kind != "any" else slot
    schema = _schema_in(note)
    if schema is not None:
        shape = shape_of_schema(schema)
        if slot.shape.kind in {"named", "any", "list", "dict", "object"} and shape.kind != "any":
            return replace(slot, shape=replace(shape, nullable=shape.nullable or slot.shape.nullable))
        return slot
    match = _ONE_OF.search(note)
    if match and slot.shape.kind == "named":
        values = tuple(
            _unquoted(value) for value in re.split(r"\s*;\s*" if ";" in match[1] else r"\s*[,|]\s*", match[1])
        )
        return replace(
            slot, shape=replace(slot.shape, kind="closed", choices=tuple(v for v in values if v != ""))
        )
    return replace(slot, shape=_bounded(slot.shape, note))


def _unquoted(text: str) -> Any:
    text = text.strip().rstrip(".")
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"`" else text


def _schema_in(note: str) -> Any:
    begin = note.find("{")
    if begin < 0:
        return None
    found, _ = decoded_prefix(note[begin:])
    return found if isinstance(found, dict) and found else None
