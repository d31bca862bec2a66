"""BM25 over a list of texts: no model, no endpoint, any language.

Knows nothing about programs. bm25s finds the candidates in its sparse matrix; the few that can be among the best are
scored again in plain Python floats, so that the order is the one an exported script computes, bit for bit.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Self

from core.foundation.errors import MissingExtraError
from core.foundation.fingerprint import fingerprint
from core.retrieval.arguments import checked_corpus, positive
from core.retrieval.fusion import FUSION_DEPTH, fuse
from core.retrieval.passage import Passage
from core.wire.bm25_rank import BM25_B, BM25_K1, CorpusStatistics, best_scores
from core.wire.tokens import search_tokens

__all__ = ["BM25"]

# The matrix holds 32-bit floats: whatever comes this close (relatively) to the last place may belong there.
_DOUBT = 1e-4


class BM25:
    """A searchable corpus; immutable, indexed on the first search.

    Args:
        corpus: The texts. Equal scores are ordered by position here.
        k: How many passages a search gives unless it asks for another number.

    Raises:
        ConfigurationError: The corpus is one text instead of several, or `k` is not positive.
    """

    def __init__(self, corpus: Iterable[str], k: int = 3) -> None:
        self.corpus = checked_corpus(corpus)
        self.k = positive(k)

    def __len__(self) -> int:
        return len(self.corpus)

    def __repr__(self) -> str:
        return f"BM25({len(self.corpus)} passages, k={self.k})"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        return self  # nothing in it changes, and copies of a program must not index again

    @cached_property
    def fingerprint(self) -> str:
        """A stable name for the corpus."""
        return fingerprint(self.corpus)

    async def search(self, query: str | Sequence[str], k: int | None = None) -> list[Passage]:
        """Return at most `k` passages, best first; those that share no word with the query are left out.

        Args:
            query: A text, or several, whose rankings are fused.

        Raises:
            MissingExtraError: bm25s is not installed.
        """
        return self.rank(query, k)

    def __call__(self, query: str | Sequence[str], k: int | None = None) -> list[Passage]:
        """Search from sync code; each result has `long_text`, as DSPy's retrievers give it."""
        return self.rank(query, k)

    def rank(self, query: str | Sequence[str], k: int | None = None) -> list[Passage]:
        """Return what `search` returns, now: nothing here waits."""
        wanted = self.k if k is None else positive(k)
        if isinstance(query, str):
            return self._rank_one(query, wanted)
        return fuse([self._rank_one(item, wanted * FUSION_DEPTH) for item in query], wanted)

    def _rank_one(self, query: str, k: int) -> list[Passage]:
        words = search_tokens(query)
        if not words or not self.corpus:
            return []
        statistics = self._statistics
        scores = [
            (i, statistics.score(words, search_tokens(self.corpus[i]))) for i in self._candidates(words, k)
        ]
        return [Passage(self.corpus[index], score, index) for index, score in best_scores(scores, k)]

    def _candidates(self, words: list[str], k: int) -> list[int]:
        """Return the positions that may be among the `k` best, a few more than there are places."""
        matrix = self._matrix
        known = [word for word in words if word in self._statistics.document_frequency]
        if matrix is None or not known:
            return []
        scores = matrix.get_scores(known)
        found = scores.nonzero()[0]
        if len(found) > k:
            values = scores[found]
            last_place = float(values[values.argpartition(-k)[-k]])
            found = found[values >= last_place * (1.0 - _DOUBT)]
        return [int(index) for index in found]

    @cached_property
    def _statistics(self) -> CorpusStatistics:
        return CorpusStatistics(map(search_tokens, self.corpus))

    @cached_property
    def _matrix(self) -> Any:
        """The bm25s index; None for a corpus without a single word, which bm25s refuses."""
        if not self._statistics.document_frequency:
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # in a notebook its progress bars miss their widgets
                import bm25s
        except ImportError as error:
            raise MissingExtraError("bm25s", "retrieval", purpose="searching a corpus") from error
        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it would say at every index that it builds one
        matrix = bm25s.BM25(k1=BM25_K1, b=BM25_B, method="lucene", backend="numpy")
        matrix.index(
            [search_tokens(text) for text in self.corpus], create_empty_token=True, show_progress=False
        )
        return matrix
