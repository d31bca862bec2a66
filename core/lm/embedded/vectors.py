"""Sparse vectors of words, word pairs and character n-grams, weighed by how telling each is within one prompt.

Knows nothing about labels, fields or layouts.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from core.lm.embedded.text import grams, is_function_word, words

__all__ = ["Vector", "Weights", "added", "dot", "features", "normalized"]

Vector = dict[str, float]

# Chosen on intents and seeds that are not those reported (docs/embedded-lm.md).
_FUNCTION_WEIGHT = 0.4
_GRAM_WEIGHT = 2.0
_PAIR_WEIGHT = 0.5


def features(text: str) -> Vector:
    """Return how much of each word, pair of neighbours and character n-gram there is in `text`."""
    found: Vector = {}
    before = ""
    before_weight = 0.0
    for word in words(text):
        weight = _FUNCTION_WEIGHT if is_function_word(word) else 1.0
        key = "w:" + word
        found[key] = found.get(key, 0.0) + weight
        pieces = grams(word)
        share = _GRAM_WEIGHT * weight / math.sqrt(len(pieces) or 1)
        for piece in pieces:
            found[piece] = found.get(piece, 0.0) + share
        if before:
            key = f"p:{before} {word}"
            found[key] = found.get(key, 0.0) + _PAIR_WEIGHT * weight * before_weight
        before, before_weight = word, weight
    return found


class Weights:
    """Inverse document frequencies over the texts of one prompt.

    Robertson and Spärck Jones's idea that a term is worth the more the fewer texts hold it (1976), smoothed so
    that a term which no text of the prompt holds still counts.
    """

    def __init__(self, texts: Iterable[Vector]) -> None:
        self._frequency: Counter[str] = Counter()
        self._count = 0
        for text in texts:
            self._frequency.update(text.keys())
            self._count += 1

    def of(self, key: str) -> float:
        """Return the weight of one feature."""
        return math.log(1.0 + (self._count + 1.0) / (self._frequency.get(key, 0) + 1.0))

    def weigh(self, vector: Vector) -> Vector:
        """Return `vector` weighed and of length one."""
        return normalized({key: value * self.of(key) for key, value in vector.items()})


def normalized(vector: Vector) -> Vector:
    """Return `vector` with length one; an empty one stays empty."""
    length = math.sqrt(sum(value * value for value in vector.values()))
    return {key: value / length for key, value in vector.items()} if length else {}


def added(left: Vector, right: Vector, factor: float = 1.0) -> Vector:
    """Return `left` and `factor` times `right` together."""
    if not right:
        return left
    made = dict(left)
    for key, value in right.items():
        made[key] = made.get(key, 0.0) + factor * value
    return made


def dot(left: Vector, right: Vector) -> float:
    """Return the inner product; of two vectors of length one, their cosine."""
    if len(left) > len(right):
        left, right = right, left
    return sum(value * right[key] for key, value in left.items() if key in right)
