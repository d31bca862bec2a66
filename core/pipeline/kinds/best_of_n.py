"""A step that tries several times and takes the answer that keeps most rules.

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from core.modules import BestOfN
from core.pipeline.kind import step_kinds
from core.pipeline.ruled import RuledKind

__all__ = ["BestOfNKind"]


@step_kinds.register(
    "best_of_n",
    summary="Try until an answer keeps your rules, else take the best.",
    title="Best of several",
    group="Several attempts",
)
class BestOfNKind(RuledKind):
    """`core.BestOfN` with `core.Rules` as its reward."""

    module: ClassVar[Any] = BestOfN
