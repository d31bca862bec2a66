"""Whether a field's constraints fit its type and one another.

Knows nothing about values: it looks at declarations only.
"""

from __future__ import annotations

from typing import Annotated, Any

from core.pipeline.kind import Problem

__all__ = ["constraint_problems"]

_BOUNDS = ("gt", "ge", "lt", "le", "multiple_of")
_LENGTHS = ("min_length", "max_length")
_NUMBERS = ("int", "float")
_SIZED = ("str", "list", "set", "dict", "tuple")


def constraint_problems(shape: dict[str, Any], where: str) -> list[Problem]:
    """Return what is wrong with the constraints in `shape`."""
    constraints = shape.get("constraints", {})
    kind = shape["of"]["kind"] if shape["kind"] == "optional" else shape["kind"]
    found = [
        Problem(f"{where}.{name}", *fault)
        for name in constraints
        if (fault := _fault(name, constraints[name], kind))
    ]
    return found or _contradictions(constraints, where)


def _fault(name: str, value: Any, kind: str) -> tuple[str, str] | None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if name in _BOUNDS:
        if kind not in _NUMBERS:
            return (
                f"'{name}' bounds numbers; the field is {kind}.",
                "Remove it, or make the field int or float.",
            )
        if not number:
            return f"'{name}' needs a number, not {value!r}.", "For example 0."
        return _bound_fault(name, value, kind)
    if name in _LENGTHS:
        if kind not in _SIZED:
            return f"'{name}' counts characters or items; the field is {kind}.", "Remove it."
        whole = isinstance(value, int) and number and value >= 0
        return None if whole else (f"'{name}' needs a whole number, not {value!r}.", "For example 80.")
    if name == "pattern":
        return _pattern_fault(value, kind)
    if kind != "float" or not isinstance(value, bool):
        return "'allow_inf_nan' is true or false, on a float.", "Remove it."
    return None


def _bound_fault(name: str, value: float, kind: str) -> tuple[str, str] | None:
    if kind == "int" and not float(value).is_integer():
        return f"'{name}' is {value}; the field is a whole number.", "Round it, or make the field float."
    if name == "multiple_of" and value <= 0:
        return "'multiple_of' is above zero.", "For example 5."
    return None


def _pattern_fault(value: Any, kind: str) -> tuple[str, str] | None:
    if kind != "str" or not isinstance(value, str):
        return "'pattern' is a regular expression for a text.", "Remove it, or make the field str."
    import pydantic

    try:
        pydantic.TypeAdapter(Annotated[str, pydantic.Field(pattern=value)])
    except Exception as error:  # the expression's compiler has errors of its own
        return (
            f"'pattern' is no regular expression: {str(error).splitlines()[-1].strip()}.",
            "Look-around is not supported.",
        )
    return None


def _contradictions(constraints: dict[str, Any], where: str) -> list[Problem]:
    lows = [constraints[name] for name in ("gt", "ge") if name in constraints]
    highs = [constraints[name] for name in ("lt", "le") if name in constraints]
    if lows and highs and max(lows) > min(highs):
        return [Problem(where, "No number is large and small enough for these bounds.", "Swap them.")]
    if constraints.get("min_length", 0) > constraints.get("max_length", float("inf")):
        return [Problem(where, "'min_length' is above 'max_length'.", "Swap them.")]
    return []
