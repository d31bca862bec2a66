"""Program specs as they come in: a dict or a `ProgramSpec`, checked on the way, and the types of their fields.

Knows nothing about the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.foundation.errors import PipelineError, WorkbenchError

if TYPE_CHECKING:
    from core.pipeline.spec import ProgramSpec
    from core.pipeline.validate import Problem

__all__ = ["as_spec", "check_spec", "field_shapes", "usable_spec"]


def as_spec(spec: ProgramSpec | Mapping[str, Any] | str | bytes) -> ProgramSpec:
    """Return `spec`, plain data or JSON text, as a `ProgramSpec`.

    Raises:
        PipelineError: It holds unknown keys or ill-typed values; names the places.
    """
    from core.pipeline.spec import parse_spec

    return parse_spec(spec)


def check_spec(spec: ProgramSpec | Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with a program; empty where it can be run. Never raises for a `ProgramSpec`."""
    from core.pipeline import validate

    return validate(as_spec(spec))


def usable_spec(spec: ProgramSpec | Mapping[str, Any]) -> ProgramSpec:
    """Return `spec` where it can be run.

    Raises:
        PipelineError: It cannot; lists every problem.
    """
    found = as_spec(spec)
    problems = check_spec(found)
    if problems:
        listed = "; ".join(f"{problem.where}: {problem.message}" for problem in problems)
        raise PipelineError(f"The program cannot be run: {listed}.", hint=problems[0].hint)
    return found


def field_shapes(spec: ProgramSpec | Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the wire shape of each program input and output; outputs that are no step's field are left out."""
    from core.pipeline.fields import shape_of_field

    found = as_spec(spec)
    shapes = {field.name: shape_of_field(field) for field in found.inputs}
    for name, source in found.outputs.items():
        step_name, dot, field_name = source.partition(".") if isinstance(source, str) else ("", "", "")
        fields = [
            field
            for step in found.steps
            if dot and step.name == step_name and step.signature is not None
            for field in step.signature.outputs
            if field.name == field_name
        ]
        for field in fields:
            try:
                shapes[name] = shape_of_field(field)
            except WorkbenchError:
                continue  # the problem list says so; the data can be read as it is
    return shapes
