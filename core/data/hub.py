"""HuggingFace `datasets` as our datasets: objects in memory, and names on the hub.

Knows nothing about particular data sets. Nothing is fetched but by `from_huggingface(name)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from core.data.dataset import Dataset
from core.data.frame import plain_value, table_of_columns
from core.data.loaders import dataset_of_table
from core.data.reader import ReadOptions
from core.foundation.errors import DataError, MissingExtraError

__all__ = ["from_huggingface", "hub_rows", "rows_of"]


def from_huggingface(
    source: Any,
    subset: str | None = None,
    *,
    split: str | None = None,
    mapping: Mapping[str, str] | None = None,
    inputs: Sequence[str] = (),
    types: Mapping[str, Any] | None = None,
    name: str | None = None,
    rows: int | None = None,
    **options: Any,
) -> Any:
    """Return HuggingFace data as a `Dataset`, or as {split: Dataset} where there are several splits.

    Class labels become their names, numpy values plain ones; other options are those of `load_dataset`.

    Args:
        source: A `datasets.Dataset`, `DatasetDict` or their streaming forms; or a name on the hub, a local folder or
            a format name ("csv", with `data_files=`), which `datasets.load_dataset` reads.
        subset: The configuration, for names.
        split: One split alone.
        rows: At most so many per split; a stream without an end needs it.
        **options: Given to `datasets.load_dataset`.

    Raises:
        MissingExtraError: The extra `datasets` is not installed.
        DataError: It cannot be had, or a value does not fit.
    """
    found = hub_rows(source, subset, split, **options) if isinstance(source, str) else source
    title = name or (source if isinstance(source, str) else "huggingface")
    if isinstance(found, Mapping):
        if split is not None:
            found = _split(found, split)
        else:
            return {
                part: _dataset(part_of, mapping, inputs, types, f"{title}/{part}", rows)
                for part, part_of in found.items()
            }
    return _dataset(found, mapping, inputs, types, title, rows)


def _dataset(
    found: Any, mapping: Any, inputs: Sequence[str], types: Any, name: str, rows: int | None
) -> Dataset:
    records = rows_of(found, rows)
    columns = list(dict.fromkeys(key for record in records for key in record))
    table = table_of_columns(
        {column: [record.get(column) for record in records] for column in columns}, name, ReadOptions()
    )
    return dataset_of_table(table, mapping=mapping, inputs=inputs, types=types, name=name)


def _split(found: Mapping[str, Any], split: str) -> Any:
    if split not in found:
        raise DataError(f"There is no split '{split}'.", hint=f"There are: {', '.join(map(str, found))}.")
    return found[split]


def rows_of(found: Any, most: int | None = None) -> list[dict[str, Any]]:
    """Return the rows of one split as plain records, class labels by name.

    Raises:
        DataError: It has no rows to go through.
    """
    if not isinstance(found, Iterable):
        raise DataError(
            f"A {type(found).__name__} is no HuggingFace dataset.",
            hint="Give a datasets.Dataset or a name on the hub.",
        )
    names = _class_names(found)
    return [
        {str(key): _named(plain_value(value), names.get(key)) for key, value in row.items()}
        for row in islice(found, most)
    ]


def _class_names(found: Any) -> dict[str, list[str]]:
    """Return the names behind the numbers of class label columns."""
    features = getattr(found, "features", None) or {}
    return {
        column: list(feature.names)
        for column, feature in features.items()
        if hasattr(feature, "int2str") and getattr(feature, "names", None)
    }


def _named(value: Any, names: list[str] | None) -> Any:
    if names is None or not isinstance(value, int):
        return value
    return names[value] if 0 <= value < len(names) else None  # -1 stands for no label


def hub_rows(name: str, subset: str | None = None, split: str | None = None, **options: Any) -> Any:
    """Return what `datasets.load_dataset` gives for a name.

    Raises:
        MissingExtraError: The extra `datasets` is not installed.
        DataError: The hub has no such data, cannot be reached, or the files cannot be read.
    """
    try:
        import datasets
    except ImportError as error:
        raise MissingExtraError("datasets", "datasets", purpose="HuggingFace data") from error
    try:
        return datasets.load_dataset(name, subset, split=split, **options)
    except Exception as error:
        where = f"{name}, {subset}" if subset else name
        raise DataError(
            f"'{where}' could not be loaded ({type(error).__name__}: {str(error)[:300]}).",
            hint="Check the name and the network (HF_HUB_OFFLINE), or give a file you have.",
        ) from error
