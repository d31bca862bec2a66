"""A step that reasons several times and weighs the attempts for one answer.

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from core.modules import ComparedChains, Module
from core.pipeline.kind import ModelOptions, Options, StepKind, step_kinds
from core.pipeline.ruled import reasoning_problems
from core.pipeline.spec import FieldSpec, StepSpec

__all__ = ["MultiChainComparisonKind", "MultiChainComparisonOptions"]

_RATIONALE = "rationale"


class MultiChainComparisonOptions(ModelOptions):
    """Options of a comparing step."""

    attempts: int = Field(3, ge=2, le=20, description="How many attempts are compared.")


@step_kinds.register(
    "multi_chain_comparison",
    summary="Reason several times, then weigh the attempts for one answer.",
    title="Compare several chains",
    group="Several attempts",
)
class MultiChainComparisonKind(StepKind):
    """`core.ComparedChains`; its output `rationale` stands before those of the signature."""

    options: ClassVar[type[Options]] = MultiChainComparisonOptions

    def outputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return `rationale` and the signature's outputs."""
        return (FieldSpec(name=_RATIONALE), *super().outputs(step))

    def problems(self, step: StepSpec) -> list[tuple[str, str]]:
        """Find a second `reasoning` or `rationale`."""
        own = [*self.inputs(step), *super().outputs(step)]
        if any(field.name == _RATIONALE for field in own):
            return [
                ("A comparison adds a field 'rationale'; there is one already.", "Remove or rename yours.")
            ]
        return reasoning_problems(step)

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return the attempts and their comparison."""
        return ComparedChains(self.made_signature(step), **self._asked(step))

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.ComparedChains(Signature, M=3)`."""
        return self.call_text("core.ComparedChains", signature, **self._asked(step))

    def _asked(self, step: StepSpec) -> dict[str, Any]:
        given = {name: value for name, value in self.given(step).items() if value is not None}
        attempts = given.pop("attempts", None)
        return {**({"M": attempts} if attempts else {}), **given}
