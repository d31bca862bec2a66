"""Random numbers that depend on a seed and a purpose, never on who asked first.

Knows nothing about what they are used for.
"""

from __future__ import annotations

import hashlib
import random

__all__ = ["derive_seed", "rng"]


def derive_seed(seed: int, *purpose: object) -> int:
    """Return a 63-bit seed for one purpose; the same on every platform and run."""
    text = "\x1f".join([str(seed), *map(str, purpose)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def rng(seed: int, *purpose: object) -> random.Random:
    """Return a generator of its own for one purpose."""
    return random.Random(derive_seed(seed, *purpose))
