"""A step that asks for several samples and takes the most frequent answer.

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from core.modules import MajorityVote, Module
from core.pipeline.kind import ModelOptions, Options, StepKind, step_kinds
from core.pipeline.ruled import field_problems, reasoned_outputs, reasoning_problems
from core.pipeline.spec import FieldSpec, StepSpec

__all__ = ["MajorityVoteKind", "MajorityVoteOptions"]


class MajorityVoteOptions(ModelOptions):
    """Options of a voting step."""

    n: int = Field(5, ge=2, le=50, title="Samples", description="How many samples vote.")
    field: str = Field(
        "", max_length=100, title="Output", description="The output that is voted on; empty: the last."
    )
    reasoning: bool = Field(True, description="Let each sample reason before it answers.")


@step_kinds.register(
    "majority_vote",
    summary="Ask for several samples and take the most frequent answer.",
    title="Majority vote",
    group="Several attempts",
)
class MajorityVoteKind(StepKind):
    """`core.MajorityVote`."""

    options: ClassVar[type[Options]] = MajorityVoteOptions

    def outputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return the signature's outputs, after `reasoning` where it is on."""
        return reasoned_outputs(step, super().outputs(step))

    def problems(self, step: StepSpec) -> list[tuple[str, str]]:
        """Find a field that is no output and a second `reasoning`."""
        return [*reasoning_problems(step), *field_problems(step)]

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return a vote."""
        return MajorityVote(self.made_signature(step), **self._asked(step))

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.MajorityVote(Signature, n=5)`."""
        return self.call_text("core.MajorityVote", signature, **self._asked(step))

    def _asked(self, step: StepSpec) -> dict[str, Any]:
        return {name: value for name, value in self.given(step).items() if value not in (None, "")}
