"""A problem: the program to improve, the rows to learn from, the rows to choose by, and the metric.

Knows nothing about optimizers. Training rows make demos; scoring rows choose between candidates. Where the caller
gives a validation set, the two stay apart: a training row that is also in the validation set makes no demo. Without
one, candidates are scored on the training rows, as in DSPy, and reports say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.foundation.fingerprint import fingerprint
from core.modules.module import Module

__all__ = ["Item", "Problem"]

Source = Literal["validation", "training"]


@dataclass(frozen=True, slots=True)
class Item:
    """One row under a key that no other row of its set has."""

    key: str
    example: Example


@dataclass(frozen=True)
class Problem:
    """What a search works on; never changes.

    Attributes:
        train: Rows that may become demos.
        scoring: Rows that candidates are scored on.
        scored_on: Where the scoring rows come from.
        shared: Training rows that were set aside because the validation set has them too.
    """

    student: Module
    train: tuple[Item, ...]
    scoring: tuple[Item, ...]
    scored_on: Source
    metric: Callable[..., Any] | None
    seed: int = 0
    teacher: Module | None = None
    shared: int = 0
    warnings: tuple[str, ...] = field(default=())

    @classmethod
    def of(
        cls,
        student: Module,
        trainset: Iterable[Example],
        valset: Iterable[Example] | None,
        metric: Callable[..., Any] | None,
        *,
        seed: int = 0,
        teacher: Module | None = None,
    ) -> Problem:
        """Return the problem with training and validation rows apart.

        Raises:
            OptimizerError: Rows are not examples with inputs.
        """
        train, validation = _items(trainset, "trainset"), _items(valset or (), "valset")
        warnings: list[str] = []
        known = {_asked(item) for item in validation}
        apart = tuple(item for item in train if _asked(item) not in known)
        if train and validation and not apart:
            same = "Every training row is also in the validation set, so the two are one: the score is optimistic."
            return cls(student, train, validation, "training", metric, seed, teacher, 0, (same,))
        if len(apart) < len(train):
            warnings.append(
                f"{len(train) - len(apart)} training rows are also in the validation set and make no demos."
            )
        scoring, source = (validation, "validation") if validation else (apart, "training")
        return cls(
            student, apart, scoring, source, metric, seed, teacher, len(train) - len(apart), tuple(warnings)
        )

    @cached_property
    def train_rows(self) -> dict[str, Example]:
        """Training examples by key."""
        return {item.key: item.example for item in self.train}

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Paths of the predictors that may be tuned; those of frozen sub-modules are not among them."""
        return tuple(path for path, _ in self.student.named_predictors())


def _items(examples: Iterable[Any], name: str) -> tuple[Item, ...]:
    rows = list(examples)
    for position, row in enumerate(rows):
        if not isinstance(row, Example):
            raise OptimizerError(
                f"Row {position} of the {name} is a {type(row).__name__}, not an Example.",
                hint="Make it one: core.Example(question=..., answer=...).with_inputs('question').",
            )
        if row.input_keys is None:
            raise OptimizerError(
                f"Row {position} of the {name} does not say which of its fields are inputs.",
                hint="Call example.with_inputs('question') on every row.",
            )
    return tuple(Item(key, row) for key, row in zip(_unique([row.id for row in rows]), rows, strict=True))


def _unique(ids: Sequence[str]) -> list[str]:
    """Return the ids, later occurrences of the same one numbered."""
    seen: Counter[str] = Counter()
    keys: list[str] = []
    for row_id in ids:
        seen[row_id] += 1
        keys.append(row_id if seen[row_id] == 1 else f"{row_id}#{seen[row_id]}")
    return keys


def _asked(item: Item) -> str:
    """What makes two rows the same: their inputs. Ids, sources and other columns may differ, and the answer leaks."""
    return fingerprint(dict(item.example.inputs().items()))
