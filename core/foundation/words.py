"""Numbers with their words: "1 row", "2 rows".

Knows nothing about what is counted.
"""

from __future__ import annotations

__all__ = ["are", "counted"]


def counted(number: float, one: str, several: str = "") -> str:
    """Return a number with its word, which has an "s" where there is not just one.

    Args:
        number: How many; thousands are not set apart.
        one: What one is called.
        several: What more are called, where that is not `one` with an "s".
    """
    return f"{_digits(number)} {one if number == 1 else several or f'{one}s'}"


def are(number: float, one: str = "is", several: str = "are") -> str:
    """Return the verb for that many."""
    return one if number == 1 else several


def _digits(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"
