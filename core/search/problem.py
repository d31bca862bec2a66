"""A problem: the program to improve, the rows to learn from, the rows to choose by, and the metric.

Knows nothing about optimizers. Training rows make demos; scoring rows choose between candidates. Where the caller
gives a validation set, the two stay apart: a training row that is also in the validation set makes no demo; where all
of them are, they teach, and the other rows of the validation set choose. Without one, or where the two sets are one,
candidates are scored on the training rows, as in DSPy, and reports say so.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Real
from typing import Any, Literal, cast

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.foundation.fingerprint import fingerprint
from core.foundation.randomness import rng
from core.foundation.words import are, counted
from core.modules.module import Module

__all__ = ["Item", "Problem", "as_seed", "check_program", "items_of", "rows_of"]

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
        taught: Validation rows that choose nothing because they are all that there is to learn from.
        confirm: Rows that neither make demos nor choose: winner and given program are compared on them at the end.
        confirmed_on: Where those come from: "test", "validation" or "training".
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
    confirm: tuple[Item, ...] = ()
    confirmed_on: str = ""
    taught: int = 0

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
            OptimizerError: Rows are not examples with inputs, or student or teacher are no programs.
        """
        check_program(student, "student")
        if teacher is not None:
            check_program(teacher, "teacher")
        train, validation = (
            items_of(trainset, "trainset"),
            items_of(() if valset is None else valset, "valset"),
        )
        warnings = [*_strange_inputs(train, "training"), *_strange_inputs(validation, "validation")]
        known = {_asked(item) for item in validation}
        apart = tuple(item for item in train if _asked(item) not in known)
        if train and validation and not apart:
            given = cls(student, train, validation, "training", metric, seed, teacher, 0, tuple(warnings))
            return given._within_validation()
        if len(apart) < len(train):
            many = len(train) - len(apart)
            said = f"{are(many)} also in the validation set and {are(many, 'makes', 'make')} no demos."
            warnings.append(f"{counted(many, 'training row')} {said}")
        scoring, source = (validation, "validation") if validation else (apart, "training")
        return cls(
            student, apart, scoring, source, metric, seed, teacher, len(train) - len(apart), tuple(warnings)
        )

    def _within_validation(self) -> Problem:
        """Return the problem where every training row is also a validation row: the others choose, if there are any."""
        taught = {_asked(item) for item in self.train}
        others = tuple(item for item in self.scoring if _asked(item) not in taught)
        if not others:
            said = "Every training row is also in the validation set, so the two are one: the score is optimistic."
            return replace(self, warnings=(*self.warnings, said))
        said = (
            f"Every training row is also in the validation set: candidates are scored on its "
            f"{counted(len(others), 'other row')}."
        )
        left = len(self.scoring) - len(others)
        return replace(
            self, scoring=others, scored_on="validation", taught=left, warnings=(*self.warnings, said)
        )

    def with_test(self, testset: Iterable[Example]) -> Problem:
        """Return the problem with these rows to confirm the winner on; those that it has already are left out.

        Raises:
            OptimizerError: None remain.
        """
        rows = items_of(testset, "testset")
        known = {_asked(item) for item in (*self.train, *self.scoring)}
        apart = tuple(_to_confirm(item) for item in rows if _asked(item) not in known)
        if not rows:
            raise OptimizerError(
                "The testset is empty.", hint="Give rows that took no part, or leave `testset` away."
            )
        if not apart:
            raise OptimizerError(
                "The testset has no row that is not also a training or validation row.",
                hint="Give rows that took no part, or leave `testset` away.",
            )
        left_out = len(rows) - len(apart)
        also = (
            "is also a training or validation row"
            if left_out == 1
            else "are also training or validation rows"
        )
        said = f"{counted(left_out, 'test row')} {also} and {are(left_out, 'confirms', 'confirm')} nothing."
        warnings = (*self.warnings, said) if left_out else self.warnings
        return replace(self, confirm=apart, confirmed_on="test", warnings=warnings)

    def with_held_out(self, part: float) -> Problem:
        """Return the problem with some of its scoring rows set aside to confirm the winner on.

        Args:
            part: Their share (below 1) or their number.

        Raises:
            OptimizerError: That is no share and no number, or no row would be left to choose by, or none to confirm on.
        """
        if not _is_part(part):
            raise OptimizerError(
                f"confirm={part!r} is no part of the rows.",
                hint="Give a share between 0 and 1 (0.2 is 20 %), or a whole number of rows.",
            )
        total = len(self.scoring)
        count = round(part * total) if part < 1 else int(part)
        drawn = set(rng(self.seed, "confirm").sample(range(total), min(count, total))) if count > 0 else set()
        asked = {_asked(item) for position, item in enumerate(self.scoring) if position in drawn}
        # Equal rows go together: one of them that still chose would be no new row to the winner.
        held = [item for item in self.scoring if _asked(item) in asked]
        scoring = tuple(item for item in self.scoring if _asked(item) not in asked)
        if not held or not scoring:
            raise OptimizerError(
                f"confirm={part!r} sets {len(held)} of {total} rows aside.",
                hint="Give a share between 0 and 1, or a number of rows, that leaves some on both sides.",
            )
        train = tuple(item for item in self.train if _asked(item) not in asked)
        confirm = tuple(map(_to_confirm, held))
        return replace(self, train=train, scoring=scoring, confirm=confirm, confirmed_on=self.scored_on)

    @cached_property
    def train_rows(self) -> dict[str, Example]:
        """Training examples by key."""
        return {item.key: item.example for item in self.train}

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Paths of the predictors that may be tuned; those of frozen sub-modules are not among them."""
        return tuple(path for path, _ in self.student.named_predictors())


def rows_of(examples: Any, name: str) -> list[Any]:
    """Return a set of rows as a list.

    Args:
        name: What it is called.

    Raises:
        OptimizerError: It is no set of rows.
    """
    if isinstance(examples, (str, bytes, Example, Mapping)) or not isinstance(examples, Iterable):
        kind = "None" if examples is None else f"a {type(examples).__name__}"
        raise OptimizerError(
            f"The {name} is {kind}, not a list of examples.",
            hint="Give a list: [core.Example(question=..., answer=...).with_inputs('question'), ...].",
        )
    return list(cast("Iterable[Any]", examples))


def check_program(value: Any, name: str) -> None:
    """Check that a student or teacher is a program.

    Raises:
        OptimizerError: It is none; says what it is.
    """
    if isinstance(value, Module):
        return
    what = f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"
    one = "an instance of it" if isinstance(value, type) else "one program"
    raise OptimizerError(
        f"The {name} is {what}, not a program.", hint=f"Give {one}: core.Predict('question -> answer'), say."
    )


def as_seed(value: Any) -> int:
    """Return a seed as a whole number; None is 0.

    Raises:
        OptimizerError: It is none.
    """
    try:
        return 0 if value is None else operator.index(value)
    except TypeError as error:
        raise OptimizerError(f"seed={value!r} is no seed.", hint="Give a whole number.") from error


def items_of(examples: Any, name: str) -> tuple[Item, ...]:
    """Return rows under keys of their own.

    Raises:
        OptimizerError: One is no example with inputs; says which.
    """
    rows = rows_of(examples, name)
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


def _strange_inputs(items: Sequence[Item], name: str) -> list[str]:
    """Return a warning where a few rows lack inputs that most have: what asks for them is asked without."""
    counted = Counter(name for item in items for name in item.example.input_keys or ())
    usual = {name for name, count in counted.items() if 2 * count > len(items)}
    lacking = [(place, usual - set(item.example.input_keys or ())) for place, item in enumerate(items)]
    strange = [(place, missing) for place, missing in lacking if missing]
    if not strange:
        return []
    place, missing = strange[0]
    return [
        f"{len(strange)} of {len(items)} {name} rows {are(len(strange), 'lacks', 'lack')} inputs that the others have; "
        f"the first, row {place}: {', '.join(sorted(missing))}."
    ]


def _is_part(value: object) -> bool:
    """Return whether a value is a share or a whole number; True would mean one row, and so would 1.5."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return value < 1 or value == value // 1


def _to_confirm(item: Item) -> Item:
    """Return a row under a key that no training or scoring row has."""
    return Item(f"confirm:{item.key}", item.example)


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
