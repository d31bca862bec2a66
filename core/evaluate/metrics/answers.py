"""DSPy's text metrics under their own names, for programs written for it.

Knows nothing about the registry. They compare as SQuAD does (Rajpurkar et al. 2016), which is made for English; the
metrics beside this file serve other languages and typed values too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.evaluate.metrics.f1 import overlap_f1
from core.evaluate.metrics.text import normalize_text

__all__ = ["EM", "F1", "HotPotF1", "answer_exact_match", "answer_passage_match"]


def EM(prediction: str, answers_list: Sequence[str]) -> bool:  # noqa: N802 - DSPy's name
    """Whether the prediction equals one of the answers."""
    given = normalize_text(prediction)
    return any(given == normalize_text(answer) for answer in _checked(answers_list))


def F1(prediction: str, answers_list: Sequence[str]) -> float:  # noqa: N802 - DSPy's name
    """The best token F1 against one of the answers; 0 where either side has no words."""
    return max((_f1(prediction, answer) for answer in _checked(answers_list)), default=0.0)


def HotPotF1(prediction: str, answers_list: Sequence[str]) -> float:  # noqa: N802 - DSPy's name
    """F1 where "yes", "no" and "noanswer" must match as a whole (Yang et al. 2018)."""
    return max((_hotpot_f1(prediction, answer) for answer in _checked(answers_list)), default=0.0)


def _checked(answers: Sequence[str]) -> Sequence[str]:
    if isinstance(answers, str):
        raise ValueError(f"The answers must be a list, not the text {answers!r}.")
    return answers


def _f1(prediction: str, answer: str) -> float:
    given, expected = normalize_text(prediction).split(), normalize_text(answer).split()
    return overlap_f1(expected, given) if given and expected else 0.0


def _hotpot_f1(prediction: str, answer: str) -> float:
    given, expected = normalize_text(prediction), normalize_text(answer)
    if given != expected and {given, expected} & {"yes", "no", "noanswer"}:
        return 0.0
    return _f1(prediction, answer)


def answer_exact_match(example: Any, pred: Any, trace: Any = None, frac: float = 1.0) -> bool:
    """Whether `pred.answer` equals `example.answer` (one or a list); below `frac` 1, whether their F1 reaches it."""
    del trace
    answers = _answers(example)
    if frac >= 1.0:
        return EM(pred.answer, answers)
    return F1(pred.answer, answers) >= frac


def answer_passage_match(example: Any, pred: Any, trace: Any = None) -> bool:
    """Whether a passage of `pred.context` holds one of the answers, word by word."""
    del trace
    answers = [f" {normalize_text(answer)} " for answer in _answers(example)]
    passages = [f" {normalize_text(passage)} " for passage in pred.context]
    return any(answer.strip() and answer in passage for answer in answers for passage in passages)


def _answers(example: Any) -> list[str]:
    answer = example.answer
    if isinstance(answer, str):
        return [answer]
    if isinstance(answer, list):
        return answer
    raise ValueError(f"Invalid answer type: {type(answer)}. It is a text or a list of texts.")
