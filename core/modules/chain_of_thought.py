"""Reasoning before answering: one more output, `reasoning`, in front of the others.

Knows nothing about prompts. Wei et al. 2022, "Chain-of-Thought Prompting Elicits Reasoning in Large Language Models".
"""

from __future__ import annotations

from typing import Any

from core.modules.module import Module
from core.modules.predict import Predict
from core.signature import OutputField, ensure_signature

__all__ = ["ChainOfThought"]


class ChainOfThought(Module):
    """`Predict` that writes its reasoning first.

    Args:
        signature: "question -> answer" or a Signature class without a field `reasoning`.
        rationale_field: An OutputField for the reasoning, with a description of its own.
        rationale_field_type: Its type.
        config: Request settings, as for `Predict`.
    """

    def __init__(
        self,
        signature: Any,
        rationale_field: Any = None,
        rationale_field_type: Any = str,
        callbacks: Any = None,
        **config: Any,
    ) -> None:
        super().__init__(callbacks)
        field = rationale_field or OutputField(desc="think step by step before the other outputs")
        self.predict = Predict(
            ensure_signature(signature).prepend("reasoning", field, rationale_field_type), **config
        )

    async def aforward(self, **inputs: Any) -> Any:
        """Ask with the extended signature."""
        return await self.predict.acall(**inputs)
