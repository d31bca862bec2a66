"""`MultiChainComparison`: several attempts at one task, weighed against one another.

Knows nothing about how the attempts were made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.data.prediction import Completions, Prediction
from core.foundation.errors import ConfigurationError
from core.modules.module import Module
from core.modules.predict import Predict
from core.signature import InputField, OutputField, ensure_signature

__all__ = ["MultiChainComparison"]

_REASONINGS = ("rationale", "reasoning")


class MultiChainComparison(Module):
    """Shows the model `M` attempts and asks for one answer.

    Yoran et al. 2023, "Answering Questions by Meta-Reasoning over Multiple Chains of Thought".

    Args:
        signature: Of the task that the attempts were made for.
        M: How many attempts a call takes.
        temperature: Of the comparison.
        config: Further request settings.
    """

    def __init__(
        self,
        signature: Any,
        M: int = 3,  # noqa: N803 - DSPy's name
        temperature: float = 0.7,
        callbacks: Any = None,
        **config: Any,
    ) -> None:
        super().__init__(callbacks)
        if M < 1:
            raise ConfigurationError(f"There is nothing to compare with M={M}.", hint="Give M=2 or more.")
        task = ensure_signature(signature)
        self.M = M
        self.last_key = list(task.output_fields)[-1]
        for number in range(1, M + 1):
            task = task.append(f"reasoning_attempt_{number}", InputField(desc="an attempt; it may be wrong"))
        weighed = OutputField(desc="which parts of the attempts hold and which do not, and what follows")
        self.predict = Predict(task.prepend("rationale", weighed), temperature=temperature, **config)

    async def aforward(
        self, completions: Prediction | Completions | Sequence[Mapping[str, Any]], **inputs: Any
    ) -> Prediction:
        """Return the answer that the comparison gives.

        Args:
            completions: `M` attempts: predictions or dicts with the answer and, if any, `reasoning`; or one prediction
                with `M` completions.

        Raises:
            ConfigurationError: There are more or fewer than `M`.
        """
        rows = completions.completions if isinstance(completions, Prediction) else completions
        attempts = [self._shown(row) for row in rows]
        if len(attempts) != self.M:
            raise ConfigurationError(
                f"This comparison takes {self.M} attempts and was given {len(attempts)}.",
                hint=f"Make it with M={len(attempts)}, or ask for {self.M} samples.",
            )
        named = {f"reasoning_attempt_{number}": text for number, text in enumerate(attempts, 1)}
        return await self.predict.acall(**inputs, **named)

    def _shown(self, row: Mapping[str, Any] | Prediction) -> str:
        reasoning = next((str(row.get(name)).strip() for name in _REASONINGS if row.get(name)), "")
        return (
            f"«{reasoning} Answer: {row.get(self.last_key)}»" if reasoning else f"«{row.get(self.last_key)}»"
        )
