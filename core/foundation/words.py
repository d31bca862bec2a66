"""Numbers with their words: "1 row", "2 rows".

Knows nothing about what is counted.
"""

from __future__ import annotations

__all__ = ["are", "counted", "every"]


def counted(number: float, one: str, several: str = "", *, grouped: bool = False) -> str:
    """Return a number with its word, which has an "s" where there is not just one.

    Args:
        number: How many.
        one: What one is called.
        several: What more are called, where that is not `one` with an "s".
        grouped: Set thousands apart.
    """
    return f"{_digits(number, grouped)} {one if number == 1 else several or f'{one}s'}"


def every(number: int, one: str) -> str:
    """Return that number as all there are: "the one row", "all 3 rows"."""
    return f"the one {one}" if number == 1 else f"all {counted(number, one)}"


def are(number: float, one: str = "is", several: str = "are") -> str:
    """Return the verb for that many."""
    return one if number == 1 else several


def _digits(number: float, grouped: bool) -> str:
    if float(number).is_integer():
        return f"{int(number):,}" if grouped else str(int(number))
    return f"{number:g}"
