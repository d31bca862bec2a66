"""A step that explores long inputs in a Python session instead of reading them.

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from core.modules import Module
from core.modules.rlm import RESERVED, RLM
from core.pipeline.kind import Options, StepKind, step_kinds
from core.pipeline.spec import FieldSpec, StepSpec
from core.pipeline.tool_options import ToolNames, tool_expressions, tools_of, uses_retrieval

__all__ = ["RLMKind", "RLMOptions"]

_ADDED = ("final_reasoning", "termination_reason")


class RLMOptions(Options):
    """Options of a step that explores."""

    tools: ToolNames = Field((), description="Tools that its code may call beside asking models.")
    max_iters: int = Field(20, ge=1, le=100, description="The most steps.")
    max_llm_calls: int = Field(
        50, ge=0, le=1_000, description="The most questions that its code asks models."
    )
    max_output_chars: int = Field(
        10_000, ge=100, le=1_000_000, description="Characters of a step's output that the model reads."
    )


@step_kinds.register(
    "rlm",
    summary="For inputs too long to read: the model explores them by code, and asks itself about parts.",
    title="Explore long inputs",
    group="Agents and code",
)
class RLMKind(StepKind):
    """`core.RLM`; gives `final_reasoning` and `termination_reason` beside the outputs of the signature."""

    options: ClassVar[type[Options]] = RLMOptions

    def outputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return what is added, then the signature's outputs."""
        return (*(FieldSpec(name=name) for name in _ADDED), *super().outputs(step))

    def uses_retriever(self, step: StepSpec) -> bool:
        """True where one of the tools searches."""
        return uses_retrieval(step.options.get("tools"))

    def problems(self, step: StepSpec) -> list[tuple[str, str]]:
        """Find fields that the module has itself."""
        return self.name_problems(step, (*RESERVED, "trajectory", *_ADDED))

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return the module."""
        given = self.given(step)
        return RLM(self.made_signature(step), tools=tools_of(given.pop("tools", ()), retriever), **given)

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.RLM(Signature)`."""
        given = self.given(step)
        names = given.pop("tools", ())
        tools = f"tools={tool_expressions(names, retriever)}" if names else ""
        return self.call_text("core.RLM", signature, tools, **given)
