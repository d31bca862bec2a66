"""Typed values out of texts: lists, objects and single values of a type.

Knows nothing about layouts. An object is filled part by part; what demos gave for a part teaches that part.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from core.lm.embedded.closed import ClosedFit, closed_options
from core.lm.embedded.context import Context
from core.lm.embedded.decoding import MISSING, decoded
from core.lm.embedded.extract import extract, learn
from core.lm.embedded.lists import list_options
from core.lm.embedded.options import Option
from core.lm.embedded.shapes import ANY, Shape
from core.lm.embedded.task import Slot

__all__ = ["solve_record", "typed_examples"]

Examples = Sequence[tuple[str, Any]]


def typed_examples(context: Context, slot: Slot) -> list[tuple[str, Any]]:
    """Return the demos of a field as (input text, value), values read from their text."""
    found: list[tuple[str, Any]] = []
    for demo, written in context.task.taught(slot.name):
        text = "\n".join(value for value in demo.inputs.values() if value.strip())
        found.append((text, _read(written, slot.shape)))
    return found


def _read(written: str, shape: Shape) -> Any:
    if shape.kind == "str" and not (shape.nullable and written == "None"):
        return written
    if written in {"None", "null"}:
        return None
    found = decoded(written)
    return {"True": True, "False": False}.get(written, written) if found is MISSING else found


def solve_record(context: Context, slot: Slot) -> list[Option]:
    """Return values of the field's type, read out of the input."""
    return _value(context, slot, context.task.text, typed_examples(context, slot), 0)


def _value(context: Context, slot: Slot, text: str, examples: Examples, depth: int) -> list[Option]:
    shape = _shape(slot.shape, examples)
    slot = Slot(slot.name, slot.description, shape)
    if depth > 4:
        return [Option(None)]
    if shape.kind in {"closed", "bool"}:
        choices = shape.choices if shape.kind == "closed" else (True, False)
        closed = ClosedFit(context, slot, choices, examples)
        return closed_options(
            closed, text, nullable=shape.nullable or any(value is None for _, value in examples)
        )
    if shape.kind == "object":
        return [_object(context, slot, text, examples, depth)]
    if shape.kind == "list":
        return _list(context, slot, text, examples, depth)
    if shape.kind == "dict":
        return [Option({}, 0.0, "nothing in the input is a mapping")]
    options = extract(text, slot, learn(slot, examples))
    return options or [_nothing(slot)]


def _nothing(slot: Slot) -> Option:
    if slot.shape.nullable:
        return Option(None, 0.0, "the input gives no such value")
    empty = {"int": int(slot.shape.low or 0), "float": float(slot.shape.low or 0.0), "date": "1970-01-01"}
    return Option(empty.get(slot.shape.kind, ""), 0.0, "the input gives no such value")


def _shape(shape: Shape, examples: Examples) -> Shape:
    """Take the shape of an untyped object or dict from the demos."""
    if shape.kind not in {"named", "any", "dict"}:
        return shape
    objects = [value for _, value in examples if isinstance(value, dict)]
    if objects:
        names = list(dict.fromkeys(str(name) for value in objects for name in value))
        parts = tuple((name, _shape_of([value.get(name) for value in objects]), "", True) for name in names)
        return Shape("object", parts=parts)
    if shape.kind == "dict":
        return shape
    lists = [value for _, value in examples if isinstance(value, list)]
    if lists:
        return Shape("list", items=_shape_of([item for value in lists for item in value]))
    return _shape_of([value for _, value in examples]) if examples else Shape("str", nullable=shape.nullable)


def _shape_of(values: Sequence[Any]) -> Shape:
    known = [value for value in values if value is not None]
    nullable = len(known) < len(values)
    if not known:
        return Shape("str", nullable=True)
    if all(isinstance(value, bool) for value in known):
        return Shape("bool", nullable=nullable)
    if all(isinstance(value, int) for value in known):
        return Shape("int", nullable=nullable)
    if all(isinstance(value, (int, float)) for value in known):
        return Shape("float", nullable=nullable)
    if all(isinstance(value, list) for value in known):
        return Shape("list", items=_shape_of([item for value in known for item in value]))
    return Shape("str" if all(isinstance(value, str) for value in known) else "any", nullable=nullable)


def _object(context: Context, slot: Slot, text: str, examples: Examples, depth: int) -> Option:
    made: dict[str, Any] = {}
    reasons: list[str] = []
    score = 0.0
    for name, shape, description, required in slot.shape.parts:
        taught = [(seen, value.get(name)) for seen, value in examples if isinstance(value, dict)]
        if (
            not required
            and not taught
            and not shape.nullable
            and shape.kind not in {"list", "dict", "object"}
        ):
            shape = Shape(shape.kind, shape.choices, shape.items, shape.parts, True, shape.low, shape.high)
        part = Slot(name, description, shape)
        option = context.sampler.pick(_value(context, part, text, taught, depth + 1))
        if option.value is None and not required and not shape.nullable:
            continue
        made[name] = option.value
        score += option.score
        if option.quote:
            reasons.append(f'{name} from "{option.quote}"')
    because = (
        f"the record was read off the input: {', '.join(reasons)}"
        if reasons
        else "the input gave no parts of it"
    )
    return Option(made, score, because)


def _list(context: Context, slot: Slot, text: str, examples: Examples, depth: int) -> list[Option]:
    items = slot.shape.items or ANY
    if items.kind in {"closed", "bool"}:
        return [_labels(context, slot, items, text, examples)]
    if items.kind == "object":
        return [_objects(context, slot, items, text, examples, depth)]
    return list_options(slot, items, text, examples)


def _labels(context: Context, slot: Slot, items: Shape, text: str, examples: Examples) -> Option:
    """Return every label that has a fair share of belief beside the best one's."""
    single = [(seen, label) for seen, value in examples if isinstance(value, list) for label in value]
    closed = ClosedFit(context, slot, items.choices, single)
    options = closed_options(closed, text)
    best = max(options, key=lambda option: option.score)
    usual = [len(value) for _, value in examples if isinstance(value, list)]
    most = max(usual, default=len(options))
    kept = [option for option in options if option.score > best.score + math.log(0.6)][: max(most, 1)]
    return Option([option.value for option in kept], best.score, best.because)


def _objects(context: Context, slot: Slot, items: Shape, text: str, examples: Examples, depth: int) -> Option:
    """Return one object per line or clause that fills most of its parts."""
    inner = Slot(slot.name, slot.description, items)
    made: list[Any] = []
    for piece in re.split(r"\n+|;\s*|(?<=[.!?])\s+(?=[A-Z])", text):
        if piece.strip():
            found = _object(context, inner, piece, [], depth + 1)
            filled = [value for value in found.value.values() if value not in (None, "", [], 0, 0.0)]
            if filled and 2 * len(filled) > len(items.parts):
                made.append(found.value)
    return Option(made, 0.0, f"{len(made)} parts of the input read as such records")
