"""Signatures as rows of a form, and back: types in words, options in a column, constraints as short text.

Knows nothing about what draws the form.
"""

from __future__ import annotations

import json
import keyword
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from core.foundation.errors import DataError, SignatureError
from core.pipeline.custom_types import OWN_TYPES
from core.signature.constraints import CONSTRAINTS
from core.signature.shorthand import parse_type
from workbench.services.step_wiring import step_fields

__all__ = ["COLUMNS", "TEMPLATES", "TYPES", "fields_of", "rows_of", "single_step"]

COLUMNS = ("name", "type", "options", "description", "constraints")
"""The columns of a form's table."""

_WORDS = {
    "text": "str",
    "whole number": "int",
    "number": "float",
    "yes / no": "bool",
    "choice": "Literal",
    "list of texts": "list[str]",
    "list of choices": "list[Literal]",
    "record": "object",
    "list of records": "list[object]",
    "date": "date",
    "image": "Image",
    "list of images": "list[Image]",
    "sound": "Audio",
    "file": "File",
    "document": "Document",
    "conversation": "History",
    "Python code": "Code['python']",
}
TYPES = tuple(_WORDS)
"""Types as the form names them; any other type can be typed in as it is written in Python."""

_NAMES = {value: key for key, value in _WORDS.items()}


def rows_of(fields: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the rows of a form for field specifications (as JSON data)."""
    return [
        {
            "name": field["name"],
            **_type_in_words(field.get("type", "str")),
            "description": field.get("desc", ""),
            "constraints": ", ".join(
                f"{key}={json.dumps(value)}" for key, value in field.get("constraints", {}).items()
            ),
        }
        for field in fields
    ]


def _type_in_words(text: str) -> dict[str, str]:
    plain = text.replace(" ", "")
    if plain in _NAMES:
        return {"type": _NAMES[plain], "options": ""}
    for start, word in (("Literal[", "choice"), ("list[Literal[", "list of choices")):
        if plain.startswith(start):
            inner = text.strip()
            inner = inner[len("list[") : -1].strip() if word == "list of choices" else inner
            return {
                "type": word,
                "options": ", ".join(str(value) for value in typing.get_args(parse_type(inner))),
            }
    return {"type": text, "options": ""}


def fields_of(
    rows: Sequence[Mapping[str, Any]], before: Sequence[Mapping[str, Any]] = (), *, side: str = "fields"
) -> list[dict[str, Any]]:
    """Return field specifications (as JSON data) for the rows of a form; empty rows are left out.

    Args:
        before: The specifications that the form started from; records keep the members they had.
        side: "inputs" or "outputs", for messages.

    Raises:
        DataError: A row cannot be used; says which and why.
    """
    members = {field["name"]: field.get("fields") for field in before}
    made: list[dict[str, Any]] = []
    for number, row in enumerate(rows, start=1):
        cells = {key: _cell(row.get(key)) for key in COLUMNS}
        if not any(cells[key] for key in ("name", "description", "options", "constraints")):
            continue
        made.append(_field(cells, members, side, number))
    names = [field["name"] for field in made]
    for name in names:
        if names.count(name) > 1:
            raise DataError(f"two fields are called '{name}'", file=side, hint="Field names are unique.")
    return made


def _field(cells: dict[str, str], members: Mapping[str, Any], side: str, number: int) -> dict[str, Any]:
    name = cells["name"]
    if not name.isidentifier() or keyword.iskeyword(name):
        raise DataError(
            f"'{name}' cannot be a field name" if name else "the name is missing",
            file=side,
            row=number,
            hint="Use letters, digits and underscores, starting with a letter; no Python keyword.",
        )
    try:
        kind = _type_of(cells["type"] or "text", cells["options"])
    except SignatureError as error:
        raise DataError(error.message, file=side, row=number, field=name, hint=error.hint) from error
    field: dict[str, Any] = {"name": name, "type": kind, "desc": cells["description"]}
    if cells["constraints"]:
        field["constraints"] = _constraints(cells["constraints"], side, number, name)
    if kind in ("object", "list[object]"):
        field["fields"] = members.get(name) or [{"name": "name", "type": "str", "desc": ""}]
    return field


def _type_of(words: str, options: str) -> str:
    kind = _WORDS.get(words, words)
    if "Literal" in kind and kind in _WORDS.values():
        values = list(
            dict.fromkeys(item.strip() for item in options.replace("\n", ",").split(",") if item.strip())
        )
        if not values:
            raise SignatureError(
                "A choice needs its options.", hint="Write them in the options column: yes, no, unsure."
            )
        literal = f"Literal[{', '.join(json.dumps(value, ensure_ascii=False) for value in values)}]"
        return f"list[{literal}]" if kind.startswith("list") else literal
    if kind not in ("object", "list[object]"):
        parse_type(kind, OWN_TYPES)
    return kind


def _constraints(text: str, side: str, number: int, name: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for part in text.split(","):
        key, _, value = (item.strip() for item in part.partition("="))
        if key not in CONSTRAINTS or not value:
            raise DataError(
                f"'{part.strip()}' is not a constraint", file=side, row=number, field=name,
                hint=f"Write for example: ge=0, le=10. There are: {', '.join(CONSTRAINTS)}.",
            )  # fmt: skip
        try:
            made[key] = json.loads(value)
        except ValueError:
            made[key] = value.strip("\"'")
    return made


def _cell(value: Any) -> str:
    return "" if value is None or value != value else str(value).strip()


def single_step(
    name: str,
    instructions: str,
    inputs: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
    *,
    kind: str = "predict",
    step: str = "answer_step",
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the specification (as JSON data) of a program of one step that passes its fields through."""
    made: dict[str, Any] = {
        "name": step,
        "kind": kind,
        "signature": {
            "instructions": instructions,
            "inputs": [dict(item) for item in inputs],
            "outputs": [dict(item) for item in outputs],
        },
        **({"options": dict(options)} if options else {}),
    }
    taken, given = step_fields(made)
    return {
        "format": 1,
        "name": name,
        "inputs": taken,
        "steps": [{**made, "inputs": {item["name"]: item["name"] for item in taken}}],
        "outputs": {item["name"]: f"{step}.{item['name']}" for item in given},
    }


def _text(name: str, desc: str = "", kind: str = "str", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "desc": desc, **more}


TEMPLATES: dict[str, dict[str, Any]] = {
    "Classify": single_step(
        "classify",
        "Choose the label that fits the text.",
        [_text("text", "what to classify")],
        [_text("label", "", 'Literal["positive", "neutral", "negative"]')],
        step="classify",
    ),
    "Extract": single_step(
        "extract",
        "Copy the asked details out of the text.",
        [_text("text", "where the details stand")],
        [
            _text(
                "record",
                "what the text says",
                "object",
                fields=[_text("name", "whose it is"), _text("amount", "how much", "Optional[float]")],
            )
        ],
        step="extract",
    ),
    "Answer from context": single_step(
        "answer",
        "Answer the question from the passages.",
        [_text("context", "passages that may hold the answer", "list[str]"), _text("question")],
        [_text("answer", "a short answer in the words of the passages")],
        kind="chain_of_thought",
        step="answer_step",
    ),
    "Rewrite": single_step(
        "rewrite",
        "Rewrite the text as asked, keeping its meaning.",
        [_text("text"), _text("request", "how it should change")],
        [_text("rewritten")],
        step="rewrite",
    ),
    "Judge": single_step(
        "judge",
        "Say whether the answer meets the criterion, and why.",
        [_text("question"), _text("answer"), _text("criterion", "what a good answer does")],
        [_text("meets", "", "bool"), _text("why", "one sentence")],
        step="judge",
    ),
}
"""Programs to start from, as JSON data by name."""
