"""A step that writes code, runs it in the sandbox, and answers from what it gave.

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from core.modules import Module
from core.modules.program_of_thought import OWN_FIELDS, ProgramOfThought
from core.pipeline.kind import Options, StepKind, step_kinds
from core.pipeline.spec import FieldSpec, StepSpec

__all__ = ["ProgramOfThoughtKind", "ProgramOfThoughtOptions"]

_ADDED = ("reasoning",)


class ProgramOfThoughtOptions(Options):
    """Options of a step that answers by code."""

    max_iters: int = Field(3, ge=1, le=20, description="The most attempts to write code that runs.")


@step_kinds.register(
    "program_of_thought",
    summary="The model writes code that computes the answer; it runs in a sandbox.",
    title="Write code",
    group="Agents and code",
)
class ProgramOfThoughtKind(StepKind):
    """`core.ProgramOfThought`; gives `reasoning` beside the outputs of the signature."""

    options: ClassVar[type[Options]] = ProgramOfThoughtOptions

    def outputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return what is added, then the signature's outputs."""
        return (*(FieldSpec(name=name) for name in _ADDED), *super().outputs(step))

    def problems(self, step: StepSpec) -> list[tuple[str, str]]:
        """Find fields that the module has itself."""
        return self.name_problems(step, (*OWN_FIELDS, *_ADDED))

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return the module."""
        return ProgramOfThought(self.made_signature(step), **self.given(step))

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.ProgramOfThought(Signature)`."""
        return self.call_text("core.ProgramOfThought", signature, **self.given(step))
