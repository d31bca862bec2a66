"""DSPy's `DataLoader`: lists of examples from the hub, files, data frames and retrievers; samples and splits.

Knows nothing about data sets. `core.load_dataset` reads the same files with types, ids and better messages.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.data.example import Example
from core.data.frame import table_of_frame
from core.data.hub import hub_rows, rows_of
from core.data.loaders import read_table
from core.foundation.errors import DataError, MissingExtraError
from core.interop.datasets.dataset import Dataset
from core.settings import current

__all__ = ["DataLoader"]

_Path = str | os.PathLike[str]
_Names = Sequence[str]


class DataLoader(Dataset):
    """Loads examples whose inputs are `input_keys`, with the columns `fields` (all where None)."""

    def from_huggingface(
        self,
        dataset_name: str,
        *args: Any,
        input_keys: _Names = (),
        fields: _Names | None = None,
        **kwargs: Any,
    ) -> dict[str, list[Example]] | list[Example]:
        """Return the examples of a data set on the hub: by split, or those of `split=`.

        Args:
            dataset_name: As for `datasets.load_dataset`, whose further arguments follow.
            *args: The subset.
            input_keys: The inputs.
            fields: The columns to keep.
            **kwargs: `split=` and others.

        Raises:
            DataError: It cannot be loaded, or has no such column.
        """
        subset = args[0] if args else kwargs.pop("name", None)
        found = hub_rows(dataset_name, subset, kwargs.pop("split", None), **kwargs)
        if isinstance(found, Mapping):
            return {str(name): _examples(rows_of(part), fields, input_keys) for name, part in found.items()}
        if isinstance(found, list):  # split=["train[:10]", "test"]
            return {
                str(name): _examples(rows_of(part), fields, input_keys) for name, part in enumerate(found)
            }
        return _examples(rows_of(found), fields, input_keys)

    def from_csv(
        self, file_path: _Path, fields: _Names | None = None, input_keys: _Names = ()
    ) -> list[Example]:
        """Return the rows of a CSV; columns of numbers are numbers, empty cells None."""
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError("pandas", "data", purpose="reading CSV") from error
        try:
            frame = pd.read_csv(file_path)
        except (OSError, ValueError) as error:
            raise DataError(
                f"It cannot be read: {error}", file=str(file_path), hint="Check the file."
            ) from error
        return self.from_pandas(frame, fields, input_keys)

    def from_json(
        self, file_path: _Path, fields: _Names | None = None, input_keys: _Names = ()
    ) -> list[Example]:
        """Return the records of a JSON file: a list, or one record per line."""
        try:
            table = read_table(file_path, format="json").checked()
        except DataError:
            table = read_table(file_path, format="jsonl").checked()
        return _examples([row.values for row in table.rows], fields, input_keys)

    def from_parquet(
        self, file_path: _Path, fields: _Names | None = None, input_keys: _Names = ()
    ) -> list[Example]:
        """Return the rows of a Parquet file."""
        table = read_table(file_path, format="parquet").checked()
        return _examples([row.values for row in table.rows], fields, input_keys)

    def from_pandas(self, df: Any, fields: _Names | None = None, input_keys: _Names = ()) -> list[Example]:
        """Return the rows of a data frame (pandas, polars or pyarrow); missing values become None."""
        table = table_of_frame(df)
        rows = table.checked().rows if len(df) else ()
        return _examples([row.values for row in rows], fields, input_keys)

    def from_rm(self, num_samples: int, fields: _Names, input_keys: _Names) -> list[Example]:
        """Return objects of the retriever in the settings, which must have `get_objects(num_samples, fields)`.

        Raises:
            ValueError: There is no such retriever.
        """
        get_objects = getattr(current().rm, "get_objects", None)
        if get_objects is None:
            raise DataError(
                "The retriever in the settings has no `get_objects`.",
                hint="Configure one that gives objects, or load a file.",
            )
        return _examples(get_objects(num_samples=num_samples, fields=list(fields)), fields, input_keys)

    def sample(self, dataset: list[Example], n: int, *args: Any, **kwargs: Any) -> list[Example]:
        """Return `n` examples drawn by the global generator (`random.seed`), as `random.sample` does."""
        if not isinstance(dataset, list):
            raise DataError(
                f"A sample is drawn of a list, not of a {type(dataset).__name__}.",
                hint="Choose a split first: dataset['train'].",
            )
        return random.sample(dataset, n, *args, **kwargs)

    def train_test_split(
        self,
        dataset: list[Example],
        train_size: float = 0.75,
        test_size: float | None = None,
        random_state: int | None = None,
    ) -> dict[str, list[Example]]:
        """Return {"train": …, "test": …}, shuffled.

        Args:
            dataset: What to split; it stays as it is.
            train_size: A share (0.75) or a number of rows (300).
            test_size: Same; None takes the rest.
            random_state: Seeds the shuffle; None shuffles by the global generator.

        Raises:
            ValueError: The sizes make no sense, or are more than there is.
        """
        rows = list(dataset)
        (random if random_state is None else random.Random(random_state)).shuffle(rows)
        train = _rows("train_size", train_size, len(rows))
        test = max(0, len(rows) - train) if test_size is None else _rows("test_size", test_size, len(rows))
        if test_size is not None and train + test > len(rows):
            raise DataError(
                f"train_size and test_size are {train} + {test} rows of {len(rows)}.",
                hint="Make one of them smaller.",
            )
        return {"train": rows[:train], "test": rows[train : train + test]}


def _rows(name: str, size: float, total: int) -> int:
    if isinstance(size, float) and 0.0 < size < 1.0:
        return int(total * size)
    if isinstance(size, int) and not isinstance(size, bool) and size >= 0:
        return size
    raise DataError(f"{name}={size!r} is neither a share nor a number of rows.", hint="Give 0.75 or 300.")


def _examples(rows: Iterable[Mapping[str, Any]], fields: _Names | None, input_keys: _Names) -> list[Example]:
    made: list[Example] = []
    for place, row in enumerate(rows, start=1):
        missing = [name for name in fields or () if name not in row]
        if missing:
            raise DataError(
                f"There is no column '{missing[0]}'.",
                row=place,
                hint=f"There are: {', '.join(map(str, row))}.",
            )
        made.append(Example({str(name): row[name] for name in fields or row}).with_inputs(*input_keys))
    return made
