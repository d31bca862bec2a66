"""Which values a field takes, read from a type as Python writes it or from a JSON schema.

Knows nothing about prompts. Builds no Python types: a name it does not know stays a name.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from core.lm.embedded.decoding import MISSING, decoded

__all__ = [
    "ANY",
    "TEXT",
    "Shape",
    "choices_of",
    "parse_type",
    "shape_of_schema",
    "shape_of_tags",
    "tagged_value",
]


@dataclass(frozen=True, slots=True)
class Shape:
    """The values a field takes.

    Attributes:
        kind: "str", "int", "float", "bool", "date", "closed", "list", "dict", "object", "any" or "named".
        choices: Of a closed field, in order, as Python values.
        items: Of a list or dict.
        parts: Of an object: name and (shape, description, required).
        nullable: None is a value too.
        low: Smallest number, or length.
        high: Largest.
        name: What the prompt calls it.
    """

    kind: str = "str"
    choices: tuple[Any, ...] = ()
    items: Shape | None = None
    parts: tuple[tuple[str, Shape, str, bool], ...] = ()
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    name: str = ""


TEXT = Shape("str")
ANY = Shape("any")

_SCALARS = {
    "str": "str", "string": "str", "text": "str", "int": "int", "integer": "int", "float": "float", "number": "float",
    "decimal": "float", "bool": "bool", "boolean": "bool", "date": "date", "datetime": "date", "any": "any",
    "nonetype": "any", "none": "any", "reasoning": "str", "code": "str", "object": "any", "time": "str",
}  # fmt: skip
_HEAD = re.compile(r"^(?:typing\.|t\.)?([\w.]+)\s*(?:\[(.*)\])?$", re.DOTALL)
_CHOICE = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,'"]+)""")


def parse_type(text: str) -> Shape:
    """Return the shape that a type's text names: `Literal['a', 'b']`, `list[str]`, `Optional[int]`, `float | None`."""
    text = text.strip()
    options = _split(text, "|")
    if len(options) > 1:
        return _union(options)
    match = _HEAD.match(text)
    if match is None:
        return Shape("named", name=text)
    head, inside = match[1].rsplit(".", 1)[-1], match[2]
    lower = head.casefold()
    if inside is None:
        return _bare(head, lower)
    if lower == "literal":
        return Shape("closed", choices=choices_of(inside))
    if lower in {"optional", "union"}:
        return _union([*_split(inside, ","), *(["None"] if lower == "optional" else [])])
    parts = _split(inside, ",")
    if lower in {"list", "set", "frozenset", "tuple", "sequence", "iterable"}:
        return Shape("list", items=parse_type(parts[0]))
    if lower in {"dict", "mapping"}:
        return Shape("dict", items=parse_type(parts[-1]))
    if lower == "annotated":
        return parse_type(parts[0])
    if lower in {"str", "string", "int", "float"}:  # str[a, b]: some layouts write allowed values so
        return Shape("closed", choices=choices_of(inside))
    return Shape("named", name=head)


def _bare(head: str, lower: str) -> Shape:
    if lower in {"list", "set", "tuple"}:
        return Shape("list", items=ANY)
    if lower == "dict":
        return Shape("dict", items=ANY)
    kind = _SCALARS.get(lower)
    return Shape(kind) if kind else Shape("named", name=head)


def _union(options: list[str]) -> Shape:
    known = [option.strip() for option in options]
    real = [option for option in known if option.casefold() not in {"none", "nonetype", "null", ""}]
    shape = parse_type(real[0]) if real else ANY
    return replace(shape, nullable=len(real) < len(known))


def choices_of(text: str) -> tuple[Any, ...]:
    """Return the values written in `text`, separated by commas; a quoted one is a text."""
    return tuple(_choice(match) for match in _CHOICE.finditer(text))


def _choice(match: re.Match[str]) -> Any:
    for group in (1, 2):
        if match[group] is not None:
            return re.sub(r"\\(.)", r"\1", match[group])
    word = match[3]
    if word in {"True", "False", "None"}:
        return {"True": True, "False": False, "None": None}[word]
    found = decoded(word)
    return word if found is MISSING else found


def _split(text: str, separator: str) -> list[str]:
    """Split at separators outside brackets and quotes."""
    parts: list[str] = []
    depth = 0
    quote = ""
    begin = 0
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote and text[position - 1] != "\\" else quote
        elif character in "'\"":
            quote = character
        elif character in "[({":
            depth += 1
        elif character in "])}":
            depth -= 1
        elif character == separator and depth == 0:
            parts.append(text[begin:position])
            begin = position + 1
    return [*parts, text[begin:]]


_JSON_KINDS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "any"}


def shape_of_schema(schema: Any, definitions: dict[str, Any] | None = None, depth: int = 0) -> Shape:
    """Return the shape that a JSON schema describes; references into `$defs` are followed a bounded way down."""
    if not isinstance(schema, dict) or depth > 8:
        return ANY
    definitions = definitions or schema.get("$defs") or schema.get("definitions") or {}
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return shape_of_schema(definitions.get(reference.rsplit("/", 1)[-1]), definitions, depth + 1)
    for key in ("anyOf", "oneOf", "allOf"):
        if isinstance(schema.get(key), list) and schema[key]:
            return _schema_union(schema[key], definitions, depth)
    if isinstance(schema.get("enum"), list):
        return Shape("closed", choices=tuple(schema["enum"]), name=str(schema.get("title", "")))
    if "const" in schema:
        return Shape("closed", choices=(schema["const"],))
    kind = schema.get("type")
    if isinstance(kind, list):
        return _schema_union([{**schema, "type": one} for one in kind], definitions, depth)
    return _schema_kind(schema, kind, definitions, depth)


def _schema_kind(schema: dict[str, Any], kind: Any, definitions: dict[str, Any], depth: int) -> Shape:
    if kind == "array":
        return Shape("list", items=shape_of_schema(schema.get("items", {}), definitions, depth + 1))
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties")
        if not isinstance(properties, dict) or not properties:
            more = schema.get("additionalProperties")
            return Shape("dict", items=shape_of_schema(more, definitions, depth + 1) if more else ANY)
        return _schema_object(schema, properties, definitions, depth)
    if kind == "string" and schema.get("format") in {"date", "date-time"}:
        return Shape("date")
    return Shape(
        _JSON_KINDS.get(str(kind), "any"),
        low=schema.get("minimum", schema.get("exclusiveMinimum")),
        high=schema.get("maximum", schema.get("exclusiveMaximum")),
    )


def _schema_object(
    schema: dict[str, Any], properties: dict[str, Any], definitions: dict[str, Any], depth: int
) -> Shape:
    required = schema.get("required") or []
    parts = tuple(
        (
            str(name),
            shape_of_schema(part, definitions, depth + 1),
            str(part.get("description", "")) if isinstance(part, dict) else "",
            name in required,
        )
        for name, part in properties.items()
    )
    return Shape("object", parts=parts, name=str(schema.get("title", "")))


def _schema_union(options: list[Any], definitions: dict[str, Any], depth: int) -> Shape:
    real = [one for one in options if not (isinstance(one, dict) and one.get("type") == "null")]
    shape = shape_of_schema(real[0], definitions, depth + 1) if real else ANY
    return replace(shape, nullable=len(real) < len(options))


_LONGEST_TAGGED = 20_000  # matching tags takes time quadratic in the text
_TAG = re.compile(r"<([A-Za-z_][\w.-]*)\s*(?:/>|>(.*?)</\1>)", re.DOTALL)


def shape_of_tags(text: str, depth: int = 0) -> Shape:
    """Return the shape that nested tags show: `<name>...</name><tags><item>...</item></tags>`."""
    found = _TAG.findall(text[:_LONGEST_TAGGED])
    if not found or depth > 6:
        return ANY
    if {name for name, _ in found} == {"item"}:
        return Shape("list", items=shape_of_tags(found[0][1], depth + 1))
    return Shape(
        "object", parts=tuple((name, shape_of_tags(inside, depth + 1), "", True) for name, inside in found)
    )


def tagged_value(text: str, depth: int = 0) -> Any:
    """Return nested tags as JSON data; a text without tags as it is, numbers and bools read."""
    found = _TAG.findall(text) if len(text) <= _LONGEST_TAGGED else []
    if not found or depth > 6:
        plain = text.strip().replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        return _choice_of(plain)
    if {name for name, _ in found} == {"item"}:
        return [tagged_value(inside, depth + 1) for _, inside in found]
    return {name: tagged_value(inside, depth + 1) for name, inside in found}


def _choice_of(text: str) -> Any:
    if re.fullmatch(r"-?\d+(?:\.\d+)?|true|false|null", text):
        return json.loads(text)
    return text
