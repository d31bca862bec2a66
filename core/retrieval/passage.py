"""One passage that a retriever found.

Knows nothing about how it was found.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Passage"]


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
