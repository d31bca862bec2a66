"""Checks a value against a field's Python type and constraints, with pydantic where the type is not a plain one.

Knows nothing about signatures; pydantic is imported when the first such value comes.
"""

from __future__ import annotations

import typing
from functools import lru_cache
from typing import Any

from core.foundation.errors import ValueCoercionError
from core.signature.field import Field

__all__ = ["validate"]


@lru_cache(maxsize=512)
def _adapter(annotation: Any, constraints: tuple[tuple[str, Any], ...]) -> Any:
    import pydantic

    wrapped: Any = (
        typing.Annotated[annotation, pydantic.Field(**dict(constraints))] if constraints else annotation
    )
    return pydantic.TypeAdapter(wrapped)


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
        reasons = "; ".join(
            f"{'.'.join(map(str, item['loc'])) + ': ' if item['loc'] else ''}{item['msg'].removeprefix('Value error, ').rstrip('.')}"
            for item in error.errors()[:5]
        )
        raise ValueCoercionError(f"Field '{field.name}' ({field.type_name}): {reasons}.") from error
