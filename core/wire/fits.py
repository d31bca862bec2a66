"""Whether JSON data has exactly the form of a shape: no reading, no conversion.

Knows nothing about texts. Standard library only; exported scripts carry it. A union takes the option that fits so,
before any that could be made to fit.
"""

from __future__ import annotations

from typing import Any

from core.wire.scalars import CoercionError, Shape, coerce_date, coerce_datetime, coerce_time

_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "bytes": (str,),
    "bool": (bool,),
    "int": (int,),
    "float": (float,),
    "none": (type(None),),
    "any": (object,),
}
_MOMENTS = {"date": coerce_date, "datetime": coerce_datetime, "time": coerce_time}


def fits_exactly(value: Any, shape: Shape) -> bool:
    """True when `value` needs no conversion to have `shape`."""
    kind = shape["kind"]
    if kind in _TYPES:
        return isinstance(value, _TYPES[kind]) and (kind != "int" or not isinstance(value, bool))
    if kind == "optional":
        return value is None or fits_exactly(value, shape["of"])
    if kind == "union":
        return any(fits_exactly(value, option) for option in shape["of"])
    if kind in ("literal", "enum"):
        options = shape["values"] if kind == "literal" else shape["values"].values()
        return any(type(option) is type(value) and option == value for option in options)
    if kind in _MOMENTS:
        return isinstance(value, str) and _is_moment(value, kind)
    if isinstance(value, list):
        return _list_fits(value, shape)
    return isinstance(value, dict) and _dict_fits(value, shape)


def _is_moment(text: str, kind: str) -> bool:
    try:
        return _MOMENTS[kind](text, {}) == text
    except CoercionError:
        return False


def _list_fits(value: list[Any], shape: Shape) -> bool:
    if shape["kind"] == "tuple" and "of" in shape:
        return len(value) == len(shape["of"]) and all(map(fits_exactly, value, shape["of"]))
    return shape["kind"] in ("list", "set", "tuple") and all(
        fits_exactly(item, shape["items"]) for item in value
    )


def _dict_fits(value: dict[str, Any], shape: Shape) -> bool:
    if shape["kind"] == "dict":
        return all(fits_exactly(item, shape["values"]) for item in value.values())
    if shape["kind"] != "object" or not value.keys() <= shape["fields"].keys():
        return False
    return all(
        fits_exactly(value[name], member["shape"]) if name in value else not member.get("required", True)
        for name, member in shape["fields"].items()
    )
