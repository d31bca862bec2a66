"""`WorkbenchError`, the root of all errors that are raised on purpose.

Knows nothing about what went wrong; the tree that grows from it is drawn in `core.foundation.errors`.
"""

from __future__ import annotations

__all__ = ["WorkbenchError"]


class WorkbenchError(Exception):
    """Root of all errors raised on purpose.

    Args:
        message: What went wrong and where, in one sentence.
        hint: What to do about it; shown after the message.
    """

    retryable: bool = False

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip() if self.hint else self.message
