"""DSPy's base of data sets: `.train`, `.dev` and `.test`, shuffled by seeds and cut to size.

Knows nothing about where rows come from: a subclass sets `_train`, `_dev` and `_test` in its constructor.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.data.example import Example
from core.foundation.errors import DataError
from core.foundation.fingerprint import fingerprint

__all__ = ["Dataset"]


class Dataset:
    """Three splits.

    Args:
        train_seed: Shuffles the training split.
        train_size: How many to keep of it; None keeps all.
        eval_seed: Shuffles the other two.
        dev_size: As `train_size`.
        test_size: As `train_size`.
        input_keys: The inputs of every example; none leaves that to `with_inputs`.

    Each example carries `dspy_uuid`, which the same row at the same place always gets again, and `dspy_split`; neither
    is a field.
    """

    _train: Iterable[Any]
    _dev: Iterable[Any]
    _test: Iterable[Any]

    def __init__(
        self,
        train_seed: int = 0,
        train_size: int | None = None,
        eval_seed: int = 0,
        dev_size: int | None = None,
        test_size: int | None = None,
        input_keys: Sequence[str] | None = None,
    ) -> None:
        self.name = type(self).__name__
        self.do_shuffle = True
        self.input_keys = list(input_keys or [])
        self._made: dict[str, list[Example]] = {}
        self.train_seed, self.train_size = train_seed, train_size
        self.dev_seed = self.test_seed = eval_seed
        self.dev_size, self.test_size = dev_size, test_size

    def reset_seeds(
        self,
        train_seed: int | None = None,
        train_size: int | None = None,
        eval_seed: int | None = None,
        dev_size: int | None = None,
        test_size: int | None = None,
    ) -> None:
        """Draw the splits anew; what is None stays as it was."""
        self.train_seed = self.train_seed if train_seed is None else train_seed
        self.dev_seed = self.dev_seed if eval_seed is None else eval_seed
        self.test_seed = self.test_seed if eval_seed is None else eval_seed
        self.train_size = self.train_size if train_size is None else train_size
        self.dev_size = self.dev_size if dev_size is None else dev_size
        self.test_size = self.test_size if test_size is None else test_size
        self._made.clear()

    @property
    def train(self) -> list[Example]:
        """The training examples."""
        return self._split("train", self.train_seed, self.train_size)

    @property
    def dev(self) -> list[Example]:
        """The development examples."""
        return self._split("dev", self.dev_seed, self.dev_size)

    @property
    def test(self) -> list[Example]:
        """The test examples."""
        return self._split("test", self.test_seed, self.test_size)

    def _split(self, name: str, seed: int, size: int | None) -> list[Example]:
        if name not in self._made:
            rows = getattr(self, f"_{name}", None)
            if rows is None:
                raise DataError(
                    f"{self.name} has no {name} split.", hint=f"Its constructor sets self._{name}."
                )
            self._made[name] = self._drawn(name, list(rows), seed, size)
        return self._made[name]

    def _drawn(self, name: str, rows: list[Any], seed: int, size: int | None) -> list[Example]:
        if self.do_shuffle:
            random.Random(seed).shuffle(rows)
        made: list[Example] = []
        for place, row in enumerate(rows[:size]):
            known = uuid.uuid5(uuid.NAMESPACE_OID, f"{name} {place} {fingerprint(dict(row.items()))}")
            example = Example(_plain(row), dspy_uuid=str(known), dspy_split=name)
            made.append(example.with_inputs(*self.input_keys) if self.input_keys else example)
        return made

    @classmethod
    def prepare_by_seed(
        cls,
        train_seeds: Sequence[int] | None = None,
        train_size: int = 16,
        dev_size: int = 1000,
        divide_eval_per_seed: bool = True,
        eval_seed: int = 2023,
        **kwargs: Any,
    ) -> Example:
        """Return `train_sets`, one per seed, and `eval_sets`, parts of one draw that share no example.

        Args:
            train_seeds: 1 to 5 unless given.
            train_size: Of each training set.
            dev_size: Of all evaluation sets together, or of each.
            divide_eval_per_seed: Which of the two.
            eval_seed: Draws the evaluation sets.
            **kwargs: Given to the constructor.
        """
        seeds = list(train_seeds) if train_seeds is not None else [1, 2, 3, 4, 5]
        each = dev_size // len(seeds) if divide_eval_per_seed else dev_size
        data = cls(
            train_size=train_size, eval_seed=eval_seed, dev_size=each * len(seeds), test_size=0, **kwargs
        )
        parts = [data.dev[start : start + each] for start in range(0, each * len(seeds), each or 1)]
        train_sets: list[list[Example]] = []
        for seed in seeds:
            data.reset_seeds(train_seed=seed)
            train_sets.append(data.train)
        return Example(train_sets=train_sets, eval_sets=parts)


def _plain(row: Any) -> Example | Mapping[str, Any]:
    return row if isinstance(row, (Example, Mapping)) else dict(row)
