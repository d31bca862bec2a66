"""Bytes of a text file as text: UTF-8, or what a byte-order mark says, or a clear refusal.

Knows nothing about what the text holds. It never guesses: a wrong guess would put wrong letters into every prompt.
"""

from __future__ import annotations

import codecs

from core.foundation.errors import DataError

__all__ = ["decoded"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Suggested where they can read the file; the most common on desktop machines first.
_OTHERS = ("cp1252", "cp1250", "cp1251", "shift_jis", "gb18030", "euc_kr", "big5", "mac_roman")
_SIGNATURES = (
    (b"PK\x03\x04", "an Excel or zip file", "Give it the ending .xlsx, or save it as CSV."),
    (b"PAR1", "a Parquet file", "Give it the ending .parquet."),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls)", "Save it as .xlsx or CSV."),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it first."),
    (b"%PDF", "a PDF", "Export the table as CSV."),
)


def decoded(data: bytes, source: str, encoding: str | None = None) -> str:
    """Return the text of a file.

    Args:
        encoding: What it is written in; None means UTF-8, or what its byte-order mark says.

    Raises:
        DataError: It is something else; says where that shows and which encodings can read it.
    """
    for start, what, hint in _SIGNATURES:
        if data.startswith(start):
            raise DataError(f"The file is {what}, not text.", file=source, hint=hint)
    chosen = encoding or next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(chosen)
    except LookupError as error:
        raise DataError(
            f"There is no encoding called '{chosen}'.", file=source, hint="For example cp1252."
        ) from error
    except UnicodeDecodeError as error:
        raise _undecodable(data, source, chosen, error) from error
    if "\x00" in text:
        row = text.count("\n", 0, text.index("\x00")) + 1
        raise DataError(
            f"Line {row} holds NUL characters; this is no text file.",
            file=source,
            hint="Save it as UTF-8 text.",
        )
    return text.removeprefix("\ufeff")


def _undecodable(data: bytes, source: str, encoding: str, error: UnicodeDecodeError) -> DataError:
    line = data.count(b"\n", 0, error.start) + 1
    start = max(data.rfind(b"\n", 0, error.start) + 1, error.start - 20)
    end = data.find(b"\n", error.start)
    excerpt = data[start : min(end if end >= 0 else len(data), error.start + 20)]
    readings = [f"{name} (“{text.strip()}”)" for name in _OTHERS if (text := _reading(data, excerpt, name))]
    others = f" These can read it: {', '.join(readings[:4])}." if readings else ""
    return DataError(
        f"The file is not {encoding.upper()}: byte 0x{data[error.start]:02X} in line {line}.{others}",
        file=source,
        row=line,
        hint="Save it as UTF-8, or give encoding= with the one that shows the text correctly.",
    )


def _reading(data: bytes, excerpt: bytes, encoding: str) -> str:
    """Return how `encoding` would read the excerpt; "" where it cannot read the file."""
    try:
        data.decode(encoding)
        text = excerpt.decode(encoding)
    except UnicodeDecodeError:
        return ""
    return text if text.strip().isprintable() else ""
