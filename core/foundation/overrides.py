"""Which way into an object a program's own class means, where a base class of ours has several.

Knows nothing about modules, models or adapters. They are called by `acall` here; a class written for DSPy often
overrides `__call__` alone, and would go unheard.
"""

from __future__ import annotations

__all__ = ["is_ours", "means_call"]

_OURS = __name__.partition(".")[0] + "."


def is_ours(owner: type) -> bool:
    """True for a class of this package."""
    return owner.__module__.startswith(_OURS)


def means_call(cls: type, *others: str) -> bool:
    """Return whether a class from outside overrides `__call__`, and none of `others` with it or below it.

    Args:
        cls: The class.
        others: Ways in that count for more where one class has both.
    """
    for owner in cls.__mro__:
        own = vars(owner)
        if is_ours(owner) or any(name in own for name in others):
            return False
        if "__call__" in own:
            return True
    return False
