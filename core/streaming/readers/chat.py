"""Fields of marked sections, while they are written.

Knows nothing about parsing a whole reply: `core.wire.sections` says what a marker is. A line that may still become a
marker is kept back until it is one or cannot be.
"""

from __future__ import annotations

import re

from core.streaming.readers.base import Stripped, readers
from core.wire.layout import Layout
from core.wire.sections import split_sections, unescape_markers

__all__ = ["SectionReader"]

# What may stand before a marker (a little more than may really, which only keeps more back) and its beginnings.
_MAY_BECOME_MARKER = re.compile(
    r"(?:[^\w\[\]\\]|_){0,13}\\*(?:\[(?:\[(?:[ \t]{0,8}(?:#[#\w \t-]{0,1000}\]?)?)?)?)?"
)
_MARKER = re.compile(r"(?:[^\w\[\]\\]|_){0,13}\\*\[\[[ \t]{0,8}#[#\w \t-]{0,1000}\]\]")
_DECORATION_AFTER = 8  # characters behind a marker that may be Markdown around it


@readers.register("two_step", summary="Marked sections of the second request's reply")
@readers.register("chat", summary="Marked sections")
class SectionReader:
    """Finds the first section of a name."""

    def __init__(self, layout: Layout, field: str) -> None:
        self._field = layout.by_name[field]
        self._called = layout.output_called
        self._line = ""  # what is known of the line that has just begun
        self._in_line = False  # past the point where a marker could stand
        self._inside = False
        self._value = Stripped()
        self.done = False

    def feed(self, piece: str) -> str:
        """Take the next piece of the reply."""
        said: list[str] = []
        while piece and not self.done:
            end = piece.find("\n") + 1
            part, piece = (piece[:end], piece[end:]) if end else (piece, "")
            said.append(self._take(part))
        return "".join(said)

    def _take(self, part: str) -> str:
        """Take a part of one line, with its line break where it is the last."""
        ended = part.endswith("\n")
        if self._in_line:
            text = part
        else:
            self._line += part
            text = self._decided(self._line, ended)
            if text is None:
                return ""
            self._line = ""
        self._in_line = not ended
        return self._value.feed(text) if self._inside and not self.done and text else ""

    def _decided(self, line: str, ended: bool) -> str | None:
        """Return what the line adds to the section; None while it may become a marker."""
        marked = _MARKER.match(line)
        if marked is None:
            return None if not ended and _MAY_BECOME_MARKER.fullmatch(line) else line
        if not ended and not self._inside and len(line) - marked.end() <= _DECORATION_AFTER:
            return None
        sections = split_sections(line)
        if len(sections) == 1:
            return unescape_markers(line)  # a value that quotes a marker
        name, value = sections[1]
        if self._inside:
            self.done = True
        elif self._called(name) is self._field:
            self._inside = True
            return line[line.rindex(value) :] if value else ""
        return ""
