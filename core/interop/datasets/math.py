r"""MATH (Hendrycks et al. 2021): competition problems whose answers stand in `\boxed{}`, from the hub or from files.

Knows nothing about programs. The official test split is cut into `.train` (350), `.dev` (350) and `.test`.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Mapping
from typing import Any

from core.data.example import Example
from core.data.hub import hub_rows, rows_of
from core.interop.datasets.rows import file_rows

__all__ = ["MATH", "boxed_answer", "same_answer"]

_HUB = "DigitalLearningGmbH/MATH-lighteval"
_PART = 350


class MATH:
    """The problems of one subject: `question`, `reasoning`, `answer`, the question being the input.

    Args:
        subset: "algebra", "geometry", "number_theory" … as on the hub.
        path: A file with `problem` and `solution` in place of the hub.

    Raises:
        DataError: The rows cannot be had.
    """

    def __init__(self, subset: str = "algebra", path: str | os.PathLike[str] | None = None) -> None:
        rows = file_rows(path) if path else rows_of(hub_rows(_HUB, subset)["test"])
        examples = [_example(row) for row in rows]
        random.Random(0).shuffle(examples)
        part = min(_PART, len(examples) // 3)
        self.train, self.dev = examples[:part], examples[part : 2 * part]
        self.test = examples[2 * part :]

    def metric(self, example: Any, pred: Any, trace: Any = None) -> bool:
        """Whether the two answers are the same number or expression; see `same_answer`."""
        del trace
        return same_answer(str(example.answer), str(pred.answer))


def _example(row: Mapping[str, Any]) -> Example:
    solution = str(row.get("solution") or row.get("reasoning") or "")
    answer = row.get("answer") or boxed_answer(solution)
    fields = {"question": row.get("problem") or row["question"], "reasoning": solution, "answer": answer}
    return Example(fields).with_inputs("question")


def boxed_answer(solution: str) -> str:
    r"""Return what stands in the last `\boxed{}`, braces inside it balanced; "" where there is none."""
    start = solution.rfind("\\boxed{")
    if start < 0:
        return ""
    depth, begin = 0, start + len("\\boxed{")
    for place in range(begin, len(solution)):
        depth += {"{": 1, "}": -1}.get(solution[place], 0)
        if depth < 0:
            return solution[begin:place].strip()
    return solution[begin:].strip()


def same_answer(one: str, other: str) -> bool:
    """Whether two answers are the same after notation is evened out, or equal as numbers; never evaluates anything."""
    left, right = _plain(one), _plain(other)
    if left == right:
        return True
    numbers = _number(left), _number(right)
    return None not in numbers and abs(numbers[0] - numbers[1]) < 1e-9  # type: ignore[operator]


_DROPPED = re.compile(
    r"\\(?:left|right|displaystyle|,|!|;|:|quad)|\\text\{[^{}]*\}|\^\{?\\circ\}?|[$\s]|\\%|%"
)
_FRACTION = re.compile(r"\\[dt]?frac(?:\{([^{}]*)\}|(\w))(?:\{([^{}]*)\}|(\w))")


def _plain(answer: str) -> str:
    """Even out how an answer is written: spaces, units, fraction commands, thousands, a full stop at the end."""
    text = boxed_answer(answer) or answer
    text = _DROPPED.sub("", text).rstrip(".")
    while (flat := _FRACTION.sub(_flat, text)) != text:
        text = flat
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    return re.sub(r"^[a-zA-Z]=", "", text)


def _flat(found: re.Match[str]) -> str:
    top, bottom = found[1] or found[2] or "", found[3] or found[4] or ""
    return "/".join(part if len(part) == 1 or part.isdigit() else f"({part})" for part in (top, bottom))


def _number(text: str) -> float | None:
    top, slash, bottom = text.partition("/")
    try:
        return float(top) / float(bottom) if slash else float(top)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
