"""Closed answers: one of a few labels for a text, from the labels' own words and from demos together.

Knows nothing about prompts or fields. What a label's name and definition say of a text comes first; demos shift it
(`teaching`), by as much as demos that are left out show them to be right (`trust`). Where the names give a clear
answer, only demos to which the names give one too can show that demos know better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.lm.embedded.teaching import MOST_SOLVED, Teaching
from core.lm.embedded.text import humanized
from core.lm.embedded.trust import FEW, START, Trust, judged, softmax
from core.lm.embedded.vectors import Vector, Weights, added, dot, features, normalized

__all__ = ["CLEAR", "Classifier", "fit"]

CLEAR = 0.4
"""The names give a clear answer when its share of belief is this much larger than the next one's."""

# Chosen on intents, rows and seeds that are not those reported (docs/embedded-lm.md).
_DEFINITION_WEIGHT = 0.8
_SHARPNESS = 13.0
_LITTLE = 0.2
_LEAST = 0.05
_UNCLEAR_START = 1.0
_CLEAR_START = 0.5
_FEW_CLEAR = 5


class Classifier:
    """Labels fitted to their names, definitions and demos.

    Args:
        names: What each label is called, in words.
        said: What is said of each; may be empty.
        texts: The demos' texts.
        answers: The demos' labels, as positions in `names`.
        leaning: Added to each label's likeness; for labels that are the absence of another (no, false).
    """

    def __init__(
        self,
        names: Sequence[str],
        said: Sequence[str],
        texts: Sequence[str],
        answers: Sequence[int],
        leaning: Sequence[float] = (),
    ) -> None:
        self.answers = list(answers)
        self._leaning = list(leaning) or [0.0] * len(names)
        raw_names = [features(humanized(name)) for name in names]
        raw_said = [features(text) for text in said]
        raw_texts = [features(text) for text in texts]
        labels = [added(name, text) for name, text in zip(raw_names, raw_said, strict=True)]
        # Beside names, a word is telling when few labels hold it; beside demos, when few texts do.
        self._by_labels = Weights(labels)
        self._by_all = Weights([*labels, *raw_texts])
        self._names = [
            self._described(self._by_labels, *pair) for pair in zip(raw_names, raw_said, strict=True)
        ]
        self._described_by_all = [
            self._described(self._by_all, *pair) for pair in zip(raw_names, raw_said, strict=True)
        ]
        self._known = frozenset(key for name in self._names for key in name)
        self._demos = [self._by_all.weigh(raw) for raw in raw_texts]
        self._teaching = Teaching(self._demos, self.answers, self._described_by_all) if texts else None
        self._trust, self._trust_when_clear = self._judge(raw_texts)

    def _described(self, weights: Weights, name: Vector, said: Vector) -> Vector:
        return normalized(added(weights.weigh(name), weights.weigh(said), _DEFINITION_WEIGHT))

    def _judge(self, raw_texts: Sequence[Vector]) -> tuple[Trust, Trust]:
        """Return how far demos are believed: in general, and where the names give a clear answer."""
        if self._teaching is None:
            return START, START
        names = [self._by_names(raw) for raw in raw_texts[:MOST_SOLVED]]
        cases = [
            (said, self._teaching.left_out(index), self.answers[index])
            for index, (said, _) in enumerate(names)
        ]
        general = judged(cases, _UNCLEAR_START, FEW)
        clear = judged(
            [case for case, (_, is_clear) in zip(cases, names, strict=True) if is_clear],
            _CLEAR_START,
            _FEW_CLEAR,
        )
        return general, clear if clear.weight < general.weight else general

    def _by_names(self, raw: Vector) -> tuple[list[float], bool]:
        """Return the logarithms of what names and definitions say of a text, and whether that is clear."""
        vector = self._by_labels.weigh(raw)
        known = math.sqrt(sum(value**2 for key, value in vector.items() if key in self._known))
        # Words that no label knows make it less sure, but not by as much as their number; a text that shares next to
        # nothing with any label, pieces of words at most, is told hardly anything by their names.
        scale = _SHARPNESS / math.sqrt(known or 1.0) * min(max(known / _LITTLE, _LEAST), 1.0)
        found = [scale * dot(vector, name) for name in self._names]
        values = [value + scale * lean for value, lean in zip(found, self._leaning, strict=True)]
        shares = softmax(found)
        first, second = sorted(shares, reverse=True)[:2] if len(shares) > 1 else (1.0, 0.0)
        best = values.index(max(values))
        return values, first - second >= CLEAR and shares[best] == first

    def shares(self, text: str) -> list[float]:
        """Return each label's share of belief; they add up to one."""
        raw = features(text)
        names, clear = self._by_names(raw)
        if self._teaching is None:
            return softmax(names)
        trust = self._trust_when_clear if clear else self._trust
        return trust.shares(names, self._teaching.evidence(self._by_all.weigh(raw)))

    def named(self, text: str) -> int | None:
        """Return the label that names and definitions alone clearly give, if they do."""
        names, clear = self._by_names(features(text))
        return names.index(max(names)) if clear else None

    def nearest(self, text: str, label: int) -> tuple[int, float]:
        """Return the demo of a label that is nearest to a text, and how near; (-1, 0) where it has none."""
        vector = self._by_all.weigh(features(text))
        best, at = 0.0, -1
        for index, (demo, answer) in enumerate(zip(self._demos, self.answers, strict=True)):
            if answer == label and (near := dot(vector, demo)) > best:
                best, at = near, index
        return at, best

    def shared_words(self, text: str, label: int) -> list[str]:
        """Return the words of a text that speak for a label, the most telling first."""
        vector = self._by_all.weigh(features(text))
        known = self._teaching.sums[label] if self._teaching else self._described_by_all[label]
        votes = {
            key[2:]: value * known.get(key, 0.0) for key, value in vector.items() if key.startswith("w:")
        }
        return [
            word for word, vote in sorted(votes.items(), key=lambda item: (-item[1], item[0])) if vote > 0
        ][:3]


def fit(
    names: tuple[str, ...],
    said: tuple[str, ...],
    texts: tuple[str, ...],
    answers: tuple[int, ...],
    leaning: tuple[float, ...] = (),
) -> Classifier:
    """Return a fitted classifier; hashable arguments, so that a caller may keep the last few."""
    return Classifier(names, said, texts, answers, leaning)
