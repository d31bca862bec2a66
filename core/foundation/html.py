"""Small pieces of HTML for notebooks: escaped text, tables, things that open, one style.

Knows nothing about what is shown. No scripts, no external assets; readable on a light and on a dark page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

__all__ = ["block", "card", "details", "short", "table", "text", "writable"]

_STYLE = (
    "<style>"
    ".wb{font-family:system-ui,sans-serif;font-size:13px;line-height:1.45;max-width:960px}"
    ".wb table{border-collapse:collapse;margin:4px 0}"
    ".wb th,.wb td{border:1px solid rgba(128,128,128,.35);padding:3px 8px;text-align:left;vertical-align:top;"
    "white-space:pre-wrap;overflow-wrap:anywhere}"
    ".wb th{font-weight:600;background:rgba(128,128,128,.12);white-space:nowrap}.wb td{min-width:5em}"
    ".wb pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:4px 0;padding:6px 8px;"
    "background:rgba(128,128,128,.10);border-radius:4px;font-size:12px;max-height:32em;overflow-y:auto}"
    ".wb details{margin:2px 0 2px 12px}.wb summary{cursor:pointer}"
    ".wb .wb-dim{opacity:.65}.wb .wb-bad{color:#c0392b;font-weight:600}"
    "</style>"
)

LONGEST_CELL = 300
"""Characters of one cell of a table."""


def text(value: Any) -> str:
    """Return a value as escaped text."""
    return escape(value if isinstance(value, str) else repr(value))


def short(value: Any, length: int = LONGEST_CELL) -> str:
    """Return a value as escaped text, cut where it is long."""
    said = value if isinstance(value, str) else repr(value)
    return escape(said if len(said) <= length else f"{said[:length]}…")


def block(value: str) -> str:
    """Return preformatted text."""
    return f"<pre>{escape(value)}</pre>"


def dim(value: str) -> str:
    """Return an aside."""
    return f'<span class="wb-dim">{escape(value)}</span>'


def table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a table.

    Args:
        head: Plain texts.
        rows: Cells, already HTML.
    """
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def details(summary: str, inside: str, *, open_: bool = False) -> str:
    """Return a line that opens.

    Args:
        summary: HTML of the line.
        inside: HTML of what it shows; empty: the line alone.
    """
    if not inside:
        return f'<div style="margin:2px 0 2px 28px">{summary}</div>'
    return f"<details{' open' if open_ else ''}><summary>{summary}</summary>{inside}</details>"


def card(title: str, *parts: str) -> str:
    """Return one thing with its title, ready for a notebook.

    Args:
        title: Plain text.
        parts: HTML.
    """
    return writable(f'{_STYLE}<div class="wb"><b>{escape(title)}</b>{"".join(parts)}</div>')


def writable(page: str) -> str:
    """Return a page that can be encoded: half a surrogate pair, which models do write, as JSON escapes it."""
    return page.encode("utf-8", "backslashreplace").decode("utf-8")
