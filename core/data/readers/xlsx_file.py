"""Reads Excel workbooks (.xlsx), through openpyxl: values only, no formulas, one sheet.

Knows nothing about the meaning of columns. Rows are numbered as Excel shows them.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from core.data.reader import ReadOptions, readers
from core.data.table import Fault, Row, Table
from core.foundation.errors import DataError, MissingExtraError

__all__ = ["read_xlsx"]


@readers.register("xlsx", summary="Excel workbook", suffixes=(".xlsx", ".xlsm"))
def read_xlsx(data: bytes, source: str, options: ReadOptions) -> Table:
    """Return the table in a workbook's sheet; the first row that holds anything is the header.

    Raises:
        MissingExtraError: openpyxl is not installed.
        DataError: It is no workbook, has no such sheet, or is too large.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtraError("openpyxl", "data", purpose="reading Excel files") from error
    _refuse_bombs(data, source, options.limits.unpacked)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # openpyxl lets the errors of zipfile, XML and its own through
        raise DataError(
            f"The workbook cannot be read: {error}.",
            file=source,
            hint="Open and save it in Excel, or export CSV.",
        ) from error
    try:
        sheet = _sheet(book, options.sheet, source)
        return _table(_numbered(sheet), source, options)
    finally:
        book.close()


def _refuse_bombs(data: bytes, source: str, limit: int) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise DataError(
            "The file is no Excel workbook.",
            file=source,
            hint="Open and save it in Excel as .xlsx, or export CSV.",
        ) from error
    if unpacked > limit:
        raise DataError(
            f"The workbook unpacks to {unpacked / 1e6:,.0f} MB; at most {limit / 1e6:,.0f} MB are read.",
            file=source,
            hint="Take a sample of it.",
        )


def _sheet(book: Any, name: str | None, source: str) -> Any:
    if name is None:
        return book.worksheets[0]
    if name in book.sheetnames:
        return book[name]
    raise DataError(
        f"There is no sheet called '{name}'.", file=source, hint=f"There are: {', '.join(book.sheetnames)}."
    )


def _numbered(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """Yield the rows that hold anything, numbered as Excel does."""
    for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
        if any(_filled(cell) for cell in cells):
            yield number, list(cells)


def _filled(cell: Any) -> bool:
    return cell is not None and str(cell).strip() != ""


def _table(rows: Iterator[tuple[int, list[Any]]], source: str, options: ReadOptions) -> Table:
    number, header = next(rows, (1, []))
    names = [str(cell).strip() if _filled(cell) else "" for cell in header]
    named = [name for name in names if name]
    if not named:
        raise DataError(
            "The sheet is empty.", file=source, hint="Choose another sheet, or add a header and rows."
        )
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice or len(named) > options.limits.columns:
        what = f"Two columns are called '{twice}'." if twice else f"The sheet has {len(named):,} columns."
        raise DataError(what, file=source, row=number, hint="Correct the header.")
    found: list[Row] = []
    faults: list[Fault] = []
    for place, cells in rows:
        if len(found) >= options.limits.rows:
            faults.append(
                Fault(f"The sheet has more than {options.limits.rows:,} rows.", "Take a sample of it.")
            )
            break
        padded = cells + [None] * (len(names) - len(cells))
        faults += _row_faults(place, padded, names)
        found.append(Row(place, {name: cell for name, cell in zip(names, padded, strict=False) if name}))
    if not found:
        faults.append(Fault("The sheet has a header and no rows.", "Add rows below the header."))
    return Table(source, tuple(named), tuple(found), tuple(faults))


def _row_faults(number: int, cells: list[Any], names: list[str]) -> Iterator[Fault]:
    for place, cell in enumerate(cells):
        name = names[place] if place < len(names) else ""
        if not name and _filled(cell):
            yield Fault(
                f"The cell {str(cell)[:40]!r} stands in a column without a name.", "Name the column.", number
            )
        elif isinstance(cell, str) and cell in (
            "#REF!",
            "#N/A",
            "#VALUE!",
            "#DIV/0!",
            "#NAME?",
            "#NUM!",
            "#NULL!",
        ):
            yield Fault(f"The cell holds the error {cell}.", "Correct the formula in Excel.", number, name)
