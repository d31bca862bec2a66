"""Marked sections: `[[ ## name ## ]]` on a line of its own, the value below it.

Knows nothing about which fields exist or what their values mean. Standard library only; exported scripts carry it.

A value may itself hold a line that looks like a marker (a user quotes a prompt, a document forges a field). Such a
marker gets a backslash in front when it is written, and loses it when it is read, so a value can neither end its
section nor begin another.
"""

from __future__ import annotations

import re

CLOSING_NAME = "completed"
CLOSING_MARKER = "[[ ## completed ## ]]"

# Read tolerantly: any spacing, one to four #, words joined by spaces or hyphens. It begins with a literal, so the
# search runs at the speed of a substring search, and every repetition is bounded, so it is linear on any text.
_MARKER = re.compile(
    r"\[\[[ \t]{0,8}#{1,4}[ \t]{0,8}(\w{1,100}(?:[ -]\w{1,100}){0,8})[ \t]{0,8}#{1,4}[ \t]{0,8}\]\]"
)
# What may stand before a marker on its line, and directly behind it: the Markdown of a model that likes Markdown.
_DECORATION = " \t*#>_`-\ufeff\u200b"  # and the invisible marks that some put in front
_DECORATION_LIMIT = 12
_AFTER_MARKER = re.compile(r"[*_`]{0,3}:?[*_`]{0,3}(?=\s|$)")


def marker(name: str) -> str:
    """Return the line that opens the section of `name`."""
    return f"[[ ## {name} ## ]]"


def section(name: str, text: str) -> str:
    """Return one section: the marker and, below it, the value."""
    return f"[[ ## {name} ## ]]\n{escape_markers(text)}"


def escape_markers(text: str) -> str:
    """Return `text` with a backslash before everything in it that would read as a marker."""
    if "[[" not in text:
        return text
    parts: list[str] = []
    done = 0
    for match in _MARKER.finditer(text):
        start = match.start()
        if _line_start(text, _before_backslashes(text, start)) >= 0:
            parts += (text[done:start], "\\")
            done = start
    return "".join((*parts, text[done:])) if parts else text


def unescape_markers(text: str) -> str:
    """Undo `escape_markers`."""
    if "\\[[" not in text:
        return text
    parts: list[str] = []
    done = 0
    for match in _MARKER.finditer(text):
        start = match.start()
        before = _before_backslashes(text, start)
        if before < start and _line_start(text, before) >= 0:
            parts.append(text[done : start - 1])
            done = start
    return "".join((*parts, text[done:])) if parts else text


def split_sections(text: str, anywhere: bool = False) -> list[tuple[str, str]]:
    """Return the sections of `text` in order, as (name, value); what stands before the first has the name "".

    A marker counts at the start of a line only, Markdown decoration aside; the rest of its line belongs to the
    value. Names are given as written, with spaces and hyphens turned to underscores; values are stripped.

    Args:
        anywhere: Count markers in the middle of a line too.
    """
    found: list[tuple[str, str]] = []
    name, begin = "", 0
    for match in _MARKER.finditer(text):
        end = match.start() if anywhere else _line_start(text, match.start())
        if end < 0:
            continue
        found.append((name, _value(text, begin, end)))
        name = match[1].replace(" ", "_").replace("-", "_")
        begin = match.end()
    found.append((name, _value(text, begin, len(text))))
    return found


def _line_start(text: str, position: int) -> int:
    """Return where the line of `position` starts, or -1 when more than decoration stands between."""
    if not position or text[position - 1] == "\n":
        return position
    line = text.rfind("\n", max(0, position - _DECORATION_LIMIT - 1), position) + 1
    if not line and position > _DECORATION_LIMIT:
        return -1  # no line break near enough
    return -1 if text[line:position].strip(_DECORATION) else line


def _before_backslashes(text: str, position: int) -> int:
    while position and text[position - 1] == "\\":
        position -= 1
    return position


def _value(text: str, begin: int, end: int) -> str:
    if (
        begin
        and text[begin : begin + 1] not in ("\n", "")
        and (after := _AFTER_MARKER.match(text, begin, end))
    ):
        begin = after.end()
    return unescape_markers(text[begin:end].strip())
