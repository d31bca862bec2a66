"""Programs that judge answers: by meaning (SemanticF1), by completeness and grounding, by correctness, faithfulness.

Knows nothing about evaluations. Each is a module, so it can itself be compiled against people's judgements; the first
two are metrics as they stand: `metric(example, pred, trace=None)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.data.prediction import Prediction
from core.modules import ChainOfThought, Module
from core.signature import InputField, OutputField, Signature

__all__ = [
    "AnswerCompleteness",
    "AnswerCorrectness",
    "AnswerCorrectnessSignature",
    "AnswerFaithfulness",
    "AnswerFaithfulnessSignature",
    "AnswerGroundedness",
    "CompleteAndGrounded",
    "DecompositionalSemanticRecallPrecision",
    "SemanticF1",
    "SemanticRecallPrecision",
    "f1_score",
]

_IDEAS = "the separate facts it states, one per line"


class SemanticRecallPrecision(Signature):
    """Judge by meaning, not wording, how much of the ground truth the response states, and how much of the response
    the ground truth backs.
    """

    question: str = InputField()
    ground_truth: str = InputField()
    system_response: str = InputField()
    recall: float = OutputField(desc="share of the ground truth that the response states, 0 to 1")
    precision: float = OutputField(desc="share of the response that the ground truth backs, 0 to 1")


class DecompositionalSemanticRecallPrecision(Signature):
    """List the facts of both texts first, match them by meaning, then give the two shares."""

    question: str = InputField()
    ground_truth: str = InputField()
    system_response: str = InputField()
    ground_truth_key_ideas: str = OutputField(desc=_IDEAS)
    system_response_key_ideas: str = OutputField(desc=_IDEAS)
    discussion: str = OutputField(desc="which facts the two share and which stand alone")
    recall: float = OutputField(desc="share of the ground truth's facts that the response states, 0 to 1")
    precision: float = OutputField(desc="share of the response's facts that the ground truth backs, 0 to 1")


class AnswerCompleteness(Signature):
    """Judge how much of the ground truth a response states; what else it says does not count."""

    question: str = InputField()
    ground_truth: str = InputField()
    system_response: str = InputField()
    ground_truth_key_ideas: str = OutputField(desc=_IDEAS)
    system_response_key_ideas: str = OutputField(desc=_IDEAS)
    discussion: str = OutputField(desc="which facts of the ground truth the response has")
    completeness: float = OutputField(
        desc="share of the ground truth's facts that the response states, 0 to 1"
    )


class AnswerGroundedness(Signature):
    """Judge how much of a response follows from the retrieved context or is common knowledge."""

    question: str = InputField()
    retrieved_context: str = InputField()
    system_response: str = InputField()
    system_response_claims: str = OutputField(
        desc="what the response claims beyond the obvious, one per line"
    )
    discussion: str = OutputField(desc="which claims the context backs")
    groundedness: float = OutputField(desc="share of the claims that the context backs, 0 to 1")


class AnswerCorrectnessSignature(Signature):
    """Judge whether the predicted answer says the same as the gold answer."""

    question: str = InputField()
    gold_answer: str = InputField()
    predicted_answer: str = InputField()
    is_correct: bool = OutputField()


class AnswerFaithfulnessSignature(Signature):
    """Judge whether the answer follows from the context alone."""

    context: str = InputField()
    question: str = InputField()
    answer: str = InputField()
    is_faithful: bool = OutputField()


def f1_score(precision: float, recall: float) -> float:
    """The harmonic mean of two shares, each brought between 0 and 1 first; 0 where both are 0."""
    precision, recall = (max(0.0, min(1.0, value)) for value in (precision, recall))
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


class SemanticF1(Module):
    """How far a response agrees with the expected one in meaning; reads `question` and `response` of the example and
    `response` of the prediction.

    Args:
        threshold: With a trace, the score from which on the answer passes.
        decompositional: Let the judge list the facts first: slower and steadier.
    """

    def __init__(self, threshold: float = 0.66, decompositional: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.module = ChainOfThought(
            DecompositionalSemanticRecallPrecision if decompositional else SemanticRecallPrecision
        )

    async def aforward(self, example: Any, pred: Any, trace: Any = None) -> Prediction:
        """Return `Prediction(score=...)`: the F1 of precision and recall, or with a trace whether it is enough."""
        return await self.judged(example.question, example.response, pred.response, trace)

    async def judged(self, question: str, expected: str, response: str, trace: Any = None) -> Prediction:
        """Do the same for plain texts."""
        shares = await self.module.acall(question=question, ground_truth=expected, system_response=response)
        score = f1_score(shares.precision, shares.recall)
        return Prediction(score=score if trace is None else score >= self.threshold)


class CompleteAndGrounded(Module):
    """Whether a response says what it should and its context backs it; reads also `context` of the prediction.

    Args:
        threshold: With a trace, the score from which on the answer passes.
    """

    def __init__(self, threshold: float = 0.66) -> None:
        super().__init__()
        self.threshold = threshold
        self.completeness_module = ChainOfThought(AnswerCompleteness)
        self.groundedness_module = ChainOfThought(AnswerGroundedness)

    async def aforward(self, example: Any, pred: Any, trace: Any = None) -> Prediction:
        """Return `Prediction(score=...)`: the F1 of completeness and groundedness, or whether it is enough."""
        return await self.judged(example.question, example.response, pred.response, pred.context, trace)

    async def judged(
        self, question: str, expected: str, response: str, context: str | Sequence[str], trace: Any = None
    ) -> Prediction:
        """Do the same for plain texts."""
        complete = await self.completeness_module.acall(
            question=question, ground_truth=expected, system_response=response
        )
        grounded = await self.groundedness_module.acall(
            question=question, retrieved_context=_joined(context), system_response=response
        )
        score = f1_score(grounded.groundedness, complete.completeness)
        return Prediction(score=score if trace is None else score >= self.threshold)


class AnswerCorrectness(Module):
    """Whether a predicted answer says the same as the gold answer: `.is_correct`."""

    def __init__(self) -> None:
        super().__init__()
        self.evaluate_correctness = ChainOfThought(AnswerCorrectnessSignature)

    async def aforward(self, question: str, gold_answer: str, predicted_answer: str) -> Prediction:
        """Ask the judge."""
        return await self.evaluate_correctness.acall(
            question=question, gold_answer=gold_answer, predicted_answer=predicted_answer
        )


class AnswerFaithfulness(Module):
    """Whether an answer follows from its context: `.is_faithful`."""

    def __init__(self) -> None:
        super().__init__()
        self.evaluate_faithfulness = ChainOfThought(AnswerFaithfulnessSignature)

    async def aforward(self, context: str | Sequence[str], question: str, answer: str) -> Prediction:
        """Ask the judge."""
        return await self.evaluate_faithfulness.acall(
            context=_joined(context), question=question, answer=answer
        )


def _joined(context: Any) -> str:
    """Passages as one text, numbered, as models cite them."""
    if isinstance(context, str):
        return context
    return "\n".join(f"[{number}] {passage}" for number, passage in enumerate(context, start=1))
