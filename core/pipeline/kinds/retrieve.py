"""A step that fetches passages for a query.

Knows nothing about how passages are found.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from core.modules import Module, Retrieve
from core.pipeline.kind import Options, StepKind, step_kinds
from core.pipeline.spec import FieldSpec, StepSpec

__all__ = ["RetrieveKind", "RetrieveOptions"]


class RetrieveOptions(Options):
    """Options of a retrieving step."""

    k: int = Field(3, ge=1, le=100, title="Passages", description="How many passages to fetch.")


@step_kinds.register(
    "retrieve",
    summary="Fetch the passages whose words fit a query best.",
    title="Retrieve by words",
    group="Retrieval",
)
class RetrieveKind(StepKind):
    """`core.Retrieve`: input `query` (a text or several), output `passages`."""

    options: ClassVar[type[Options]] = RetrieveOptions
    takes_signature: ClassVar[bool] = False
    retrieves: ClassVar[bool] = True

    def inputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return `query`."""
        return (FieldSpec(name="query", type="Union[str, list[str]]"),)

    def outputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return `passages`."""
        return (FieldSpec(name="passages", type="list[str]"),)

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return a retriever over the corpus, or over that of the settings."""
        return Retrieve(**self.given(step), rm=retriever)

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.Retrieve(k=3, rm=...)`."""
        settings = self.call_text("", **self.given(step))[1:-1]
        return f"core.Retrieve({', '.join(part for part in (settings, retriever and f'rm={retriever}') if part)})"
