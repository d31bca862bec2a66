"""Text embeddings without training: word and character n-gram features hashed into a vector of length one.

Knows nothing about HTTP. Signed feature hashing (Weinberger et al. 2009): inner products are kept in expectation.
"""

from __future__ import annotations

import base64
import math
import struct
from hashlib import blake2b

from core.lm.embedded.vectors import features

__all__ = ["DIMENSIONS", "embed"]

DIMENSIONS = 256


def embed(text: str, dimensions: int = DIMENSIONS, form: str = "float") -> list[float] | str:
    """Return the embedding of `text`: floats, or their little-endian single precision in base64."""
    vector = [0.0] * dimensions
    for key, value in features(text).items():
        number = int.from_bytes(
            blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little"
        )
        vector[(number >> 1) % dimensions] += value if number & 1 else -value
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    vector = [value / length for value in vector]
    if form == "base64":
        return base64.b64encode(struct.pack(f"<{dimensions}f", *vector)).decode("ascii")
    return vector
