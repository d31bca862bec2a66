"""HotPotQA (Yang et al. 2018): multi-hop questions, from the hub or from files.

Knows nothing about retrieval. The official training split is cut into `.train` and `.dev` (3 : 1); the official
validation split is `.test`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from core.foundation.errors import ConfigurationError
from core.interop.datasets.dataset import Dataset
from core.interop.datasets.rows import file_rows, named_rows

__all__ = ["HotPotQA"]

_TRAIN_SHARE = 0.75
_BARE = ("question", "answer")


class HotPotQA(Dataset):
    """The questions of level "hard".

    Args:
        *args: As for `Dataset`.
        only_hard_examples: Must be true: the official evaluation splits are all hard.
        keep_details: "dev_titles" gives `.train` question and answer, and `.dev` `gold_titles` too; True keeps
            everything; False question and answer alone.
        unofficial_dev: Cut `.dev` off the training split; else it is empty.
        path: A file with `question`, `answer`, `level` and `gold_titles` (or `supporting_facts`), in place of the
            training split on the hub.
        test_path: Same, in place of the validation split; with `path` alone `.test` is empty.
        **kwargs: As for `Dataset`.

    Raises:
        ConfigurationError: Easy questions are asked for.
        DataError: The rows cannot be had.
    """

    def __init__(
        self,
        *args: Any,
        only_hard_examples: bool = True,
        keep_details: bool | Literal["dev_titles"] = "dev_titles",
        unofficial_dev: bool = True,
        path: str | os.PathLike[str] | None = None,
        test_path: str | os.PathLike[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if not only_hard_examples:
            raise ConfigurationError(
                "HotPotQA is read with its hard questions alone.",
                hint="Leave only_hard_examples=True; core.load_dataset reads any file.",
            )
        official = file_rows(path) if path else named_rows("hotpot_qa", "fullwiki", "train")
        rows = [_row(row) for row in official if row.get("level", "hard") == "hard"]
        random.Random(0).shuffle(rows)
        cut = int(len(rows) * _TRAIN_SHARE)
        bare = _BARE if keep_details != True else None  # noqa: E712 - it may be a text
        shown = (*_BARE, "gold_titles") if keep_details == "dev_titles" else bare
        self._train = [_only(row, bare) for row in rows[:cut]]
        self._dev = [_only(row, shown) for row in rows[cut:]] if unofficial_dev else []
        tested: Iterable[Mapping[str, Any]] = ()
        if test_path:
            tested = file_rows(test_path)
        elif path is None:
            tested = named_rows("hotpot_qa", "fullwiki", "validation")
        self._test = [_only(_row(row), ("id", *_BARE, "type", "gold_titles")) for row in tested]


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with the titles of its gold passages as a set."""
    facts = row.get("supporting_facts")
    titles = facts.get("title", ()) if isinstance(facts, Mapping) else row.get("gold_titles") or ()
    kept = {name: row[name] for name in ("id", "question", "answer", "type", "context") if name in row}
    return {**kept, "gold_titles": set(titles)}


def _only(row: dict[str, Any], names: tuple[str, ...] | None) -> dict[str, Any]:
    return row if names is None else {name: row[name] for name in names if name in row}
