"""Retrieval by meaning: the passages whose vectors lie nearest to the query's.

Knows nothing about where vectors come from. The corpus is embedded on the first search, not when the retriever is
made; searches are exact unless the corpus is large and FAISS is installed.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Self

from core.data.prediction import Prediction
from core.foundation.drive import drive, on_io
from core.foundation.errors import ConfigurationError, StateError
from core.lm.embedder import Embedder
from core.retrieval.arguments import checked_corpus, positive
from core.retrieval.fusion import FUSION_DEPTH, fuse
from core.retrieval.nearest import Nearest, checked_matrix, nearest_in, unit_rows
from core.retrieval.passage import Passage
from core.retrieval.saved_vectors import SavedVectors, load_vectors, same_corpus, save_vectors
from core.trace import span

if TYPE_CHECKING:
    from core.retrieval.nearest import Matrix

__all__ = ["Embeddings", "EmbeddingsWithScores"]

_QUERIES_KEPT = 1_000


class Embeddings:
    """A corpus searched by vectors; equal scores are ordered by position.

    Args:
        corpus: The texts.
        embedder: An `Embedder`, a model's name for one, or a function from a list of texts to vectors.
        k: How many passages a search gives unless it asks for another number.
        callbacks: Kept for those who read it.
        cache: Keep the vectors of the last queries in memory.
        brute_force_threshold: With more passages than this, FAISS narrows the search down where the package is
            installed (it may miss some); without it, and below, every passage is scored.
        normalize: Compare by cosine; else by inner product.

    Raises:
        ConfigurationError: The corpus is one text instead of several, or `k` is not positive.
    """

    def __init__(
        self,
        corpus: Iterable[str],
        embedder: Embedder | str | Callable[..., Any],
        k: int = 5,
        callbacks: list[Any] | None = None,
        cache: bool = False,
        brute_force_threshold: int = 20_000,
        normalize: bool = True,
    ) -> None:
        self.corpus = checked_corpus(corpus)
        self.given = embedder
        self.embedder = embedder if isinstance(embedder, Embedder) else Embedder(embedder)
        self.k = positive(k)
        self.callbacks = list(callbacks or [])
        self.cache = cache
        self.brute_force_threshold = brute_force_threshold
        self.normalize = normalize
        self._lock = threading.Lock()
        self._index: Future[Nearest] | None = None
        self._vectors: Matrix | None = None
        self._queries: OrderedDict[str, Matrix] = OrderedDict()

    def __len__(self) -> int:
        return len(self.corpus)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.corpus)} passages, {self.embedder!r}, k={self.k})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self  # copies of a program must not embed the corpus again

    def __call__(self, query: str | Sequence[str], k: int | None = None) -> Prediction:
        """Return a prediction with `passages` and `indices`, best first.

        Args:
            query: A text, or several, whose rankings are fused.
            k: At most so many.

        Raises:
            LMError: The embedder failed.
        """
        return drive(self.acall(query, k))

    def forward(self, query: str | Sequence[str], k: int | None = None) -> Prediction:
        """Do what a call does."""
        return self(query, k)

    async def acall(self, query: str | Sequence[str], k: int | None = None) -> Prediction:
        """Do the same from async code."""
        with span("retrieve", type(self).__name__) as opened:
            found = await self.search(query, k)
            opened.set(query=_plain(query), k=k or self.k, passages=[item.text for item in found])
        return self._prediction(found)

    async def search(self, query: str | Sequence[str], k: int | None = None) -> list[Passage]:
        """Return at most `k` passages with their scores, best first."""
        wanted = self.k if k is None else positive(k)
        queries = [query] if isinstance(query, str) else list(query)
        if not self.corpus or not queries:
            return []
        index = await self._ready()
        vectors = await self._embedded(queries)
        if isinstance(query, str):
            return self._passages(index, vectors[0], wanted)
        deep = wanted * FUSION_DEPTH
        return fuse([self._passages(index, vector, deep) for vector in vectors], wanted)

    def _passages(self, index: Nearest, vector: Matrix, k: int) -> list[Passage]:
        dimensions = self._vectors.shape[1] if self._vectors is not None else len(vector)
        if len(vector) != dimensions:
            raise ConfigurationError(
                f"The query's vector has {len(vector)} dimensions, those of the corpus have {dimensions}.",
                hint="Queries need the embedder that embedded the corpus.",
            )
        return [Passage(self.corpus[row], score, row) for row, score in index.search(vector, k)]

    def _prediction(self, found: list[Passage]) -> Prediction:
        return Prediction(passages=[item.text for item in found], indices=[item.index for item in found])

    # ── vectors ─────────────────────────────────────────────────────────────────────────────────────────

    async def _ready(self) -> Nearest:
        """Return the index; the corpus is embedded once, however many ask at the same time."""
        with self._lock:
            waiting, mine = self._index, False
            if waiting is None:
                waiting, mine = Future[Nearest](), True
                self._index = waiting
        if mine:
            await self._make(waiting)
        elif not waiting.done():
            await on_io(lambda: _outcome(waiting))
        return waiting.result()

    async def _make(self, promised: Future[Nearest]) -> None:
        try:
            vectors = await self._embedded(self.corpus)
            self._vectors = vectors
            promised.set_result(nearest_in(vectors, self.brute_force_threshold))
        except BaseException as error:
            self._index = None  # the next search tries again
            promised.set_exception(
                error if isinstance(error, Exception) else ConfigurationError("The embedding was broken off.")
            )
            raise

    async def _embedded(self, texts: Sequence[str]) -> Matrix:
        one = texts[0] if len(texts) == 1 and texts is not self.corpus else None
        if one is not None and one in self._queries:
            return self._queries[one]
        vectors = checked_matrix(await self.embedder.vectors(list(texts)), len(texts))
        vectors = unit_rows(vectors) if self.normalize else vectors
        if self.cache and one is not None:
            self._queries[one] = vectors
            if len(self._queries) > _QUERIES_KEPT:
                self._queries.popitem(last=False)
        return vectors

    # ── saving ──────────────────────────────────────────────────────────────────────────────────────────

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write corpus and vectors into a folder (no pickle); embeds the corpus where that has not happened.

        Raises:
            StateError: The folder cannot be written.
        """
        if self.corpus:
            drive(self._ready())
        vectors = checked_matrix([] if self._vectors is None else self._vectors, len(self.corpus))
        name = self.embedder.model if isinstance(self.embedder.model, str) else ""
        if not self.corpus:
            vectors = vectors.reshape(0, 0)
        save_vectors(path, SavedVectors(self.corpus, vectors, self.k, self.normalize, name))

    def load(
        self, path: str | os.PathLike[str], embedder: Embedder | str | Callable[..., Any] | None = None
    ) -> Self:
        """Take over what a folder holds, and return this retriever.

        Args:
            path: What `save` was given; DSPy's folders are read too.
            embedder: For the queries: the one that embedded the corpus. None keeps the present one.

        Raises:
            StateError: The folder is missing or damaged, or another embedder made its vectors.
        """
        saved = load_vectors(path)
        if embedder is not None:
            self.embedder = embedder if isinstance(embedder, Embedder) else Embedder(embedder)
        name = self.embedder.model
        if saved.embedder and isinstance(name, str) and saved.embedder != name:
            raise StateError(
                f"The vectors in {path} were made by '{saved.embedder}', not by '{name}'.",
                hint="Give the embedder of that name.",
            )
        self.corpus, self.k, self.normalize = saved.corpus, saved.k, saved.normalized
        self._vectors = unit_rows(saved.vectors) if saved.normalized else saved.vectors
        self._queries.clear()
        self._index = Future[Nearest]()
        self._index.set_result(nearest_in(self._vectors, self.brute_force_threshold))
        return self

    @classmethod
    def from_saved(
        cls,
        path: str | os.PathLike[str],
        embedder: Embedder | str | Callable[..., Any],
        *,
        corpus: Sequence[str] | None = None,
    ) -> Self:
        """Return the retriever that a folder holds; nothing is embedded but queries.

        Args:
            path: As for `load`.
            embedder: As for `load`.
            corpus: What the folder is expected to hold.

        Raises:
            StateError: As for `load`, or the corpus is another one.
        """
        made = cls([], embedder).load(path)
        if corpus is not None and not same_corpus(corpus, made.corpus):
            raise StateError(
                f"The embeddings in {path} are those of another corpus.",
                hint="Embed this one and save again.",
            )
        return made


class EmbeddingsWithScores(Embeddings):
    """`Embeddings` whose predictions also hold `scores`: cosines, or inner products where not normalised."""

    def _prediction(self, found: list[Passage]) -> Prediction:
        return super()._prediction(found).copy(scores=[item.score for item in found])


async def _outcome(waiting: Future[Nearest]) -> None:
    await asyncio.wait([asyncio.wrap_future(waiting)])


def _plain(query: str | Sequence[str]) -> str | list[str]:
    return query if isinstance(query, str) else list(query)
