"""Reasoning before answering: one more output, `reasoning`, in front of the others.

Knows nothing about prompts. Wei et al. 2022, "Chain-of-Thought Prompting Elicits Reasoning in Large Language Models".
"""

from __future__ import annotations

from typing import Any

from core.modules.module import Module
from core.modules.predict import Predict
from core.signature import OutputField, ensure_signature

__all__ = ["ChainOfThought"]

_FIELD = OutputField(desc="think step by step before the other outputs")


class ChainOfThought(Module):
    """`Predict` that writes its reasoning first.

    Args:
        signature: "question -> answer" or a Signature class without a field `reasoning`.
        rationale_field: An OutputField for the reasoning, with a description of its own.
        rationale_field_type: Its type.
        activated: False asks without reasoning; DSPy's name of 2024, where finetuned models are asked so.
        rationale_type: As `rationale_field`, under its name of 2024; the field is then called `rationale`, as it was.
        config: Request settings, as for `Predict`.

    Attributes:
        predict: The predictor; it may say `activated = False` for itself.
    """

    def __init__(
        self,
        signature: Any,
        rationale_field: Any = None,
        rationale_field_type: Any = str,
        callbacks: Any = None,
        *,
        activated: bool = True,
        rationale_type: Any = None,
        **config: Any,
    ) -> None:
        super().__init__(callbacks)
        self.activated = activated
        self.rationale_name = "reasoning" if rationale_type is None else "rationale"
        field = rationale_field or rationale_type or _FIELD
        self.predict = Predict(
            ensure_signature(signature).prepend(self.rationale_name, field, rationale_field_type), **config
        )

    @property
    def signature(self) -> Any:
        """The signature with the reasoning in front."""
        return self.predict.signature

    @property
    def asked_signature(self) -> Any:
        """The signature that calls use: without the reasoning where it is off."""
        if self.activated and getattr(self.predict, "activated", True):
            return self.predict.signature
        whole, key = self.predict.signature, ("without", self.rationale_name)
        if key not in whole.made:
            whole.made[key] = whole.delete(self.rationale_name)
        return whole.made[key]

    async def aforward(self, **inputs: Any) -> Any:
        """Ask with the extended signature, or with the plain one where reasoning is off."""
        if self.asked_signature is self.predict.signature:
            return await self.predict.acall(**inputs)
        return await self.predict.acall(**{"signature": self.asked_signature, **inputs})
