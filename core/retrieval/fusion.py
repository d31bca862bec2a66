"""Several rankings merged into one, and lists of passages without repetitions.

Knows nothing about how each search ranks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from core.retrieval.passage import Passage, passage_text
from core.wire.bm25_rank import fused_ranks

__all__ = ["FUSION_DEPTH", "deduplicate", "fuse", "fuse_texts"]

FUSION_DEPTH = 4
"""Each query of several looks this many times deeper, so that a text found by all of them can overtake."""

T = TypeVar("T")


def fuse(rankings: Sequence[Sequence[Passage]], k: int) -> list[Passage]:
    """Return the `k` best passages of several rankings by reciprocal rank; their scores are the fused ones.

    Passages are told apart by their position in the one corpus; see `core.wire.bm25_rank.fused_ranks` for the method.
    """
    texts = {passage.index: passage.text for ranking in rankings for passage in ranking}
    merged = fused_ranks([[passage.index for passage in ranking] for ranking in rankings], k)
    return [Passage(texts[index], score, index) for index, score in merged]


def fuse_texts(rankings: Iterable[Iterable[Any]], k: int) -> list[Any]:
    """Return the `k` best items of several rankings by reciprocal rank, told apart by their texts.

    For retrievers that give no positions, or of several corpora. The first item of each text is kept as it came;
    among equals the one seen first is first.

    Args:
        rankings: Each best first: texts, or what has one (`long_text`, `text`).
        k: At most so many.
    """
    items: dict[str, Any] = {}
    ranked: list[list[str]] = []
    for ranking in rankings:
        texts = {passage_text(item): item for item in reversed(list(ranking))}
        ranked.append(list(reversed(texts)))
        for text in ranked[-1]:
            items.setdefault(text, texts[text])
    places = {text: place for place, text in enumerate(items)}
    merged = fused_ranks([[places[text] for text in texts] for texts in ranked], k)
    kept = list(items.values())
    return [kept[place] for place, _ in merged]


def deduplicate(items: Iterable[T]) -> list[T]:
    """Return the items without repetitions, in the order in which they first stood."""
    return list(dict.fromkeys(items))
