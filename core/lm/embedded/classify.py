"""Closed answers: one of a few labels for a text, from the labels' own words and from demos together.

Knows nothing about prompts or fields. Two models are averaged:

- names: the text beside each label's name and definition, by cosine;
- demos: names, plus a profile per label of its name, its definition and its demos in one weighted vector (Rocchio
  1971), plus a Gaussian process over the demos that predicts what the names got wrong (Rasmussen and Williams 2006,
  §2.7): it corrects near demos and leaves the names alone elsewhere.

Each weighs as much as it explains the demos, every demo predicted from the others (§5.4.2 there), so demos that
teach nothing do not talk down the names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.lm.embedded.linear import cholesky, inverse_diagonal, solve_with
from core.lm.embedded.text import humanized
from core.lm.embedded.vectors import Vector, Weights, added, dot, features, normalized

__all__ = ["Classifier", "fit"]

# Chosen on intents and seeds that are not those reported (docs/embedded-lm.md).
_DEFINITION_WEIGHT = 0.8
_DEMO_WEIGHT = 0.5
_SHARPNESS = 12.0
_NOISE = 0.3
_FLOOR = 1e-3
_DOUBT = 0.02  # share of belief spread evenly when a model is held to account
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
        labels = [added(name, text) for name, text in zip(raw_names, raw_said, strict=True)]
        # Beside names, a word is telling when few labels hold it; beside demos, when few texts do.
        self._by_labels = Weights(labels)
        self._by_all = Weights([*labels, *raw_texts])
        self._names = [
            self._described(self._by_labels, *pair) for pair in zip(raw_names, raw_said, strict=True)
        ]
        described = [self._described(self._by_all, *pair) for pair in zip(raw_names, raw_said, strict=True)]
        self._demos = [self._by_all.weigh(raw) for raw in raw_texts]
        self._sums = [self._profile(label, described[label]) for label in range(len(names))]
        self._squares = [dot(total, total) for total in self._sums]
        self._profiles = [normalized(total) for total in self._sums]
        self._corrections: list[list[float]] = []
        self._trust = self._fit(raw_texts) if texts else 0.0

    def _described(self, weights: Weights, name: Vector, said: Vector) -> Vector:
        return normalized(added(weights.weigh(name), weights.weigh(said), _DEFINITION_WEIGHT))

    def _profile(self, label: int, described: Vector) -> Vector:
        total = dict(described)
        for demo, answer in zip(self._demos, self.answers, strict=True):
            if answer == label:
                for key, value in demo.items():
                    total[key] = total.get(key, 0.0) + _DEMO_WEIGHT * value
        return total

    def _fit(self, raw_texts: Sequence[Vector]) -> float:
        """Fit the corrections; return how far the demos' model is to be believed, 0 to 1."""
        demos = self._demos[:_MOST_CORRECTED]
        kernel = [[dot(left, right) for right in demos[: row + 1]] for row, left in enumerate(demos)]
        for row in range(len(demos)):
            kernel[row][row] += _NOISE
        factor = cholesky(kernel)
        means = [self._likeness(self._by_labels.weigh(raw), self._names) for raw in raw_texts[: len(demos)]]
        errors = [
            [float(answer == label) - mean[label] for answer, mean in zip(self.answers, means, strict=False)]
            for label in range(len(self._names))
        ]
        self._corrections = [solve_with(factor, error) for error in errors]
        return self._trusted(means, errors, inverse_diagonal(factor))

    def _trusted(
        self, means: Sequence[Sequence[float]], errors: Sequence[Sequence[float]], diagonal: Sequence[float]
    ) -> float:
        """Compare both models on every demo left out; their odds are those of what they said of it."""
        odds = 0.0
        for index, (mean, spread) in enumerate(zip(means, diagonal, strict=True)):
            answer = self.answers[index]
            profiles = self._left_out(index)
            beliefs = [
                max(
                    mean[label]
                    + profiles[label]
                    + errors[label][index]
                    - self._corrections[label][index] / spread,
                    _FLOOR,
                )
                for label in range(len(mean))
            ]
            odds += _log_of(beliefs[answer] / sum(beliefs), len(mean)) - _log_of(mean[answer], len(mean))
        return 1.0 / (1.0 + math.exp(-max(-50.0, min(50.0, odds))))

    def _left_out(self, index: int) -> list[float]:
        """Return the profiles' shares for a demo that is taken out of its own label's profile."""
        demo = self._demos[index]
        values: list[float] = []
        for label, total in enumerate(self._sums):
            product = dot(demo, total)
            square = self._squares[label]
            if label == self.answers[index]:
                product, square = (
                    product - _DEMO_WEIGHT,
                    square - 2 * _DEMO_WEIGHT * product + _DEMO_WEIGHT**2,
                )
            values.append(product / math.sqrt(square) if square > 1e-9 else 0.0)
        return _softmax([value + lean for value, lean in zip(values, self._leaning, strict=True)])

    def _likeness(self, vector: Vector, others: Sequence[Vector]) -> list[float]:
        return _softmax(
            [dot(vector, other) + lean for other, lean in zip(others, self._leaning, strict=True)]
        )

    def shares(self, text: str) -> list[float]:
        """Return each label's share of belief; they add up to one."""
        raw = features(text)
        means = self._likeness(self._by_labels.weigh(raw), self._names)
        if not self._corrections:
            return means
        vector = self._by_all.weigh(raw)
        near = [dot(vector, demo) for demo in self._demos[: len(self._corrections[0])]]
        beliefs = [
            max(mean + share + sum(a * b for a, b in zip(near, alphas, strict=True)), _FLOOR)
            for mean, share, alphas in zip(
                means, self._likeness(vector, self._profiles), self._corrections, strict=True
            )
        ]
        total = sum(beliefs)
        trust = self._trust
        return [
            (1.0 - trust) * mean + trust * belief / total for mean, belief in zip(means, beliefs, strict=True)
        ]

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


def _softmax(values: Sequence[float]) -> list[float]:
    weights = [math.exp(_SHARPNESS * value) for value in values]
    total = sum(weights)
    return [weight / total for weight in weights]


def _log_of(share: float, labels: int) -> float:
    return math.log((1.0 - _DOUBT) * share + _DOUBT / labels)
