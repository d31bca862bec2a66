"""Several samples of one step made into one answer: by vote (`MajorityVote`) or by comparison (`ComparedChains`).

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any

from core.data.prediction import Prediction
from core.foundation.errors import ConfigurationError
from core.modules.aggregate import majority
from core.modules.chain_of_thought import ChainOfThought
from core.modules.module import Module
from core.modules.multi_chain_comparison import MultiChainComparison
from core.modules.overlay import attempt_apart
from core.modules.predict import Predict
from core.signature import ensure_signature

__all__ = ["ComparedChains", "MajorityVote"]


class MajorityVote(Module):
    """Asks for `n` samples in one request and returns the one whose answer is the most frequent.

    Wang et al. 2023, "Self-Consistency Improves Chain of Thought Reasoning in Language Models".

    Args:
        signature: "question -> answer" or a Signature class.
        n: Samples.
        field: The output that is voted on; None: the last one.
        reasoning: Let each sample reason first.
        temperature: Of the samples.
        config: Further request settings.

    Raises:
        ConfigurationError: `n` is below 2, or there is no such output.
    """

    def __init__(
        self,
        signature: Any,
        n: int = 5,
        *,
        field: str | None = None,
        reasoning: bool = True,
        temperature: float = 0.7,
        **config: Any,
    ) -> None:
        super().__init__()
        outputs = ensure_signature(signature).output_fields
        if n < 2 or (field and field not in outputs):
            raise ConfigurationError(
                f"There is no vote with n={n} on '{field or list(outputs)[-1]}'.",
                hint=f"Give n=2 or more, and one of: {', '.join(outputs)}.",
            )
        self.field = field or list(outputs)[-1]
        made = ChainOfThought if reasoning else Predict
        self.sample = made(signature, n=n, temperature=temperature, **config)

    async def aforward(self, **inputs: Any) -> Prediction:
        """Return the winning sample; a trace, and so a demo made of it, has that one too."""
        with attempt_apart() as seen:
            winner = majority(await self.sample.acall(**inputs), field=self.field)
        seen.conclude(winner)
        seen.keep()
        return winner


class ComparedChains(Module):
    """Reasons `M` times and lets the model weigh the attempts for one answer.

    Args:
        signature: "question -> answer" or a Signature class.
        M: Attempts.
        temperature: Of the attempts and of the comparison.
        config: Further request settings.
    """

    def __init__(
        self,
        signature: Any,
        M: int = 3,  # noqa: N803 - DSPy's name
        temperature: float = 0.7,
        **config: Any,
    ) -> None:
        super().__init__()
        self.attempts = ChainOfThought(signature, n=M, temperature=temperature, **config)
        self.compare = MultiChainComparison(signature, M=M, temperature=temperature, **config)

    async def aforward(self, **inputs: Any) -> Prediction:
        """Return the answer of the comparison, with its `rationale`."""
        return await self.compare.acall(await self.attempts.acall(**inputs), **inputs)
