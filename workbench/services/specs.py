"""Program specs as they come in: a dict or a `ProgramSpec`, checked on the way, and the types of their fields.

Knows nothing about the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
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
    from core.pipeline import shape_of_field, step_kinds

    found = as_spec(spec)
    shapes = {field.name: shape_of_field(field) for field in found.inputs}
    given = {
        f"{step.name}.{field.name}": field
        for step in found.steps
        if step.kind in step_kinds
        for field in step_kinds.get(step.kind)().outputs(step)
    }
    for name, source in found.outputs.items():
        field = given.get(source) if isinstance(source, str) else None
        if field is None or name in shapes:
            continue
        with suppress(WorkbenchError):  # the problem list says so; the data can be read as it is
            shapes[name] = shape_of_field(field)
    return shapes
