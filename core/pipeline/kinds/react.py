"""A step that calls tools until it knows enough, then answers.

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from core.modules import Module
from core.modules.react import OWN_FIELDS, ReAct
from core.pipeline.kind import Options, StepKind, step_kinds
from core.pipeline.spec import FieldSpec, StepSpec
from core.pipeline.tool_options import ToolNames, tool_expressions, tools_of, uses_retrieval

__all__ = ["ReActKind", "ReActOptions"]

_ADDED = ("reasoning", "termination_reason")


class ReActOptions(Options):
    """Options of a step with tools."""

    tools: ToolNames = Field((), description="The tools that it may call.")
    max_iters: int = Field(20, ge=1, le=100, description="The most calls of tools.")


@step_kinds.register(
    "react",
    summary="The model calls tools, looks at what they give, and answers when it knows enough.",
    title="Use tools",
    group="Agents and code",
)
class ReActKind(StepKind):
    """`core.ReAct`; gives `reasoning` and `termination_reason` beside the outputs of the signature."""

    options: ClassVar[type[Options]] = ReActOptions

    def outputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return what is added, then the signature's outputs."""
        return (*(FieldSpec(name=name) for name in _ADDED), *super().outputs(step))

    def uses_retriever(self, step: StepSpec) -> bool:
        """True where one of the tools searches."""
        return uses_retrieval(step.options.get("tools"))

    def problems(self, step: StepSpec) -> list[tuple[str, str]]:
        """Find a step without tools, and fields that the agent has itself."""
        found: list[tuple[str, str]] = []
        if not step.options.get("tools"):
            found.append(
                ("No tool is chosen, so there is nothing to call.", "Choose one, or reason without.")
            )
        return found + self.name_problems(step, (*OWN_FIELDS, *_ADDED))

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return the agent."""
        given = self.given(step)
        return ReAct(self.made_signature(step), tools_of(given.pop("tools", ()), retriever), **given)

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.ReAct(Signature, tools=['calculator'])`."""
        given = self.given(step)
        tools = tool_expressions(given.pop("tools", ()), retriever)
        return self.call_text("core.ReAct", signature, f"tools={tools}", **given)
