"""Ranks tokenised texts by BM25 in plain Python floats, with ties broken by position.

Knows nothing about how text becomes tokens, nor about vectors: it is the one arithmetic that the engine's
retriever and an exported script share. Standard library only, and it imports no sibling.

The scoring is the variant of Lucene (Robertson & Zaragoza 2009, "The Probabilistic Relevance Framework:
BM25 and Beyond"; Kamphuis et al. 2020, "Which BM25 Do You Mean?"): an inverse document frequency that is
never negative, and no (k1 + 1) in the numerator.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Sequence

BM25_K1 = 1.5
BM25_B = 0.75


class CorpusStatistics:
    """What BM25 must know of a whole corpus to score one text: its size, mean length, document frequencies."""

    def __init__(self, documents: Iterable[Sequence[str]]) -> None:
        """Count ``documents``, each given as its tokens."""
        self.count = 0
        self.document_frequency: Counter[str] = Counter()
        total = 0
        for document in documents:
            self.count += 1
            total += len(document)
            self.document_frequency.update(set(document))
        self.mean_length = total / self.count if self.count else 0.0

    def rarity(self, token: str) -> float:
        """Return the inverse document frequency of ``token``: zero when no text holds it."""
        frequency = self.document_frequency.get(token, 0)
        if not frequency:
            return 0.0
        return math.log(1.0 + (self.count - frequency + 0.5) / (frequency + 0.5))

    def score(self, query: Sequence[str], document: Sequence[str]) -> float:
        """Score one text of the corpus against a query; a token asked for twice counts twice."""
        counts = Counter(document)
        length = len(document)
        total = 0.0
        # Always summed in the order of the query, so that equal inputs give equal bits.
        for token in query:
            if counts[token]:
                total += self.rarity(token) * _saturation(counts[token], length, self.mean_length)
        return total


class RankedIndex:
    """An inverted index over tokenised texts: ``search`` gives the best with their scores."""

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        """Index ``documents``; their positions are their names."""
        self.statistics = CorpusStatistics(documents)
        self._postings: dict[str, list[tuple[int, float]]] = {}
        for position, document in enumerate(documents):
            for token, count in Counter(document).items():
                weight = _saturation(count, len(document), self.statistics.mean_length)
                self._postings.setdefault(token, []).append((position, weight))

    def search(self, query: Sequence[str], k: int) -> list[tuple[int, float]]:
        """Return at most ``k`` pairs of position and score, best first; texts that share no token are left out."""
        scores: dict[int, float] = {}
        for token in query:
            rarity = self.statistics.rarity(token)
            for position, weight in self._postings.get(token, ()):
                scores[position] = scores.get(position, 0.0) + rarity * weight
        return best_scores(scores.items(), k)


def best_scores(scores: Iterable[tuple[int, float]], k: int) -> list[tuple[int, float]]:
    """Return the ``k`` highest positive scores, the earlier position first among equals."""
    return heapq.nsmallest(k, ((p, s) for p, s in scores if s > 0.0), key=lambda pair: (-pair[1], pair[0]))


def fused_ranks(rankings: Sequence[Sequence[int]], k: int, constant: float = 60.0) -> list[tuple[int, float]]:
    """Merge several rankings of positions into one by reciprocal rank.

    Each ranking adds ``1 / (constant + rank)`` to what it names (Cormack, Clarke & Buettcher 2009,
    "Reciprocal Rank Fusion Outperforms Condorcet and Individual Rank Learning Methods").
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, position in enumerate(ranking, start=1):
            scores[position] = scores.get(position, 0.0) + 1.0 / (constant + rank)
    return best_scores(scores.items(), k)


def _saturation(count: int, length: int, mean_length: float) -> float:
    """Return the share that ``count`` occurrences earn in a text of this length, between 0 and 1."""
    return count / (count + BM25_K1 * (1.0 - BM25_B + BM25_B * length / mean_length))
