"""What demos say of a text's label, by themselves: how near the text is to each label's demos.

Knows nothing about the labels' names or about how far demos are to be believed. Two views, added: a centroid per label
(Rocchio 1971), drawn towards the mean of all demos so that a label without demos is neither favoured nor shut out; and
a Gaussian process over the demos' labels (Rasmussen and Williams 2006, §2.2), which fades away from the demos. Both
can tell what they would say of a demo had they not seen it (§5.4.2 there).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.lm.embedded.linear import cholesky, inverse_diagonal, solve_with
from core.lm.embedded.vectors import Vector, dot

__all__ = ["MOST_SOLVED", "Teaching"]

# Chosen on intents, rows and seeds that are not those reported (docs/embedded-lm.md).
_CENTROID = 12.0
_PROCESS = 2.0
_TOWARDS_ALL = 1.0  # how many demos the mean of all counts as in each centroid
_NOISE = 0.3
_NAME = 1.0  # how many demos a label's own words count as in its centroid

MOST_SOLVED = 160
"""Demos beyond these inform centroids only: solving for them all would cost too long."""


class Teaching:
    """Evidence of demos.

    Args:
        demos: The demos' vectors, of length one or empty.
        answers: The label of each.
        labels: How many labels there are.
    """

    def __init__(self, demos: Sequence[Vector], answers: Sequence[int], names: Sequence[Vector]) -> None:
        labels = len(names)
        self.demos = list(demos)
        self.answers = list(answers)
        self.sums: list[Vector] = [{key: _NAME * value for key, value in name.items()} for name in names]
        whole: Vector = {}
        for demo, answer in zip(self.demos, self.answers, strict=True):
            for total in (self.sums[answer], whole):
                for key, value in demo.items():
                    total[key] = total.get(key, 0.0) + value
        self._squares = [dot(total, total) for total in self.sums]
        self._with_whole = [dot(total, whole) for total in self.sums]
        self._all = whole
        self._whole = dot(whole, whole)
        self._solve(self.demos[:MOST_SOLVED], labels)

    def _solve(self, demos: Sequence[Vector], labels: int) -> None:
        kernel = [[dot(left, right) for right in demos[: row + 1]] for row, left in enumerate(demos)]
        for row in range(len(demos)):
            kernel[row][row] += _NOISE
        factor = cholesky(kernel)
        self._targets = [
            [float(answer == label) - 1.0 / labels for answer in self.answers[: len(demos)]]
            for label in range(labels)
        ]
        self._weights = [solve_with(factor, target) for target in self._targets]
        self._spread = inverse_diagonal(factor)

    def evidence(self, vector: Vector) -> list[float]:
        """Return how much the demos speak for each label of a text, in logarithms; the sum is near none."""
        near = [dot(vector, demo) for demo in self.demos[: len(self._spread)]]
        process = [sum(a * b for a, b in zip(near, weights, strict=True)) for weights in self._weights]
        products = [dot(vector, total) for total in self.sums]
        whole = dot(vector, self._all)
        count = len(self.demos)
        centroids = [
            _cosine(product, whole / count, square, cross / count, self._whole / count**2)
            for product, square, cross in zip(products, self._squares, self._with_whole, strict=True)
        ]
        return _together(centroids, process)

    def left_out(self, index: int) -> list[float]:
        """Return what the other demos say of one of the first `MOST_SOLVED`."""
        vector, answer = self.demos[index], self.answers[index]
        process = [
            target[index] - weights[index] / self._spread[index]
            for target, weights in zip(self._targets, self._weights, strict=True)
        ]
        count = len(self.demos) - 1
        if not count:
            return [0.0] * len(process)
        products = [dot(vector, total) for total in self.sums]
        own, whole = dot(vector, vector), dot(vector, self._all)
        rest = (self._whole - 2 * whole + own) / count**2
        centroids: list[float] = []
        for label, product in enumerate(products):
            square, cross = self._squares[label], self._with_whole[label] - product
            if label == answer:
                square, cross = square - 2 * product + own, cross - whole + own
                product -= own
            centroids.append(_cosine(product, (whole - own) / count, square, cross / count, rest))
        return _together(centroids, process)


def _cosine(product: float, product_all: float, square: float, cross: float, square_all: float) -> float:
    """Return the cosine of a text and a centroid drawn towards the mean of all, from their inner products."""
    length = square + 2 * _TOWARDS_ALL * cross + _TOWARDS_ALL**2 * square_all
    return (product + _TOWARDS_ALL * product_all) / math.sqrt(length) if length > 1e-9 else 0.0


def _together(centroids: Sequence[float], process: Sequence[float]) -> list[float]:
    middle = sum(centroids) / len(centroids)
    return [
        _CENTROID * (centroid - middle) + _PROCESS * value
        for centroid, value in zip(centroids, process, strict=True)
    ]
