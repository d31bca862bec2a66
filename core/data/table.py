"""A file's content as columns and rows, before anybody said what the columns mean.

Knows nothing about file formats or fields. Faults are collected, so that a person can mend them all at once; nothing
is used of a table that has any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.foundation.errors import DataError

__all__ = ["Fault", "Limits", "Row", "Table", "refuse"]

SHOWN_FAULTS = 20
# More faults than anybody reads: the rest of the file is not looked at.
MOST_FAULTS = 1_000


@dataclass(frozen=True)
class Limits:
    """The largest file that is read.

    Attributes:
        size: Bytes of the file.
        unpacked: Bytes that a compressed file may grow to.
    """

    size: int = 200_000_000
    unpacked: int = 2_000_000_000
    rows: int = 1_000_000
    columns: int = 2_000


@dataclass(frozen=True)
class Fault:
    """Something in a file that cannot be used.

    Attributes:
        row: The row as a person counts it: the header of a table is row 1, the first item of a JSON list too, and
            of JSON lines it is the line. None where it concerns the whole file.
        line: The line of a text file, where that is another number.
    """

    message: str
    hint: str = ""
    row: int | None = None
    field: str | None = None
    line: int | None = None

    @property
    def place(self) -> str:
        """Where it is: "row 4 (line 7), field 'score'"."""
        parts = [
            f"row {self.row}" if self.row is not None else "",
            f"field '{self.field}'" if self.field else "",
        ]
        if self.line is not None and self.line != self.row:
            parts[0] = f"{parts[0]} (line {self.line})".strip()
        return ", ".join(part for part in parts if part)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


@dataclass(frozen=True)
class Row:
    """One record: its values by column, and where it stands (see `Fault`)."""

    number: int
    values: Mapping[str, Any]
    line: int | None = None


@dataclass(frozen=True)
class Table:
    """What a reader found.

    Attributes:
        source: The file's name.
    """

    source: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Fault, ...] = field(default=())

    def checked(self) -> Table:
        """Return this table.

        Raises:
            DataError: It has problems.
        """
        if self.problems:
            raise refuse(self.source, self.problems)
        return self


def refuse(source: str, faults: Iterable[Fault]) -> DataError:
    """Return the error that lists the first faults of a file and counts the others."""
    found = tuple(faults)
    first = found[0]
    if len(found) == 1:
        apart = first.line is not None and first.line != first.row
        return DataError(
            f"{first.message} It starts in line {first.line}." if apart else first.message,
            file=source,
            row=first.row,
            field=first.field,
            hint=first.hint,
            problems=found,
        )
    listed = "\n".join(f"  {fault}" for fault in found[:SHOWN_FAULTS])
    more = f"\n  … and {len(found) - SHOWN_FAULTS} more" if len(found) > SHOWN_FAULTS else ""
    hints = list(dict.fromkeys(fault.hint for fault in found if fault.hint))
    return DataError(
        f"{len(found)} problems; nothing was loaded.\n{listed}{more}\n",
        file=source,
        hint=" ".join(hints[:3]),
        problems=found,
    )
