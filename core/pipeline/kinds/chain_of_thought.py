"""A step that lets the model reason before it answers.

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any

from core.modules import ChainOfThought, Module
from core.pipeline.kind import StepKind, step_kinds
from core.pipeline.spec import FieldSpec, StepSpec

__all__ = ["ChainOfThoughtKind"]

_REASONING = "reasoning"


@step_kinds.register(
    "chain_of_thought",
    summary="The model writes its reasoning first, then answers.",
    title="Chain of thought",
    group="Simple",
)
class ChainOfThoughtKind(StepKind):
    """`core.ChainOfThought`; its output `reasoning` stands before those of the signature."""

    def outputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return `reasoning` and the signature's outputs."""
        return (FieldSpec(name=_REASONING), *super().outputs(step))

    def problems(self, step: StepSpec) -> list[tuple[str, str]]:
        """Find a second field called `reasoning`."""
        own = [*self.inputs(step), *super().outputs(step)]
        if all(field.name != _REASONING for field in own):
            return []
        return [
            ("A chain of thought adds a field 'reasoning'; there is one already.", "Remove or rename yours.")
        ]

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return a chain of thought."""
        return ChainOfThought(self.made_signature(step), **self.given(step))

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.ChainOfThought(Signature)`."""
        return self.call_text("core.ChainOfThought", signature, **self.given(step))
