"""Closed answers: one of a few labels for a text, from the labels' own words and from demos together.

Knows nothing about prompts or fields. Two estimates are added up:

- a profile per label, its name, its definition and its demos in one weighted vector (Rocchio 1971), compared by
  cosine;
- a Gaussian process over the demos whose mean is what the names alone answer (Rasmussen and Williams 2006, §2.7):
  it corrects the names where demos are near and leaves them alone where none are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.lm.embedded.linear import cholesky, solve_with
from core.lm.embedded.text import humanized
from core.lm.embedded.vectors import Vector, Weights, dot, features, normalized

__all__ = ["Classifier", "fit"]

# Chosen on intents and seeds that are not those reported (docs/embedded-lm.md).
_DEFINITION_WEIGHT = 0.8
_DEMO_WEIGHT = 0.5
_SHARPNESS = 12.0
_NOISE = 0.3
_PROFILE_SHARE = 1.0
_MOST_CORRECTED = 160  # demos beyond these inform profiles only: solving for them all would cost too long


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
        self.weights = Weights([*(_sum(a, b) for a, b in zip(raw_names, raw_said, strict=True)), *raw_texts])
        self._demos = [self.weights.weigh(raw) for raw in raw_texts]
        self._names = [
            normalized(_sum(self.weights.weigh(name), self.weights.weigh(text), _DEFINITION_WEIGHT))
            for name, text in zip(raw_names, raw_said, strict=True)
        ]
        self._profiles = [self._profile(label) for label in range(len(names))]
        self._corrections = self._fit() if texts else []

    def _profile(self, label: int) -> Vector:
        profile = dict(self._names[label])
        for demo, answer in zip(self._demos, self.answers, strict=True):
            if answer == label:
                for key, value in demo.items():
                    profile[key] = profile.get(key, 0.0) + _DEMO_WEIGHT * value
        return normalized(profile)

    def _fit(self) -> list[list[float]]:
        demos = self._demos[:_MOST_CORRECTED]
        kernel = [[dot(left, right) for right in demos[: row + 1]] for row, left in enumerate(demos)]
        for row in range(len(demos)):
            kernel[row][row] += _NOISE
        factor = cholesky(kernel)
        means = [self._likeness(demo, self._names) for demo in demos]
        return [
            solve_with(
                factor,
                [
                    float(answer == label) - mean[label]
                    for answer, mean in zip(self.answers, means, strict=False)
                ],
            )
            for label in range(len(self._names))
        ]

    def _likeness(self, vector: Vector, others: Sequence[Vector]) -> list[float]:
        return _softmax(
            [dot(vector, other) + lean for other, lean in zip(others, self._leaning, strict=True)]
        )

    def shares(self, text: str) -> list[float]:
        """Return each label's share of belief; they add up to one."""
        vector = self.weights.weigh(features(text))
        beliefs = [_PROFILE_SHARE * share for share in self._likeness(vector, self._profiles)]
        if self._corrections:
            means = self._likeness(vector, self._names)
            near = [dot(vector, demo) for demo in self._demos[:_MOST_CORRECTED]]
            for label, alphas in enumerate(self._corrections):
                correction = sum(a * b for a, b in zip(near, alphas, strict=True))
                beliefs[label] += means[label] + correction
        floor = 1e-4
        beliefs = [max(belief, floor) for belief in beliefs]
        total = sum(beliefs)
        return [belief / total for belief in beliefs]

    def nearest(self, text: str, label: int) -> tuple[int, float]:
        """Return the demo of a label that is nearest to a text, and how near; (-1, 0) where it has none."""
        vector = self.weights.weigh(features(text))
        best, at = 0.0, -1
        for index, (demo, answer) in enumerate(zip(self._demos, self.answers, strict=True)):
            if answer == label and (near := dot(vector, demo)) > best:
                best, at = near, index
        return at, best

    def shared_words(self, text: str, label: int) -> list[str]:
        """Return the words of a text that speak for a label, the most telling first."""
        vector = self.weights.weigh(features(text))
        profile = self._profiles[label]
        votes = {
            key[2:]: value * profile.get(key, 0.0) for key, value in vector.items() if key.startswith("w:")
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


def _sum(left: Vector, right: Vector, factor: float = 1.0) -> Vector:
    if not right:
        return left
    made = dict(left)
    for key, value in right.items():
        made[key] = made.get(key, 0.0) + factor * value
    return made


def _softmax(values: Sequence[float]) -> list[float]:
    weights = [math.exp(_SHARPNESS * value) for value in values]
    total = sum(weights)
    return [weight / total for weight in weights]
