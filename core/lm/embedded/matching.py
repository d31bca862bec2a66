"""Which words of two texts are the same word, endings aside, and how much each is worth.

Knows nothing about questions. No stemmer: two words match when they share a long beginning and differ little in
length, which serves most languages with endings.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from core.lm.embedded.text import is_function_word, words

__all__ = ["WordWeights", "covered", "same_word"]


def same_word(left: str, right: str) -> bool:
    """Return whether two words are one but for their endings."""
    if left == right:
        return True
    shorter, longer = (left, right) if len(left) <= len(right) else (right, left)
    if len(shorter) < 4 or len(longer) - len(shorter) > 3 or shorter[0] != longer[0]:
        return False
    needed = max(4, len(shorter) - 2)
    return shorter[:needed] == longer[:needed]


def covered(wanted: Iterable[str], there: Collection[str]) -> set[str]:
    """Return the words of `wanted` that are there, endings aside."""
    return {word for word in wanted if word in there or any(same_word(word, other) for other in there)}


class WordWeights:
    """How telling each word is among some texts: rare ones more, function words hardly; `factors` change some."""

    def __init__(self, texts: Sequence[str], factors: Mapping[str, float] | None = None) -> None:
        self._factors = factors or {}
        self._count = len(texts)
        self._frequency = Counter(word for text in texts for word in set(words(text)))

    def of(self, word: str) -> float:
        """Return one word's weight."""
        rarity = math.log(1.0 + (self._count + 1.0) / (self._frequency.get(word, 0) + 0.5))
        return rarity * (0.1 if is_function_word(word) else 1.0) * self._factors.get(word, 1.0)

    def sum(self, found: Iterable[str]) -> float:
        """Return the weight of several words."""
        return sum(self.of(word) for word in found)
