"""What goes wrong with saved state and is an error of Python's own too, so that programs that catch that one do.

Knows nothing about how state is written.
"""

from __future__ import annotations

from core.foundation.errors import StateError, WorkbenchError

__all__ = ["StateLacksError", "StateNotFoundError"]


class StateNotFoundError(StateError, FileNotFoundError):
    """There is no such file."""

    __str__ = WorkbenchError.__str__


class StateLacksError(StateError, KeyError):
    """The state has nothing for a part of the program."""

    __str__ = WorkbenchError.__str__
