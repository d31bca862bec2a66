"""A step that asks the model once.

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any

from core.modules import Module, Predict
from core.pipeline.kind import StepKind, step_kinds
from core.pipeline.spec import StepSpec

__all__ = ["PredictKind"]


@step_kinds.register(
    "predict", summary="Ask the model once and read its answer.", title="Predict", group="Simple"
)
class PredictKind(StepKind):
    """`core.Predict`."""

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return a predictor."""
        return Predict(self.made_signature(step), **self.given(step))

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.Predict(Signature)`."""
        return self.call_text("core.Predict", signature, **self.given(step))
