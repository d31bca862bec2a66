"""`FieldReader`: pieces of a reply in, pieces of one field's text out.

Knows nothing about layouts. A reader says only what no further text can change; what it cannot tell it keeps, and
whoever reads the whole reply afterwards has the last word.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from core.foundation.registry import Registry

__all__ = ["FieldReader", "Stripped", "WithoutThoughts", "reader_for", "readers"]


class FieldReader(Protocol):
    """Finds one field."""

    @property
    def done(self) -> bool:
        """Whether the field has ended."""
        ...

    def feed(self, piece: str) -> str:
        """Take the next piece of the reply; return what it adds to the field's text for certain."""
        ...


Make = Callable[[Any, str], "FieldReader | None"]
readers: Registry[Make] = Registry("reply reader", "core.streaming.readers")
"""Layout name → what makes a reader from a layout and an output's name; None where the field cannot be read early."""


def reader_for(layout: Any, field: str) -> FieldReader | None:
    """Return a reader of one output field; None where there is none for its layout or its type."""
    name = getattr(layout, "name", "")
    reader = readers.get(name)(layout, field) if name in readers.names() else None
    return None if reader is None else WithoutThoughts(reader)


_THOUGHTS = (("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<|channel>thought", "<channel|>"))


class WithoutThoughts:
    """Keeps a block of thinking at the start of a reply from a reader, as the layouts do."""

    def __init__(self, reader: FieldReader) -> None:
        self._reader = reader
        self._held: str | None = ""
        self._closing = ""

    @property
    def done(self) -> bool:
        """Whether the field has ended."""
        return self._reader.done

    def feed(self, piece: str) -> str:
        """Take the next piece of the reply."""
        if self._held is None:
            return self._reader.feed(piece)
        self._held += piece
        return self._in_block() if self._closing else self._at_start()

    def _at_start(self) -> str:
        held = self._held or ""
        head = held.lstrip()
        for opening, closing in _THOUGHTS:
            if head.startswith(opening):
                self._closing = closing
                return self._in_block()
        if any(opening.startswith(head) for opening, _ in _THOUGHTS):
            return ""  # perhaps its beginning
        self._held = None
        return self._reader.feed(held)

    def _in_block(self) -> str:
        held = self._held or ""
        end = held.find(self._closing)
        if end < 0:
            self._held = held[-len(self._closing) :]
            return ""
        self._held = None
        return self._reader.feed(held[end + len(self._closing) :])


class Stripped:
    """Text without the white space around it, said as early as that can be known."""

    def __init__(self) -> None:
        self._begun = False
        self._space = ""

    def feed(self, text: str) -> str:
        """Return what of the text is certainly no white space at the end."""
        text = self._space + text
        if not self._begun:
            text = text.lstrip()
        said = text.rstrip()
        self._space = text[len(said) :]
        self._begun = self._begun or bool(said)
        return said
