"""One field of one call: what was said of it so far, and what has to be said so that it comes out right.

Knows nothing about models and consumers. Whatever a reader took for the field's text, the parsed value has the last
word: the chunks since the last restart, put together, are the field's text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.adapters.signatures import reader_of
from core.data.types import Reasoning
from core.streaming.messages import StreamResponse, StreamRestart
from core.streaming.readers import FieldReader, reader_for
from core.wire.values import value_text

__all__ = ["FieldStream"]


class FieldStream:
    """Says the pieces of one field.

    Args:
        put: Takes what is said.
        name: Path of the predictor.
        call: Which of its calls this is.
    """

    def __init__(self, put: Callable[[Any], None], name: str, field: str, call: int, signature: Any) -> None:
        self.field = field
        self._put, self._name, self._call, self._signature = put, name, call, signature
        self._layout: Any = None
        self._reader: FieldReader | None = None
        self._native = False  # the model gives this field beside its reply
        self._said: list[str] = []
        self._ended = False

    def restart(self, layout: Any) -> None:
        """Another reply begins, in this layout; None: in one that cannot be read before it is whole."""
        if self._said or self._ended:
            self._put(StreamRestart(self._name, self.field, self._call))
        self._said, self._ended, self._native = [], False, False
        self._layout = layout
        self._reader = None if layout is None else reader_for(layout, self.field)

    def text(self, piece: str) -> None:
        """The reply goes on."""
        reader = self._reader
        if reader is None or self._ended or self._native:
            return
        said = reader.feed(piece)
        if said or reader.done:
            self._say(said, reader.done)

    def reasoning(self, piece: str) -> None:
        """The reasoning that the model gives apart goes on; it is the value of a field declared so."""
        if piece and not self._ended and _is_reasoning(self._signature.output_fields[self.field].annotation):
            self._native = True
            self._say(piece, last=False)

    def finish(self, value: Any) -> None:
        """The reply was parsed, and this is the field's value: say what is missing, or all of it again."""
        text = "".join(self._said)
        whole = _text_of(value)
        if text == whole or (text and self._fits(text, value)):
            rest = ""
        elif whole.startswith(text) and not self._ended:
            rest = whole[len(text) :]
        else:
            self.restart(None)
            rest = whole
        if rest or not self._ended:
            self._say(rest, last=True)

    def _say(self, chunk: str, last: bool) -> None:
        if chunk:
            self._said.append(chunk)
        self._ended = last
        self._put(StreamResponse(self._name, self.field, chunk, last, self._call))

    def _fits(self, text: str, value: Any) -> bool:
        """Whether the text, as the model wrote it, is another way to write the value."""
        if isinstance(value, str) or self._layout is None:
            return False
        try:
            return self._layout.by_name[self.field].read(text, reader_of(self._signature).finish) == value
        except ValueError:
            return False


def _text_of(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    return str(value) if _is_reasoning(type(value)) else value_text(value, False)


def _is_reasoning(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Reasoning)
