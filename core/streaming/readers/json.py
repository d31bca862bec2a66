"""Members of a JSON object, while they are written: texts decoded, other values as they stand.

Knows nothing about mending: an object that is not JSON is left to whoever reads the whole reply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from core.streaming.readers.base import Stripped, readers
from core.wire.layout import Layout

__all__ = ["MemberReader"]

_OPENING = re.compile(r'\{\s*(?=")')
_OPENING_AHEAD = re.compile(r"\{\s*$")
_NEXT_KEY = re.compile(r'[\s,]*"')
_COLON = re.compile(r"\s*:\s*(?=\S)")
_TEXT_PART = re.compile(r'[^"\\]+')
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[^u])")
_HIGH = re.compile(r"\\u[dD][89abAB]")


@readers.register("baml", summary="Members of one JSON object")
@readers.register("json", summary="Members of one JSON object")
class MemberReader:
    """Finds the first member of a name, at the top of the object."""

    def __init__(self, layout: Layout, field: str) -> None:
        self._field = layout.by_name[field]
        self._called = layout.output_called
        self._rest = ""
        self._step: Callable[[], str | None] = self._opening
        self._wanted = False
        self._key: list[str] = []
        self._depth = 0
        self._quoted = self._escaped = False
        self._other = Stripped()
        self.done = False

    def feed(self, piece: str) -> str:
        """Take the next piece of the reply."""
        if self.done:
            return ""
        self._rest += piece
        said: list[str] = []
        while not self.done and (part := self._step()) is not None:
            said.append(part)
        return "".join(said)

    # Each step takes what it understands from the rest and returns what that adds to the field; None: it needs more.

    def _opening(self) -> str | None:
        found = _OPENING.search(self._rest)
        if found is None:
            ahead = _OPENING_AHEAD.search(self._rest)
            self._rest = self._rest[ahead.start() :] if ahead else ""
            return None
        self._rest = self._rest[found.end() :]
        self._step = self._member
        return ""

    def _member(self) -> str | None:
        found = _NEXT_KEY.match(self._rest)
        if found is None:
            if self._rest.strip(" \t\r\n,"):
                self.done = True  # the object's end, or no JSON
            return None
        self._rest = self._rest[found.end() :]
        self._key = []
        self._step = self._in_key
        return ""

    def _in_key(self) -> str | None:
        part, ended = self._text()
        self._key.append(part)
        if not ended:
            return None
        self._step = self._value
        return ""

    def _value(self) -> str | None:
        found = _COLON.match(self._rest)
        if found is None:
            return None
        self._rest = self._rest[found.end() :]
        self._wanted = self._called("".join(self._key)) is self._field
        if self._rest[0] == '"':
            self._rest = self._rest[1:]
            self._step = self._in_text
        else:
            self._depth, self._quoted, self._escaped, self._other = 0, False, False, Stripped()
            self._step = self._in_other
        return ""

    def _in_text(self) -> str | None:
        part, ended = self._text()
        if ended:
            self._ended()
        elif not part:
            return None
        return part if self._wanted else ""

    def _in_other(self) -> str | None:
        """A number, a list, an object: as it stands, to its end."""
        if not self._rest:
            return None
        for place, character in enumerate(self._rest):
            if self._ends_other(character):
                text, self._rest = self._rest[:place], self._rest[place:]
                self._ended()
                break
        else:
            text, self._rest = self._rest, ""
        said = self._other.feed(text)
        return said if self._wanted else ""

    def _ends_other(self, character: str) -> bool:
        if self._quoted:
            self._quoted = character != '"' or self._escaped
            self._escaped = character == "\\" and not self._escaped
        elif character == '"':
            self._quoted = True
        elif character in "[{":
            self._depth += 1
        elif character in "]}" and self._depth:
            self._depth -= 1
        else:
            return character in ",]}" and not self._depth
        return False

    def _ended(self) -> None:
        self._step = self._member
        self.done = self._wanted

    def _text(self) -> tuple[str, bool]:
        """Take what is whole of a quoted text; return it decoded, and whether it ends."""
        parts: list[str] = []
        place = 0
        while place < len(self._rest):
            if self._rest[place] == '"':
                self._rest = self._rest[place + 1 :]
                return "".join(parts), True
            found = _TEXT_PART.match(self._rest, place) or _ESCAPE.match(self._rest, place)
            if found is None:
                break  # half an escape
            end = found.end()
            if _HIGH.match(self._rest, place):
                pair = _ESCAPE.match(self._rest, end)
                if pair is None and len(self._rest) < end + 6:
                    break  # half a surrogate pair
                end = pair.end() if pair else end
            parts.append(_decoded(self._rest[place:end]))
            place = end
        self._rest = self._rest[place:]
        return "".join(parts), False


def _decoded(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        return json.loads(f'"{text}"', strict=False)
    except ValueError:
        return text
