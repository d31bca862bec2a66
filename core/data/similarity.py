"""Finds texts of two collections that say nearly the same.

Knows nothing about examples. Texts are compared as sets of words; the prefix filter of Bayardo, Ma & Srikant 2007
("Scaling Up All Pairs Similarity Search") finds all pairs above a threshold without comparing every two.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from core.wire.tokens import tokens

__all__ = ["near_pairs"]


def near_pairs(
    left: Sequence[str], right: Sequence[str], threshold: float = 0.8
) -> list[tuple[int, int, float]]:
    """Return (position left, position right, similarity) of all pairs at or above the threshold.

    Similarity is Jaccard's: shared words over all words, 1.0 for the same words in any order. Texts without words
    are like nothing.
    """
    left_words = [frozenset(tokens(text)) for text in left]
    right_words = [frozenset(tokens(text)) for text in right]
    counts = Counter(word for words in (*left_words, *right_words) for word in words)
    by_word: dict[str, list[int]] = {}
    for position, words in enumerate(right_words):
        for word in _prefix(words, counts, threshold):
            by_word.setdefault(word, []).append(position)
    found: list[tuple[int, int, float]] = []
    for position, words in enumerate(left_words):
        candidates = {other for word in _prefix(words, counts, threshold) for other in by_word.get(word, ())}
        for other in sorted(candidates):
            likeness = len(words & right_words[other]) / len(words | right_words[other])
            if likeness >= threshold:
                found.append((position, other, likeness))
    return found


def _prefix(words: frozenset[str], counts: Counter[str], threshold: float) -> list[str]:
    """Return the rarest words, so many that two similar texts must share one of them."""
    rare_first = sorted(words, key=lambda word: (counts[word], word))
    # The small subtraction keeps 0.8 * 5 from rounding up past 4.
    return rare_first[: len(words) - math.ceil(threshold * len(words) - 1e-9) + 1]
