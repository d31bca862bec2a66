"""What a reader of a file format is, and the catalogue of them.

Knows nothing about single formats: each is one file in `core.data.readers`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TypeAlias

from core.data.table import Limits, Table
from core.foundation.errors import DataError
from core.foundation.registry import Registry

__all__ = ["ReadOptions", "Reader", "read_bytes", "readers"]


@dataclass(frozen=True)
class ReadOptions:
    """How to read, where the file does not say.

    Attributes:
        encoding: Of text files; None means UTF-8 or what the byte-order mark says.
        delimiter: Between the cells of a CSV; None finds it out.
        sheet: Of a workbook; None takes the first.
    """

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    limits: Limits = field(default_factory=Limits)


Reader: TypeAlias = Callable[[bytes, str, ReadOptions], Table]
"""Takes a file's bytes and name; faults of rows go into the table, a file of another format raises DataError."""

readers: Registry[Reader] = Registry("file format", "core.data.readers")
"""All formats by name; `meta["suffixes"]` are the endings of their files."""


def read_bytes(
    data: bytes, filename: str, options: ReadOptions | None = None, format: str | None = None
) -> Table:
    """Return the table in a file's bytes.

    Args:
        format: A registered format; None goes by the ending of `filename`.

    Raises:
        DataError: The format is unknown, or the file is not of it, or it is too large.
    """
    options = options or ReadOptions()
    limit = options.limits.size
    if len(data) > limit:
        raise DataError(
            f"The file has {len(data) / 1e6:,.0f} MB; at most {limit / 1e6:,.0f} MB are read.",
            file=filename,
            hint="Take a sample of it: a few hundred rows are enough to compile a program.",
        )
    if not data.strip():
        raise DataError("The file is empty.", file=filename, hint="Save it again, with a header and rows.")
    table = readers.get(format or _format_of(filename))(data, filename, options)
    return table


def _format_of(filename: str) -> str:
    suffix = PurePath(filename).suffix.lower()
    endings = {ending: entry.name for entry in readers.entries() for ending in entry.meta.get("suffixes", ())}
    if suffix in endings:
        return endings[suffix]
    said = f"'{suffix}'" if suffix else "none"
    raise DataError(
        f"The ending of the file ({said}) names no format that is read.",
        file=filename,
        hint=f"These are: {', '.join(sorted(endings))}.",
    )
