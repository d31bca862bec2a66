"""DSPy's text metrics under their own names, for programs written for it.

Knows nothing about the registry. They compare as SQuAD does (Rajpurkar et al. 2016), with the extensions for other
languages that `normalize_text` states; words of scripts without spaces are their characters. The metrics beside this
file serve typed values too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from core.evaluate.metrics.f1 import overlap_f1
from core.evaluate.metrics.text import normalize_text, words

__all__ = [
    "EM",
    "F1",
    "HotPotF1",
    "answer_exact_match",
    "answer_exact_match_str",
    "answer_passage_match",
    "em_score",
    "f1_score",
    "hotpot_f1_score",
    "precision_score",
]


def EM(prediction: str, answers_list: Sequence[str]) -> bool:  # noqa: N802 - DSPy's name
    """Whether the prediction equals one of the answers."""
    given = normalize_text(prediction)
    return any(given == normalize_text(answer) for answer in _checked(answers_list))


def F1(prediction: str, answers_list: Sequence[str]) -> float:  # noqa: N802 - DSPy's name
    """The best token F1 against one of the answers; 0 where either side has no words."""
    return max((f1_score(prediction, answer) for answer in _checked(answers_list)), default=0.0)


def HotPotF1(prediction: str, answers_list: Sequence[str]) -> float:  # noqa: N802 - DSPy's name
    """F1 where "yes", "no" and "noanswer" must match as a whole (Yang et al. 2018)."""
    return max((hotpot_f1_score(prediction, answer) for answer in _checked(answers_list)), default=0.0)


def _checked(answers: Sequence[str]) -> Sequence[str]:
    if isinstance(answers, str):
        raise ValueError(f"The answers must be a list, not the text {answers!r}.")
    return answers


def em_score(prediction: str, ground_truth: str) -> bool:
    """Whether the two are equal after normalisation."""
    return normalize_text(prediction) == normalize_text(ground_truth)


def f1_score(prediction: str, ground_truth: str) -> float:
    """Token F1 of one pair; 0 where either side has no words."""
    given, expected = _words(prediction), _words(ground_truth)
    return overlap_f1(expected, given) if given and expected else 0.0


def hotpot_f1_score(prediction: str, ground_truth: str) -> float:
    """`f1_score`, but 0 unless "yes", "no" and "noanswer" match as a whole."""
    given, expected = normalize_text(prediction), normalize_text(ground_truth)
    if given != expected and {given, expected} & {"yes", "no", "noanswer"}:
        return 0.0
    return f1_score(prediction, ground_truth)


def precision_score(prediction: str, ground_truth: str) -> float:
    """The share of the prediction's words that the truth has."""
    given, expected = _words(prediction), _words(ground_truth)
    return (Counter(given) & Counter(expected)).total() / len(given) if given else 0.0


def _words(text: str) -> list[str]:
    return words(normalize_text(text))


def answer_exact_match(example: Any, pred: Any, trace: Any = None, frac: float = 1.0) -> bool:
    """Whether `pred.answer` equals `example.answer` (one or a list); below `frac` 1, whether their F1 reaches it."""
    del trace
    return answer_exact_match_str(pred.answer, example.answer, frac)


def answer_exact_match_str(pred_str: str, answers: str | Sequence[str], frac: float = 1.0) -> bool:
    """`answer_exact_match` of plain texts; without any answers False."""
    listed = _listed(answers)
    return EM(pred_str, listed) if frac >= 1.0 else F1(pred_str, listed) >= frac


def answer_passage_match(example: Any, pred: Any, trace: Any = None) -> bool:
    """Whether a passage of `pred.context` holds one of the answers, word by word."""
    del trace
    answers = [f" {' '.join(_words(answer))} " for answer in _listed(example.answer)]
    passages = [f" {' '.join(_words(passage))} " for passage in pred.context]
    return any(answer.strip() and answer in passage for answer in answers for passage in passages)


def _listed(answer: Any) -> list[str]:
    if isinstance(answer, str):
        return [answer]
    if isinstance(answer, list | tuple):
        return list(answer)
    raise ValueError(f"Invalid answer type: {type(answer)}. It is a text or a list of texts.")
