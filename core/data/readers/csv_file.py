"""Reads CSV and its relatives: any delimiter, quoted cells over several lines, spreadsheets' habits.

Knows nothing about the meaning of columns: every cell is text.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.data.reader import ReadOptions, readers
from core.data.table import MOST_FAULTS, Fault, Limits, Row, Table
from core.data.text import decoded
from core.foundation.errors import DataError

__all__ = ["read_csv", "sniffed_delimiter"]

_DELIMITERS = (",", ";", "\t", "|")
_SNIFFED_CHARACTERS = 65_536


@readers.register("csv", summary="Comma- or otherwise separated values", suffixes=(".csv", ".tsv", ".txt"))
def read_csv(data: bytes, source: str, options: ReadOptions) -> Table:
    """Return the table in a CSV file; the first row is the header.

    Raises:
        DataError: It is not text, or its header cannot be used.
    """
    text = decoded(data, source, options.encoding)
    delimiter = options.delimiter or sniffed_delimiter(text)
    if len(delimiter) != 1:
        raise DataError(f"The delimiter is {delimiter!r}; it must be one character.", file=source)
    scan = _Scan(text, delimiter)
    records = scan.records()
    header = next(records, None)
    if header is None:
        raise scan.first_error(source)
    rows: list[Row] = []
    columns = _columns(header.cells, source, options.limits)
    for record in records:
        if len(rows) >= options.limits.rows:
            scan.faults.append(
                Fault(f"The file has more than {options.limits.rows:,} rows.", "Take a sample of it.")
            )
            break
        if len(scan.faults) >= MOST_FAULTS:
            break
        fault = _raggedness(record.cells, header.cells)
        if fault:
            message, hint = fault
            scan.faults.append(Fault(message, hint, row=record.number, line=record.line))
            continue
        values = {name: record.cells[place] for name, place in columns.items()}
        rows.append(Row(record.number, values, record.line))
    if not rows and not scan.faults:
        scan.faults.append(Fault("The file has a header and no rows.", "Add rows below the header."))
    return Table(source, tuple(columns), tuple(rows), tuple(scan.faults))


@dataclass(frozen=True)
class _Record:
    number: int
    line: int
    cells: list[str]


@dataclass
class _Scan:
    """Goes through the records, counting rows and lines; records that cannot be read become faults."""

    text: str
    delimiter: str
    faults: list[Fault] = field(default_factory=list[Fault])

    def records(self) -> Iterator[_Record]:
        parser = csv.reader(io.StringIO(self.text, newline=""), delimiter=self.delimiter, strict=True)
        number = 0
        while True:
            number += 1
            line = parser.line_num + 1
            try:
                cells = next(parser)
            except StopIteration:
                return
            except csv.Error as error:
                self.faults.append(_quoting_fault(str(error), number, line))
                continue
            # Blank lines are rows to a spreadsheet, and so they are counted.
            if any(cell.strip() for cell in cells):
                yield _Record(number, line, cells)

    def first_error(self, source: str) -> DataError:
        fault = (
            self.faults[0] if self.faults else Fault("The file has no rows.", "Save it again with a header.")
        )
        return DataError(fault.message, file=source, row=fault.row, hint=fault.hint)


def _quoting_fault(message: str, number: int, line: int) -> Fault:
    if "unexpected end of data" in message:
        return Fault(
            "A quotation mark opens here and never closes.",
            'Close it, or write it twice ("").',
            number,
            line=line,
        )
    if "field limit" in message:
        return Fault(
            "A cell is longer than 131,072 characters.",
            "Look for an unclosed quotation mark.",
            number,
            line=line,
        )
    return Fault(
        "A quoted cell goes on after its closing quotation mark.",
        'Write quotation marks inside a cell twice ("").',
        number,
        line=line,
    )


def sniffed_delimiter(text: str) -> str:
    """Return the delimiter under which most records have as many cells as the header; a comma where none does."""
    sample = text[:_SNIFFED_CHARACTERS]
    scores = {delimiter: _agreement(sample, delimiter, len(sample) < len(text)) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: scores[delimiter])
    return best if scores[best][0] > 0 else ","


def _agreement(sample: str, delimiter: str, cut: bool) -> tuple[float, int]:
    """Return the share of records as wide as the header, and that width; nothing for a single column."""
    widths: list[int] = []
    with contextlib.suppress(csv.Error):
        widths.extend(
            len(record)
            for record in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
            if record
        )
    widths = widths[:-1] if cut and len(widths) > 2 else widths
    if not widths or widths[0] < 2:
        return 0.0, 0
    return sum(width == widths[0] for width in widths) / len(widths), widths[0]


def _columns(header: Sequence[str], source: str, limits: Limits) -> dict[str, int]:
    """Return the place of each named column; columns without a name are spreadsheets' padding."""
    if len(header) > limits.columns:
        raise DataError(
            f"The header has {len(header):,} columns; at most {limits.columns:,} are read.",
            file=source,
            row=1,
        )
    names = [cell.strip() for cell in header]
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise DataError(
            f"Two columns are called '{twice[0]}'.", file=source, row=1, hint="Rename one in the header."
        )
    return {name: place for place, name in enumerate(names) if name}


def _raggedness(cells: list[Any], header: Sequence[str]) -> tuple[str, str] | None:
    extra = cells[len(header) :]
    unnamed = [cell for cell, name in zip(cells, header, strict=False) if not name.strip() and cell.strip()]
    if any(cell.strip() for cell in extra):
        return (
            f"The row has {len(cells)} cells, the header has {len(header)}.",
            "Put quotation marks around a cell that holds the delimiter.",
        )
    if len(cells) < len(header):
        return (
            f"The row has {len(cells)} cells, the header has {len(header)}.",
            "Add the missing cells; empty ones are fine. A stray quotation mark can also join two rows.",
        )
    return (
        (f"The cell {unnamed[0]!r} stands in a column without a name.", "Name the column.")
        if unnamed
        else None
    )
