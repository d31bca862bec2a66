"""Several searches of one corpus, merged into one ranking.

Knows nothing about how each search ranks.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.retrieval.passage import Passage
from core.wire.bm25_rank import fused_ranks

__all__ = ["fuse"]


def fuse(rankings: Sequence[Sequence[Passage]], k: int) -> list[Passage]:
    """Return the `k` best passages of several rankings by reciprocal rank; their scores are the fused ones."""
    texts = {passage.index: passage.text for ranking in rankings for passage in ranking}
    merged = fused_ranks([[passage.index for passage in ranking] for ranking in rankings], k)
    return [Passage(texts[index], score, index) for index, score in merged]
