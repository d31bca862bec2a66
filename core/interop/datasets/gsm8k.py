"""GSM8K (Cobbe et al. 2021): grade-school word problems with whole numbers as answers, from the hub or from files.

Knows nothing about programs. `.train` has 200 and `.dev` 300 examples of the official training split, `.test` the
official test split.
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

__all__ = ["GSM8K", "gsm8k_metric", "parse_integer_answer"]

_TRAIN, _DEV = 200, 300
_MARK = "####"


class GSM8K:
    """The problems: `question`, `gold_reasoning`, `answer` (digits), the question being the input.

    Args:
        path: A file in place of the training split on the hub: the official form (the answer after "####") or columns
            `question`, `gold_reasoning`, `answer`.
        test_path: Same, in place of the test split; with `path` alone `.test` is empty.

    Raises:
        DataError: The rows cannot be had.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, test_path: str | os.PathLike[str] | None = None
    ) -> None:
        self.do_shuffle = False
        if path is None:
            official = hub_rows("gsm8k", "main")
            train, test = rows_of(official["train"]), rows_of(official["test"])
        else:
            train, test = file_rows(path), file_rows(test_path) if test_path else []
        examples = _shuffled(train)
        self.train = examples[:_TRAIN]
        self.dev = examples[_TRAIN : _TRAIN + _DEV]
        self.test = _shuffled(test)


def _shuffled(rows: list[dict[str, Any]]) -> list[Example]:
    examples = [_example(row) for row in rows]
    random.Random(0).shuffle(examples)
    return examples


def _example(row: Mapping[str, Any]) -> Example:
    reasoning, mark, answer = str(row["answer"]).rpartition(_MARK)
    if not mark:
        reasoning = str(row.get("gold_reasoning") or "")
    fields = {
        "question": row["question"],
        "gold_reasoning": " ".join(reasoning.split()),
        "answer": answer.strip().replace(",", ""),
    }
    return Example(fields).with_inputs("question")


def parse_integer_answer(answer: Any, only_first_line: bool = True) -> int:
    """Return the last number of a text without sign, separators and decimals; 0 where there is none.

    Args:
        answer: A text, or a number.
        only_first_line: Look no further than the first line.
    """
    text = str(answer).strip()
    if only_first_line:
        text = text.split("\n")[0]
    words = [word for word in text.split() if any(char.isdigit() for char in word)]
    digits = re.sub(r"[^0-9]", "", words[-1].split(".")[0]) if words else ""
    return int(digits) if digits else 0


def gsm8k_metric(gold: Any, pred: Any, trace: Any = None) -> bool:
    """Whether the numbers of `gold.answer` and `pred.answer` are equal."""
    del trace
    return parse_integer_answer(gold.answer) == parse_integer_answer(pred.answer)
