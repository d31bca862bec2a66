"""One passage that a retriever found.

Knows nothing about how it was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Found", "Passage", "passage_text"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A text of the corpus.

    Attributes:
        text: The text itself.
        score: How well it fits the query; comparable within one search alone.
        index: Its position in the corpus.
    """

    text: str
    score: float
    index: int

    @property
    def long_text(self) -> str:
        """The text, under the name that programs written for the 2024 retrievers read."""
        return self.text

    def __str__(self) -> str:
        return self.text


class Found(dict[str, Any]):
    """A passage as a remote retriever describes it: a dict whose keys are attributes too (`found.long_text`)."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"The passage has no '{name}'. It has: {', '.join(self)}.") from None


def passage_text(passage: Any) -> str:
    """Return the text of what a retriever gave: a text, or a record or object with `text` or `long_text`."""
    if isinstance(passage, str):
        return passage
    for name in ("text", "long_text", "page_content"):
        value = passage.get(name) if isinstance(passage, dict) else getattr(passage, name, None)
        if value is not None:
            return str(value)
    return str(passage)
