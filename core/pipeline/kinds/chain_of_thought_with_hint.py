"""A step that reasons before it answers, with a hint where there is one.

Knows nothing about other steps, nor where hints come from.
"""

from __future__ import annotations

from typing import Any

from core.modules import ChainOfThoughtWithHint, Module
from core.pipeline.kind import step_kinds
from core.pipeline.kinds.chain_of_thought import ChainOfThoughtKind
from core.pipeline.spec import FieldSpec, StepSpec

__all__ = ["ChainOfThoughtWithHintKind"]

_HINT = FieldSpec(name="hint", type="Optional[str]", desc="what helps with this one; may be empty")


@step_kinds.register(
    "chain_of_thought_with_hint",
    summary="Reasons first; one more input holds a hint, and an empty one is left out.",
    title="Chain of thought with a hint",
    group="Simple",
)
class ChainOfThoughtWithHintKind(ChainOfThoughtKind):
    """`core.ChainOfThoughtWithHint`; its input `hint` stands after those of the signature."""

    def inputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return the signature's inputs and `hint`."""
        return (*super().inputs(step), _HINT)

    def problems(self, step: StepSpec) -> list[tuple[str, str]]:
        """Find a second `reasoning` or `hint`."""
        signature = step.signature
        own = [*signature.inputs, *signature.outputs] if signature else []
        found = super().problems(step)
        if any(field.name == _HINT.name for field in own):
            found.append(
                ("This step has an input 'hint' beside its signature's.", "Remove yours, or rename it.")
            )
        return found

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return a chain of thought that takes hints."""
        return ChainOfThoughtWithHint(self.made_signature(step), **self.given(step))

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.ChainOfThoughtWithHint(Signature)`."""
        return self.call_text("core.ChainOfThoughtWithHint", signature, **self.given(step))

    def asked(self, module: Any, predictor: Any) -> tuple[Any, list[Any]]:
        """Return the signature with the hint, and demos that have none."""
        return module.hinted.signature(predictor.signature), module.hinted.demos(predictor.demos)
