"""Field specifications become types and signatures, and signatures become specifications.

Knows nothing about steps. Type texts are read from their syntax tree and may name plain types only.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from typing import Any

from core.foundation.errors import PipelineError, SignatureError
from core.pipeline.custom_types import CUSTOM_TYPES, OWN_TYPES, custom_text, is_declarable
from core.pipeline.spec import FieldSpec, SignatureSpec
from core.signature import Field, InputField, OutputField, SignatureMeta, make_signature, shape_of, type_of
from core.signature.constraints import CONSTRAINTS
from core.signature.shorthand import parse_type

__all__ = [
    "RECORD_TYPES",
    "annotation_of",
    "field_spec_of",
    "record_title",
    "record_wrappers",
    "shape_of_field",
    "signature_of",
    "signature_spec_of",
    "type_title",
]

RECORD_TYPES = ("object", "list[object]", "Optional[object]")
_TYPE_WORDS = ("Any", "BaseModel", "Field", "Iterable", "Literal", "Mapping", "Optional", "Sequence", "Union")
_REFUSED = ("custom", "enum", "bytes")
# What stands in a type's text: names, literals, brackets; anything else is no short form.
_MAX_TYPE_TEXT = 4_000
_MAX_WRAPPERS = 3


def record_wrappers(text: str) -> tuple[str, ...] | None:
    """Return what stands around a record in a type's text, outermost first; None where it is no record's.

    >>> record_wrappers("list[Optional[object]]")
    ('list', 'Optional')
    """
    inner, around = text.strip(), list[str]()
    while inner != "object":
        word = next((word for word in ("list", "Optional") if inner.startswith(f"{word}[")), None)
        if word is None or not inner.endswith("]") or len(around) >= _MAX_WRAPPERS:
            return None
        around.append(word)
        inner = inner[len(word) + 1 : -1].strip()
    return tuple(around)


def type_title(name: str) -> str:
    """Return the class name for a field or step: `line_items` gives "LineItems"."""
    words = [word for word in re.split(r"[\W_]+", name) if word]
    made = "".join(word[:1].upper() + word[1:] for word in words) or "Record"
    # A step called `none` or `any` must not take the name of a word of Python or of a type.
    return f"{made}_" if keyword.iskeyword(made) or made in _TYPE_WORDS else made


def record_title(name: str) -> str:
    """Return the class name for a record: never the field's own, or `Order: Order` would hide its type."""
    made = type_title(name)
    return f"{made}Record" if made == name else made


def shape_of_field(spec: FieldSpec) -> dict[str, Any]:
    """Return the shape of a field, constraints included.

    Raises:
        SignatureError: Its type or a constraint is unknown.
    """
    shape = _bare_shape(spec)
    unknown = [name for name in spec.constraints if name not in CONSTRAINTS]
    if unknown:
        raise SignatureError(
            f"There is no constraint called '{unknown[0]}'.", hint=f"There are: {', '.join(CONSTRAINTS)}."
        )
    return {**shape, "constraints": dict(spec.constraints)} if spec.constraints else shape


def _bare_shape(spec: FieldSpec) -> dict[str, Any]:
    text = spec.type.strip()
    if spec.fields is not None:
        if record_wrappers(text) is None:
            raise SignatureError(
                f"'{spec.name}' is declared {text} and has members.",
                hint=f"Its type is one of: {', '.join(RECORD_TYPES)}.",
            )
        return _record_shape(spec, text)
    if record_wrappers(text) is not None:
        raise SignatureError(f"The record '{spec.name}' has no members.", hint="Give it `fields`.")
    if len(text) > _MAX_TYPE_TEXT:
        raise SignatureError(f"The type of '{spec.name}' is too long.")
    try:
        shape = shape_of(parse_type(text, OWN_TYPES))
    except RecursionError as error:
        raise SignatureError(f"The type of '{spec.name}' is nested too deep.") from error
    strange = next(
        (part for part in _parts(shape) if part["kind"] in _REFUSED and not is_declarable(part)), None
    )
    if strange is not None:
        raise SignatureError(
            f"'{text}' cannot be the type of a field here.",
            hint="Use str, int, float, bool, date, list[...], dict[...], Literal[...], Optional[...], a record, or "
            f"one of {', '.join(CUSTOM_TYPES)}.",
        )
    return shape


def _record_shape(spec: FieldSpec, text: str) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for member in spec.fields or ():
        if member.name in members:
            raise SignatureError(f"'{spec.name}' has two members called '{member.name}'.")
        shape = shape_of_field(member)
        members[member.name] = {"shape": shape, "required": shape["kind"] != "optional", "desc": member.desc}
    if not members:
        raise SignatureError(f"The record '{spec.name}' has no members.", hint="Give it at least one.")
    shape: dict[str, Any] = {"kind": "object", "name": record_title(spec.name), "fields": members}
    for word in reversed(record_wrappers(text) or ()):
        shape = {"kind": "list", "items": shape} if word == "list" else {"kind": "optional", "of": shape}
    return shape


def _parts(shape: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield shape
    inner = [shape[key] for key in ("items", "values", "of") if key in shape]
    for item in inner:
        for part in item if isinstance(item, list) else [item]:
            if isinstance(part, dict) and "kind" in part:
                yield from _parts(part)


def annotation_of(spec: FieldSpec) -> Any:
    """Return the Python type of a field; records become pydantic models.

    Raises:
        SignatureError: Its type is unknown.
    """
    shape = shape_of_field(spec)
    # Plain types keep the form in which they were written: it is the form that a prompt shows.
    return (
        type_of(shape, record_title(spec.name))
        if spec.fields is not None
        else parse_type(spec.type.strip(), OWN_TYPES)
    )


def signature_of(spec: SignatureSpec, name: str = "StringSignature") -> SignatureMeta:
    """Return the signature that a specification describes.

    Raises:
        SignatureError: A name or type cannot be used.
    """
    fields: dict[str, Any] = {}
    for maker, row in ((InputField, spec.inputs), (OutputField, spec.outputs)):
        for field in row:
            if field.name in fields:
                raise SignatureError(f"Field '{field.name}' stands twice.", hint="Field names are unique.")
            made = maker(desc=field.desc or None, **field.constraints)
            fields[field.name] = (annotation_of(field), made)
    signature = make_signature(fields, None, name)
    # Exactly as written: indentation in instructions may carry meaning.
    return signature.with_instructions(spec.instructions) if spec.instructions.strip() else signature


def signature_spec_of(signature: SignatureMeta) -> SignatureSpec:
    """Return the specification of a signature.

    Raises:
        PipelineError: A field has a type that a program file cannot hold.
    """
    return SignatureSpec(
        instructions=signature.instructions,
        inputs=tuple(field_spec_of(field) for field in signature.input_fields.values()),
        outputs=tuple(field_spec_of(field) for field in signature.output_fields.values()),
    )


def field_spec_of(field: Field) -> FieldSpec:
    """Return the specification of one field."""
    desc = field.desc if field.has_desc else ""
    return _from_shape(field.name, field.shape, desc)


def _from_shape(name: str, shape: dict[str, Any], desc: str) -> FieldSpec:
    record, text = _record_in(shape)
    constraints = dict(shape.get("constraints", {}))
    if record is None:
        return FieldSpec(name=name, type=_type_text(shape, name), desc=desc, constraints=constraints)
    members = tuple(
        _from_shape(key, member["shape"], member.get("desc", "")) for key, member in record["fields"].items()
    )
    return FieldSpec(name=name, type=text, desc=desc, constraints=constraints, fields=members)


def _record_in(shape: dict[str, Any]) -> tuple[dict[str, Any] | None, str]:
    if shape["kind"] == "object":
        return shape, "object"
    for kind, key, word in (("list", "items", "list"), ("optional", "of", "Optional")):
        if shape["kind"] == kind:
            record, text = _record_in(shape[key])
            text = f"{word}[{text}]"
            return (record, text) if record is not None and record_wrappers(text) is not None else (None, "")
    return None, ""


_TEXTS = {"any": "Any", "none": "None"}


def _type_text(shape: dict[str, Any], name: str) -> str:
    kind = shape["kind"]
    if is_declarable(shape):
        return custom_text(shape)
    if kind in ("literal", "enum"):
        values = shape["values"] if kind == "literal" else shape["values"].values()
        return f"Literal[{', '.join(map(repr, values))}]"
    if kind in ("object", *_REFUSED):
        raise PipelineError(
            f"The type of field '{name}' cannot stand in a program file.",
            hint="Use plain types or a flat record.",
        )
    if kind in ("list", "set"):
        return f"{kind}[{_type_text(shape['items'], name)}]"
    if kind == "dict":
        return f"dict[str, {_type_text(shape['values'], name)}]"
    if kind == "optional":
        return f"Optional[{_type_text(shape['of'], name)}]"
    if kind == "union":
        return f"Union[{', '.join(_type_text(item, name) for item in shape['of'])}]"
    if kind == "tuple":
        inner = [*shape["of"]] if "of" in shape else [shape["items"]]
        texts = [_type_text(item, name) for item in inner]
        return f"tuple[{', '.join(texts if 'of' in shape else [*texts, '...'])}]"
    return _TEXTS.get(str(kind), str(kind))
