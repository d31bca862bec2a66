"""The rows of a matrix that lie nearest to a vector, by inner product.

Knows nothing about texts. Exact numpy in blocks by default; beyond a threshold FAISS, where it is installed, narrows
the rows down first, and may miss some.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

from core.foundation.errors import ConfigurationError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

__all__ = ["Exact", "Narrowed", "Nearest", "checked_matrix", "nearest_in", "unit_rows"]

BLOCK = 16_384
"""Rows scored at once: bounds what a search holds beside the matrix."""

_TINY = 1e-12
# FAISS looks through this share of its cells and gives so many times more rows than asked for; both cost time and
# buy recall.
_CELLS_LOOKED_AT = 1 / 8
_NARROWED_DEPTH = 10


class Nearest(Protocol):
    """A search in one matrix."""

    def search(self, vector: Matrix, k: int) -> list[tuple[int, float]]:
        """Return at most `k` pairs of row and score, best first, the earlier row first among equals."""
        ...


class Exact:
    """Scores every row."""

    def __init__(self, vectors: Matrix) -> None:
        self.vectors = vectors

    def search(self, vector: Matrix, k: int) -> list[tuple[int, float]]:
        """Return the `k` best rows."""
        import numpy as np

        best: list[tuple[int, float]] = []
        for start in range(0, len(self.vectors), BLOCK):
            scores = np.asarray(self.vectors[start : start + BLOCK] @ vector, dtype=np.float32)
            rows = np.arange(len(scores))
            if len(scores) > k:
                last_place = scores[scores.argpartition(-k)[-k]]
                rows = np.flatnonzero(scores >= last_place)  # all that tie for the last place
            found = [(start + int(row), float(scores[row])) for row in rows]
            best = _best([*best, *found], k)
        return best


class Narrowed:
    """Scores the rows that a FAISS inverted file finds near: fast in large matrices, exact only in its scores.

    The index is that of Johnson, Douze & Jégou 2017, "Billion-scale similarity search with GPUs", uncompressed.
    """

    def __init__(self, vectors: Matrix, faiss: Any) -> None:
        cells = max(1, round(math.sqrt(len(vectors))))
        self.vectors = vectors
        coarse = faiss.IndexFlatIP(vectors.shape[1])
        self._index = faiss.IndexIVFFlat(coarse, vectors.shape[1], cells, faiss.METRIC_INNER_PRODUCT)
        self._coarse = coarse  # the index only borrows it
        self._index.train(vectors)
        self._index.add(vectors)
        self._index.nprobe = max(1, math.ceil(cells * _CELLS_LOOKED_AT))

    def search(self, vector: Matrix, k: int) -> list[tuple[int, float]]:
        """Return the `k` best rows of those that were found."""
        _, found = self._index.search(vector[None, :], min(len(self.vectors), k * _NARROWED_DEPTH))
        rows = [int(row) for row in found[0] if row >= 0]
        scores = self.vectors[rows] @ vector
        return _best([(row, float(score)) for row, score in zip(rows, scores, strict=True)], k)


def nearest_in(vectors: Matrix, threshold: int) -> Nearest:
    """Return the search for a matrix: exact up to `threshold` rows, and beyond it too unless FAISS is installed."""
    if len(vectors) > threshold:
        try:
            import faiss  # pyright: ignore[reportMissingImports]
        except ImportError:
            return Exact(vectors)
        return Narrowed(vectors, faiss)
    return Exact(vectors)


def unit_rows(vectors: Matrix) -> Matrix:
    """Return vectors of length one, so that inner products are cosines; a zero row stays zero."""
    import numpy as np

    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, _TINY), dtype=np.float32)


def checked_matrix(vectors: Any, rows: int) -> Matrix:
    """Return `vectors` as a float32 matrix of that many rows.

    Raises:
        ConfigurationError: It is none, or holds NaN or infinity.
    """
    import numpy as np

    try:
        matrix = np.ascontiguousarray(vectors, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            "The embedder gave no vectors of numbers, all of one length.",
            hint="It must give one vector per text.",
        ) from error
    if rows == 1 and matrix.ndim == 1:
        matrix = matrix.reshape(1, -1)  # the vector itself, for a list of one text
    if rows and (matrix.ndim != 2 or len(matrix) != rows or not matrix.shape[1]):
        raise ConfigurationError(
            f"The embedder gave an array of shape {matrix.shape} for {rows} texts.",
            hint="It must give one vector per text.",
        )
    if not np.isfinite(matrix).all():
        raise ConfigurationError(
            "The embedder gave vectors that hold NaN or infinity.", hint="Check the embedder on single texts."
        )
    return matrix


def _best(pairs: list[tuple[int, float]], k: int) -> list[tuple[int, float]]:
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))[:k]
