"""Solves small symmetric systems without numpy.

Knows nothing about what the numbers mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul

__all__ = ["cholesky", "inverse_diagonal", "solve_with"]


def cholesky(lower: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return the Cholesky factor of a positive definite matrix of which the lower half is given, by rows."""
    factor: list[list[float]] = []
    for row, given in enumerate(lower):
        made: list[float] = []
        for column in range(row):
            upper = factor[column]
            made.append((given[column] - sum(map(mul, made, upper))) / upper[column])
        rest = given[row] - sum(map(mul, made, made))
        made.append(math.sqrt(max(rest, 1e-12)))
        factor.append(made)
    return factor


def solve_with(factor: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Return x of A x = right, A given by its Cholesky factor."""
    forward: list[float] = []
    for row, value in zip(factor, right, strict=True):
        forward.append((value - sum(map(mul, row, forward))) / row[len(forward)])
    solution = forward
    for row in range(len(factor) - 1, -1, -1):
        solution[row] /= factor[row][row]
        value = solution[row]
        for column in range(row):
            solution[column] -= factor[row][column] * value
    return solution


def inverse_diagonal(factor: Sequence[Sequence[float]]) -> list[float]:
    """Return the diagonal of the inverse of a matrix given by its Cholesky factor."""
    size = len(factor)
    diagonal = [0.0] * size
    for start in range(size):
        column = [1.0 / factor[start][start]]
        for row in range(start + 1, size):
            column.append(-sum(map(mul, factor[row][start:row], column)) / factor[row][row])
        diagonal[start] = sum(map(mul, column, column))
    return diagonal
