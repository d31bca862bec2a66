"""What is special about a signature's fields: custom types, conversations, tools. Decided once per signature.

Knows nothing about messages. Most signatures have none of it, and pay one look-up in `signature.made`.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.signature import Field, SignatureMeta

__all__ = ["Special", "has_parts", "holds_custom", "is_custom", "is_history", "special_of", "types_within"]

_KEY = "special"
# Types that say nothing of what they hold: a custom value may be inside.
_OPEN = (Any, object, list, dict, tuple)
_LEAVES = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True)
class Special:
    """The special fields of a signature.

    Attributes:
        holders: Fields whose values may hold custom types, by name; True where the type itself says so.
        history: The input that holds the conversation so far; "" without one.
        natives: Outputs that a model may give in its own way, with their custom types.
        is_sure: The types themselves say that there are custom values, or a conversation.
    """

    holders: dict[str, bool]
    history: str
    natives: dict[str, Any]
    is_sure: bool


def special_of(signature: SignatureMeta) -> Special | None:
    """Return what is special about a signature; None for nothing."""
    made = signature.made
    try:
        return made[_KEY]
    except KeyError:
        found = made[_KEY] = _special(signature)
        return found


def has_parts(signature: SignatureMeta, name: str) -> bool:
    """Whether a field is of a custom type or a conversation: more than text in messages."""
    special = special_of(signature)
    return special is not None and (special.history == name or special.holders.get(name, False))


def _special(signature: SignatureMeta) -> Special | None:
    holders: dict[str, bool] = {}
    natives: dict[str, Any] = {}
    history = ""
    for name, field in signature.fields.items():
        declared = types_within(field.annotation)
        if any(map(is_history, declared)) and field.role == "input":
            history = history or name
        elif custom := [kind for kind in declared if is_custom(kind)]:
            holders[name] = True
            if field.role == "output" and (kind := _whole_type(field)) in custom:
                natives[name] = kind
        elif any(kind in _OPEN for kind in declared):
            holders[name] = False
    if not history and not holders:
        return None
    return Special(holders, history, natives, is_sure=bool(history) or any(holders.values()))


def _whole_type(field: Field) -> Any:
    """Return the type of a field's whole value: that of `Optional[X]` is X."""
    options = [kind for kind in typing.get_args(field.annotation) if kind is not type(None)]
    return options[0] if field.shape["kind"] == "optional" and len(options) == 1 else field.annotation


def holds_custom(special: Special, values: Mapping[str, Any]) -> bool:
    """Whether a field of an open type holds a custom value here; without their module loaded there are none."""
    if "core.data.types.type" not in sys.modules:
        return False
    return any(name in values and _holds(values[name]) for name in special.holders)


def _holds(value: Any) -> bool:
    kind = type(value)
    if kind in _LEAVES:
        return False
    if kind is list or kind is tuple:
        return not _LEAVES.issuperset(map(type, value)) and any(map(_holds, value))
    if kind is dict:
        return not _LEAVES.issuperset(map(type, value.values())) and any(map(_holds, value.values()))
    # Records and other containers: the swap itself looks into them.
    return is_custom(kind) or hasattr(kind, "model_fields") or hasattr(kind, "__dataclass_fields__")


def is_custom(kind: Any) -> bool:
    """Whether a class is a custom type (see `core.data.types`), told without importing them."""
    return isinstance(kind, type) and getattr(kind, "is_custom_type", False) is True


def is_history(kind: Any) -> bool:
    """Whether a class is that of conversations."""
    return isinstance(kind, type) and getattr(kind, "is_history_type", False) is True


def types_within(annotation: Any) -> list[Any]:
    """Return the classes inside an annotation: its arguments' and those of the members of models."""
    found: list[Any] = []
    _collect(annotation, found)
    return found


def _collect(annotation: Any, found: list[Any]) -> None:
    arguments = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        return
    if arguments:
        for argument in arguments:
            _collect(argument, found)
        return
    if any(annotation is known for known in found):
        return
    found.append(annotation)
    members: Any = getattr(annotation, "model_fields", None) if isinstance(annotation, type) else None
    if isinstance(members, dict) and not is_custom(annotation) and not is_history(annotation):
        for member in members.values():
            _collect(member.annotation, found)
    elif typing.is_typeddict(annotation) or hasattr(annotation, "__dataclass_fields__"):
        for hint in _hints(annotation):
            _collect(hint, found)


def _hints(annotation: Any) -> list[Any]:
    try:
        return list(typing.get_type_hints(annotation).values())
    except NameError:
        return []
