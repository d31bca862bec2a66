"""A step that tries again with advice until its answer keeps rules.

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from core.modules import Refine
from core.pipeline.kind import step_kinds
from core.pipeline.ruled import RuledKind

__all__ = ["RefineKind"]


@step_kinds.register(
    "refine",
    summary="Try until an answer keeps your rules; each new try gets advice on the last.",
    title="Refine with advice",
    group="Several attempts",
)
class RefineKind(RuledKind):
    """`core.Refine` with `core.Rules` as its reward."""

    module: ClassVar[Any] = Refine
