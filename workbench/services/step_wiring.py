"""What flows into a step and out of it: its inputs with the sources that they may have, and what it gives.

Knows nothing about how that is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.foundation.errors import UnknownNameError, WorkbenchError
from core.pipeline import (
    FieldSpec,
    SignatureSpec,
    StepSpec,
    available_sources,
    may_be_left_out,
    output_fields,
    signature_string,
    step_kinds,
)
from core.pipeline.sources import sources_of
from core.pipeline.validate import takes_list
from workbench.services.specs import as_spec

__all__ = ["Wiring", "interface_of", "needed_inputs", "step_fields", "wiring_of"]


@dataclass(frozen=True)
class Wiring:
    """One input of a step: what it may read, and what it reads now."""

    name: str
    sources: tuple[str, ...]
    given: tuple[str, ...]
    several: bool
    """Whether more than one source may flow into it."""


def step_fields(step: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what a step (as JSON data) takes and what a program of it alone gives.

    Most kinds take and give the fields of the signature; some make lists of them or take one more.
    """
    own = step["signature"]
    plain = [dict(item) for item in own["inputs"]], [dict(item) for item in own["outputs"]]
    try:
        kind = step_kinds.get(step["kind"])()
        found = StepSpec.model_validate(dict(step))
    except (UnknownNameError, ValueError):
        return plain  # what is wrong is said where the program is checked
    before = {item["name"]: item for side in plain for item in side}
    return (
        [_as_data(item, before) for item in kind.inputs(found)],
        [_as_data(item, before) for item in kind.results(found)],
    )


def _as_data(item: FieldSpec, before: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a field as JSON data: the form's own where the kind leaves it as it is."""
    made = item.model_dump(mode="json", exclude_defaults=True)
    own = before.get(item.name)
    return own if own is not None and FieldSpec.model_validate(own) == item else made


def wiring_of(spec: Mapping[str, Any], step: Mapping[str, Any]) -> list[Wiring]:
    """Return the inputs of a step (as JSON data) of a program; one that reads nothing yet reads what is called so.

    Args:
        step: The step as a form has it, which may differ from the program's of that name.
    """
    try:
        found = StepSpec.model_validate(dict(step))
        fields = step_kinds.get(found.kind)().inputs(found)
        known = tuple(available_sources(as_spec(spec), found.name))
    except (WorkbenchError, ValueError):
        return []  # what is wrong is said where the program is checked
    made: list[Wiring] = []
    for field in fields:
        read = sources_of(found.inputs[field.name]) if field.name in found.inputs else ()
        given = tuple(source for source in read if source in known)
        if not given and field.name in known:
            given = (field.name,)
        several = takes_list(field)
        made.append(Wiring(field.name, known, given if several else given[:1], several))
    return made


def interface_of(spec: Mapping[str, Any]) -> str:
    """Return what a program (as JSON data) takes and gives, in one line; "" while it cannot be said."""
    try:
        found = as_spec(spec)
        outputs = tuple(output_fields(found).values())
        return signature_string(SignatureSpec(inputs=found.inputs, outputs=outputs))
    except (WorkbenchError, ValueError, KeyError):
        return ""


def needed_inputs(spec: Mapping[str, Any]) -> list[str]:
    """Return the inputs without which a program (as JSON data) cannot be run."""
    return [item.name for item in as_spec(spec).inputs if not may_be_left_out(item)]
