"""Checks a value against a field's Python type and constraints, with pydantic where the type is not a plain one.

Knows nothing about signatures; pydantic is imported when the first such value comes.
"""

from __future__ import annotations

import types
import typing
from functools import lru_cache
from typing import Any

from core.foundation.errors import ValueCoercionError
from core.signature.field import Field

__all__ = ["validate"]


@lru_cache(maxsize=512)
def _adapter(annotation: Any, constraints: tuple[tuple[str, Any], ...]) -> Any:
    import pydantic

    def made(kind: Any) -> Any:
        wrapped: Any = typing.Annotated[kind, pydantic.Field(**dict(constraints))] if constraints else kind
        return pydantic.TypeAdapter(wrapped)

    try:
        return made(annotation)
    except pydantic.PydanticUserError:
        return made(_with_known_dicts(annotation))


def _with_known_dicts(annotation: Any) -> Any:
    """Return a type whose TypedDicts are those of `typing_extensions`: before Python 3.12 pydantic reads no others."""
    if typing.is_typeddict(annotation):
        from typing_extensions import TypedDict

        hints = typing.get_type_hints(annotation, include_extras=True)
        needed = annotation.__required_keys__
        members = {name: _with_known_dicts(hint) for name, hint in hints.items()}
        marks = (typing.Required, typing.NotRequired)
        for name, hint in members.items():
            if name not in needed and typing.get_origin(hint) not in marks:
                members[name] = typing.NotRequired[hint]
        return TypedDict(annotation.__name__, members)  # type: ignore[operator]
    arguments = typing.get_args(annotation)
    if not arguments or typing.get_origin(annotation) is typing.Literal:
        return annotation
    inner = tuple(map(_with_known_dicts, arguments))
    origin = typing.get_origin(annotation)
    if origin in (types.UnionType, typing.Union):
        return typing.Union[inner]  # noqa: UP007
    return annotation.copy_with(inner) if hasattr(annotation, "copy_with") else origin[inner]


def validate(field: Field, value: Any) -> Any:
    """Return `value` as the Python type of `field`, constraints checked.

    Raises:
        ValueCoercionError: It does not fit; says why.
    """
    if type(value) is field.annotation and not field.constraints and field.annotation in (str, int, bool):
        return value
    import pydantic

    try:
        return _adapter(field.annotation, tuple(sorted(field.constraints.items()))).validate_python(value)
    except pydantic.ValidationError as error:
        reasons = "; ".join(map(_reason, error.errors()[:5]))
        raise ValueCoercionError(f"Field '{field.name}' ({field.type_name}): {reasons}.") from error


def _reason(error: Any) -> str:
    """Return one of pydantic's errors as a phrase, behind the place where it is."""
    said = error["msg"].removeprefix("Value error, ").rstrip(".")
    return f"{'.'.join(map(str, error['loc']))}: {said}" if error["loc"] else said
