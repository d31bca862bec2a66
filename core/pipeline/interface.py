"""What a program takes and gives, with the types that its steps declare: for loading data that fits it.

Knows nothing about data files.
"""

from __future__ import annotations

from typing import Any

from core.pipeline.fields import shape_of_field
from core.pipeline.kind import step_kinds
from core.pipeline.sources import split_source
from core.pipeline.spec import FieldSpec, ProgramSpec, Sources

__all__ = ["input_fields", "may_be_left_out", "output_fields", "program_types"]


def input_fields(spec: ProgramSpec) -> dict[str, FieldSpec]:
    """Return the program's inputs by name."""
    return {item.name: item for item in spec.inputs}


def may_be_left_out(item: FieldSpec) -> bool:
    """Whether a program may be called without this input: its type has None, and None is then what flows."""
    return shape_of_field(item)["kind"] == "optional"


def output_fields(spec: ProgramSpec) -> dict[str, FieldSpec]:
    """Return the program's outputs by name, each as the field it comes from; several sources make a list."""
    known = {("", item.name): item for item in spec.inputs}
    for step in spec.steps:
        kind = step_kinds.get(step.kind)()
        known |= {(step.name, item.name): item for item in kind.outputs(step)}
    return {name: _field(name, given, known) for name, given in spec.outputs.items()}


def _field(name: str, given: Sources, known: dict[tuple[str, str], FieldSpec]) -> FieldSpec:
    if not isinstance(given, str):
        return FieldSpec(name=name, type="list")
    return known[split_source(given)].model_copy(update={"name": name})


def program_types(spec: ProgramSpec) -> dict[str, dict[str, Any]]:
    """Return {field: shape} of all inputs and outputs, as `load_dataset(types=...)` takes them.

    An input and an output of one name are one column of the data; the input's type counts.
    """
    return {
        name: shape_of_field(item) for name, item in {**output_fields(spec), **input_fields(spec)}.items()
    }
