"""The BAML-like layout: as JSON, the object to reply with described by short types instead of JSON schemas.

Knows nothing about models and adapters. Standard library only; exported scripts carry it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from core.wire.constraints import constraint_words
from core.wire.json_layout import JsonLayout
from core.wire.layout import input_structure
from core.wire.scalars import Shape

_SHORT_TYPES = {
    "str": "string",
    "bytes": "string",
    "bool": "boolean",
    "int": "int",
    "float": "float",
    "none": "null",
    "any": "any",
    "date": "string (YYYY-MM-DD)",
    "datetime": "string (YYYY-MM-DDThh:mm:ss)",
    "time": "string (hh:mm:ss)",
}


class BamlLayout(JsonLayout):
    """Marked inputs, a JSON object back, its form in short types."""

    name = "baml"

    def structure(self) -> str:
        """Return the inputs' markers and the form of the object to reply with."""
        members = "".join(
            _member_line(field.name, field.shape, "", "  ", required=True) for field in self.outputs
        )
        shown = input_structure(self.inputs)
        given = f"Inputs come as:\n\n{shown}\n\n" if shown else ""
        return f"{given}Reply with a JSON object:\n\n{{\n{members}}}"

    def reminding(self) -> str:
        """Name the fields of the object in order; their types stand above."""
        return f"Reply with a JSON object of {', then '.join(f'`{field.name}`' for field in self.outputs)}."


def _member_line(name: str, shape: Shape, desc: str, indent: str, required: bool) -> str:
    bounds = constraint_words(shape.get("constraints") or {})
    comment = ", ".join(part for part in (desc.replace("\n", " "), bounds) if part)
    above = f"{indent}// {comment}\n" if comment else ""
    return f"{above}{indent}{name}{'' if required else '?'}: {brief_type(shape, indent)},\n"


def brief_type(shape: Shape, indent: str = "") -> str:
    """Return a type in few words: `string[]`, `"a" or "b"`, `int or null`, an object over several lines."""
    kind = shape["kind"]
    if kind in _SHORT_TYPES:
        return _SHORT_TYPES[kind]
    if kind in ("literal", "enum"):
        values = shape["values"] if kind == "literal" else shape["values"].values()
        return " or ".join(json.dumps(value, ensure_ascii=False, default=str) for value in values)
    if kind == "optional":
        return f"{brief_type(shape['of'], indent)} or null"
    if kind == "union":
        return " or ".join(brief_type(option, indent) for option in shape["of"])
    if kind == "dict":
        return f"dict[string, {brief_type(shape['values'], indent)}]"
    if kind == "object":
        return _object_type(shape, indent)
    if kind == "custom":
        schema = shape.get("schema") or {}
        return (
            "string"
            if schema == {"type": "string"}
            else json.dumps(schema, ensure_ascii=False)
            if schema
            else "any"
        )
    return _list_type(shape, indent)


def _object_type(shape: Shape, indent: str) -> str:
    fields: Mapping[str, Shape] = shape["fields"]
    inner = f"{indent}  "
    members = "".join(
        _member_line(name, member["shape"], member.get("desc") or "", inner, member.get("required", True))
        for name, member in fields.items()
    )
    return f"{{\n{members}{indent}}}"


def _list_type(shape: Shape, indent: str) -> str:
    if "items" not in shape:
        return f"[{', '.join(brief_type(item, indent) for item in shape['of'])}]"
    inner = brief_type(shape["items"], indent)
    return f"({inner})[]" if " or " in inner.split("{", 1)[0] else f"{inner}[]"
