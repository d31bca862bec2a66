"""Retrieval by meaning with whatever embedder is in force when it searches.

Knows nothing about programs. For programs that are data: a file names no model, so the embedder comes from the
settings, as the language model does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, Self

from core.lm.embedder import Embedder
from core.retrieval.arguments import checked_corpus, positive
from core.retrieval.embeddings import Embeddings
from core.retrieval.passage import Passage
from core.settings import current

__all__ = ["EMBEDDED", "SettingsEmbeddings"]

EMBEDDED = "embedded/in-context"
"""The embedder where the settings name none: in process, by character and word features."""


class SettingsEmbeddings:
    """A corpus searched by the vectors of `settings.embedder`, the embedded model's where there is none.

    The corpus is embedded once for each embedder that is met.

    Args:
        corpus: The texts.
        k: How many passages a search gives unless it asks for another number.
    """

    def __init__(self, corpus: Iterable[str], k: int = 3) -> None:
        self.corpus = checked_corpus(corpus)
        self.k = positive(k)
        self._lock = threading.Lock()
        self._default: Embedder | None = None
        self._made: dict[int, Embeddings] = {}

    def __len__(self) -> int:
        return len(self.corpus)

    def __repr__(self) -> str:
        return f"SettingsEmbeddings({len(self.corpus)} passages, k={self.k})"

    def __deepcopy__(self, _memo: object) -> Self:
        return self  # copies of a program must not embed the corpus again

    async def search(self, query: str | Sequence[str], k: int | None = None) -> list[Passage]:
        """Return at most `k` passages with their scores, best first."""
        return await self._search(current().embedder).search(query, self.k if k is None else k)

    def _search(self, embedder: Any) -> Embeddings:
        with self._lock:
            if embedder is None:
                embedder = self._default = self._default or Embedder(EMBEDDED)
            # Keyed by identity, which holds while the search keeps its embedder.
            made = self._made.get(id(embedder))
            if made is None or made.given is not embedder:
                made = self._made[id(embedder)] = Embeddings(self.corpus, embedder, self.k)
            return made
