"""A step that works by code which calls tools, then answers.

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from core.modules import Module
from core.modules.code_act import OWN_FIELDS, CodeAct
from core.pipeline.kind import Options, StepKind, step_kinds
from core.pipeline.spec import FieldSpec, StepSpec
from core.pipeline.tool_options import ToolNames, tool_expressions, tools_of, uses_retrieval

__all__ = ["CodeActKind", "CodeActOptions"]

_ADDED = ("reasoning", "termination_reason")


class CodeActOptions(Options):
    """Options of a step that acts by code."""

    tools: ToolNames = Field((), description="The tools that its code may call; none is needed to compute.")
    max_iters: int = Field(5, ge=1, le=100, description="The most steps.")


@step_kinds.register(
    "code_act",
    summary="The model works in steps of code that may call tools, in a sandbox.",
    title="Act by code",
    group="Agents and code",
)
class CodeActKind(StepKind):
    """`core.CodeAct`; gives `reasoning` and `termination_reason` beside the outputs of the signature."""

    options: ClassVar[type[Options]] = CodeActOptions

    def outputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return what is added, then the signature's outputs."""
        return (*(FieldSpec(name=name) for name in _ADDED), *super().outputs(step))

    def uses_retriever(self, step: StepSpec) -> bool:
        """True where one of the tools searches."""
        return uses_retrieval(step.options.get("tools"))

    def problems(self, step: StepSpec) -> list[tuple[str, str]]:
        """Find fields that the module has itself."""
        return self.name_problems(step, (*OWN_FIELDS, *_ADDED))

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return the module."""
        given = self.given(step)
        return CodeAct(self.made_signature(step), tools_of(given.pop("tools", ()), retriever), **given)

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.CodeAct(Signature, tools=['calculator'])`."""
        given = self.given(step)
        tools = tool_expressions(given.pop("tools", ()), retriever)
        return self.call_text("core.CodeAct", signature, f"tools={tools}", **given)
