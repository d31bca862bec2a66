"""Small things that programs take from DSPy's inner modules: `dotdict`, `flatten`, `parse_value`.

Knows nothing about what they are used for.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["dotdict", "flatten", "parse_value"]


class dotdict(dict[str, Any]):  # noqa: N801 - DSPy's name
    """A dict whose items are attributes too, as retrievers of 2024 give their passages."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(
                f"There is no item '{name}'; there are: {', '.join(map(str, self))}."
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]


def flatten(lists: Iterable[Iterable[Any]]) -> list[Any]:
    """Return the items of all lists in one."""
    return [item for one in lists for item in one]


def parse_value(value: Any, annotation: Any) -> Any:
    """Return a reply's text, or a value, as the Python type that a field has.

    Raises:
        ValueCoercionError: It does not fit.
    """
    from core.foundation.errors import ValueCoercionError
    from core.signature import OutputField, make_signature, validate
    from core.signature.schema import shape_of
    from core.wire.coerce import CoercionError, coerce_data

    field = make_signature({"value": (annotation, OutputField())}).output_fields["value"]
    try:
        data = coerce_data(value, shape_of(annotation)) if isinstance(value, str) else value
    except CoercionError as error:
        raise ValueCoercionError(str(error)) from error
    return validate(field, data)
