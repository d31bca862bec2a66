"""Signatures both ways: the form's specification as one line of text, and the text as a specification.

Knows nothing about steps. The line holds names and types; descriptions and constraints live in the specification
and survive an edit of the line where a field keeps its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.foundation.errors import SignatureError
from core.pipeline.custom_types import OWN_TYPES
from core.pipeline.fields import record_wrappers, shape_of_field
from core.pipeline.spec import FieldSpec, SignatureSpec
from core.signature.field import Field
from core.signature.shorthand import parse_shorthand, parse_type

__all__ = ["parse_signature_string", "signature_string"]

_CODE = re.compile(r"\bCode_(\w+)")


def signature_string(spec: SignatureSpec) -> str:
    """Return the line for a signature: "question, context: list[str] -> answer"."""
    return f"{_row(spec.inputs)} -> {_row(spec.outputs)}".strip()


def _row(fields: Iterable[FieldSpec]) -> str:
    return ", ".join(
        item.name if item.type.strip() == "str" else f"{item.name}: {item.type.strip()}" for item in fields
    )


def parse_signature_string(text: str, keep: SignatureSpec | None = None) -> SignatureSpec:
    """Return the specification for a line.

    Args:
        keep: The specification before the edit: its instructions stay, and so do the description, constraints and
            members of every field whose name the line still has.

    Raises:
        SignatureError: The line cannot be read; says where and what would be right.
    """
    fields = parse_shorthand(text, OWN_TYPES)
    before = {item.name: item for item in (*keep.inputs, *keep.outputs)} if keep else dict[str, FieldSpec]()
    rows: dict[str, list[FieldSpec]] = {"input": [], "output": []}
    for field in fields.values():
        rows[field.role].append(_spec_of(field, before.get(field.name)))
    return SignatureSpec(
        instructions=keep.instructions if keep else "",
        inputs=tuple(rows["input"]),
        outputs=tuple(rows["output"]),
    )


def _spec_of(field: Field, before: FieldSpec | None) -> FieldSpec:
    if before is not None and _same_type(field, before):
        return before
    made = FieldSpec(name=field.name, type=_type_text(field), desc=before.desc if before else "")
    if record_wrappers(made.type) is not None:
        # Its members are not on the line; until there are some, `validate` asks for them.
        return made.model_copy(update={"fields": before.fields}) if before and before.fields else made
    shape_of_field(made)  # an unusable type is said now, not when the program is built
    return made


def _type_text(field: Field) -> str:
    return _CODE.sub(r"Code['\1']", field.type_name)


def _same_type(field: Field, before: FieldSpec) -> bool:
    try:
        return bool(parse_type(before.type, OWN_TYPES) == field.annotation)
    except SignatureError:
        return False
