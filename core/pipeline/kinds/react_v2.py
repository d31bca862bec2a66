"""A step that works by a conversation of tool calls, several at once where it likes, until it submits its answer.

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from core.modules import Module
from core.modules.react_v2 import OWN_FIELDS, ReActV2
from core.pipeline.kind import Options, StepKind, step_kinds
from core.pipeline.spec import FieldSpec, StepSpec
from core.pipeline.tool_options import ToolNames, tool_expressions, tools_of, uses_retrieval

__all__ = ["ReActV2Kind", "ReActV2Options"]

_ADDED = (FieldSpec(name="history", type="History"), FieldSpec(name="termination_reason"))
_BEFORE = FieldSpec(name="history", type="Optional[History]", desc="the conversation so far; may be empty")


class ReActV2Options(Options):
    """Options of a step with tool calls."""

    tools: ToolNames = Field((), description="The tools that it may call.")
    max_iters: int = Field(20, ge=1, le=100, description="The most turns; one may call several tools.")
    continues: bool = Field(
        False,
        title="Goes on from a conversation",
        description="It gets one more input, `history`: what such a step gave before.",
    )


@step_kinds.register(
    "react_v2",
    summary="The model calls tools in a conversation, several at once and natively where it can, then submits.",
    title="Use tools in a conversation",
    group="Agents and code",
)
class ReActV2Kind(StepKind):
    """`core.ReActV2`; gives `history` and `termination_reason` beside the outputs of the signature."""

    options: ClassVar[type[Options]] = ReActV2Options

    def inputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return the signature's inputs, and `history` where it goes on from one."""
        return (*super().inputs(step), *((_BEFORE,) if step.options.get("continues") else ()))

    def outputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return what is added, then the signature's outputs."""
        return (*_ADDED, *super().outputs(step))

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
        plain = step.model_copy(update={"options": {}})  # the history it is given is not a field of yours
        return found + self.name_problems(plain, OWN_FIELDS)

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return the agent."""
        given = self._asked(step)
        return ReActV2(self.made_signature(step), tools_of(given.pop("tools", ()), retriever), **given)

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.ReActV2(Signature, tools=['calculator'])`."""
        given = self._asked(step)
        tools = tool_expressions(given.pop("tools", ()), retriever)
        return self.call_text("core.ReActV2", signature, f"tools={tools}", **given)

    def _asked(self, step: StepSpec) -> dict[str, Any]:
        return {name: value for name, value in self.given(step).items() if name != "continues"}
