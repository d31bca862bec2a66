"""Signatures as wire signatures: the JSON data that `core.wire` renders and parses by, and back to Python values.

Knows nothing about layouts and models. What is derived from a signature is kept with it, in `signature.made`.
"""

from __future__ import annotations

from typing import Any, TypeVar

from core.adapters.special import is_custom, types_within
from core.foundation.errors import WorkbenchError
from core.signature import Field, SignatureMeta, json_schema, validate
from core.wire.layout import Layout, WireField
from core.wire.values import plain_value

__all__ = ["ReplyReader", "layout_of", "reader_of", "wire_signature"]

# The notes for these need no schema: their words are in `core.wire.notes`.
_WORDED = frozenset(
    {"str", "bytes", "any", "none", "bool", "int", "float", "date", "datetime", "time", "literal", "enum"}
)
# The JSON data of these is their Python value already.
_PLAIN = frozenset({"str", "int", "float", "bool", "any", "none", "literal"})

L = TypeVar("L", bound=Layout)


def wire_signature(signature: SignatureMeta) -> dict[str, Any]:
    """Return instructions and fields as JSON data; its form is described in `core.wire.layout`."""
    fields = [_wire_field(field) for field in signature.fields.values()]
    return {"instructions": signature.instructions, "fields": fields}


def _wire_field(field: Field) -> dict[str, Any]:
    shape = {key: value for key, value in field.shape.items() if key != "constraints"}
    data: dict[str, Any] = {
        "name": field.name,
        "role": field.role,
        "type_name": field.type_name,
        "desc": _described(field),
        "shape": shape,
        "constraints": dict(field.constraints),
    }
    inner = shape["of"] if shape["kind"] == "optional" else shape
    if field.role == "output" and inner["kind"] not in _WORDED:
        schema = _brief(json_schema(shape))
        if not (
            inner["kind"] == "custom" and schema.get("type") == "string"
        ):  # a text of its own: see `description`
            data["schema"] = schema
    if not field.required:
        data["default"] = plain_value(field.absent_value())
    return data


def _described(field: Field) -> str:
    """Return what was said of a field, and below it what its custom types say of themselves."""
    custom = [kind for kind in types_within(field.annotation) if is_custom(kind)]
    said = [f"{kind.__name__}: {words}" for kind in custom if (words := kind.description())]
    return "\n    ".join([field.desc, *said] if field.has_desc else said)


def _brief(schema: Any) -> Any:
    """Return a schema for a prompt: without the closing of objects, which costs tokens and tells a model nothing."""
    if isinstance(schema, list):
        return [_brief(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = schema.get("additionalProperties") is False and schema.get("type") == "object"
    return {
        key: _brief(value) for key, value in schema.items() if not (closed and key == "additionalProperties")
    }


def layout_of(signature: SignatureMeta, kind: type[L]) -> L:
    """Return the compiled layout of a signature, made once."""
    made = signature.made
    layout = made.get(kind)
    if layout is None:
        layout = made[kind] = kind(wire_signature(signature))
    return layout


class ReplyReader:
    """Makes the Python values of a signature's outputs: enum members, models, dates, defaults."""

    def __init__(self, signature: SignatureMeta) -> None:
        self._fields = signature.output_fields
        self._rich = {name for name, field in self._fields.items() if not _is_plain(field.shape)}

    def finish(self, field: WireField, value: Any) -> Any:
        """Return the Python value of a field from its JSON data.

        Raises:
            ValueError: It does not fit.
        """
        if field.name not in self._rich:
            return value
        try:
            return validate(self._fields[field.name], value)
        except WorkbenchError as error:
            raise ValueError(error.message) from error

    def absent(self, field: WireField) -> Any:
        """Return the value of a field that the reply need not have and has not."""
        return self._fields[field.name].absent_value()

    def read(self, layout: Layout, text: str) -> dict[str, Any]:
        """Return the outputs that a reply gives, as Python values.

        Raises:
            ReplyError: A required field is absent or has no fitting value.
        """
        return layout.parse(text, self.finish, self.absent)


def _is_plain(shape: dict[str, Any]) -> bool:
    kind = shape["kind"]
    if kind in _PLAIN:
        return True
    if kind == "list":
        return _is_plain(shape["items"])
    if kind == "dict":
        return _is_plain(shape["values"])
    return kind == "optional" and _is_plain(shape["of"])


def reader_of(signature: SignatureMeta) -> ReplyReader:
    """Return the reader of a signature, made once."""
    made = signature.made
    reader = made.get(ReplyReader)
    if reader is None:
        reader = made[ReplyReader] = ReplyReader(signature)
    return reader
