"""Elements of a reply in tags, while they are written.

Knows nothing about values with parts: those are left to whoever reads the whole reply, as is what CDATA and comments
hide.
"""

from __future__ import annotations

import re

from core.streaming.readers.base import Stripped, readers
from core.wire.layout import Layout
from core.wire.markup import unescaped_entities
from core.wire.xml_values import is_nested

__all__ = ["ElementReader", "element_reader"]

_TAG = re.compile(r"<(/?)([^\W\d][\w.-]{0,99})(?:\s[^<>]{0,2000}?)?\s{0,20}(/?)>")
_MAY_BECOME_TAG = re.compile(r"</?(?:[^\W\d][\w.-]{0,99}(?:\s[^<>]{0,2000})?/?)?")
_HALF_ENTITY = re.compile(r"&#?\w{0,8}\Z")


@readers.register("xml", summary="Elements of a reply in tags")
def element_reader(layout: Layout, field: str) -> ElementReader | None:
    """Return a reader of a field that is one text."""
    return None if is_nested(layout.by_name[field].shape) else ElementReader(layout, field)


class ElementReader:
    """Finds the first element of a name that stands in no other output's."""

    def __init__(self, layout: Layout, field: str) -> None:
        self._field = field.casefold()
        self._names = {name.casefold() for name in layout.by_name}
        self._rest = ""
        self._open = ""
        self._depth = 0
        self._value = Stripped()
        self.done = False

    def feed(self, piece: str) -> str:
        """Take the next piece of the reply."""
        self._rest += piece
        said: list[str] = []
        while self._rest and not self.done and (part := self._step()) is not None:
            said.append(part)
        return "".join(said)

    def _step(self) -> str | None:
        """Take text or one tag; None: it needs more."""
        place = self._rest.find("<")
        if place != 0:
            half = _HALF_ENTITY.search(self._rest) if place < 0 else None
            end = half.start() if half else place if place > 0 else len(self._rest)
            return self._text(end) if end else None
        tag = _TAG.match(self._rest)
        if tag is not None:
            return self._tag(tag)
        if self._rest.startswith(("<!--", "<![CDATA[")):
            self._rest = ""
            self._field = ""  # nothing is said any more
            return None
        if any(start.startswith(self._rest) for start in ("<!--", "<![CDATA[")):
            return None
        return None if _MAY_BECOME_TAG.fullmatch(self._rest) else self._text(1)

    def _text(self, end: int) -> str:
        text, self._rest = self._rest[:end], self._rest[end:]
        if self._open != self._field or not self._field:
            return ""
        return unescaped_entities(self._value.feed(text))

    def _tag(self, tag: re.Match[str]) -> str:
        closing, name, alone = tag.groups()
        name = name.casefold()
        if name == self._open and not (closing and self._depth == 1):
            self._depth += -1 if closing else not alone
        elif name == self._open:
            self.done = name == self._field
            self._open = ""
            self._rest = self._rest[tag.end() :]
            return ""
        elif name in self._names and not self._open and not closing:
            self._rest = self._rest[tag.end() :]
            if not alone:
                self._open, self._depth = name, 1
            return ""
        return self._text(tag.end())
