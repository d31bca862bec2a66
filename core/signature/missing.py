"""The mark for "no value": what stands where a default could be and is not.

Knows nothing about fields.
"""

from __future__ import annotations

from typing import Any

__all__ = ["MISSING"]


class _Missing:
    """Stands for "no default"; there is one, copies included."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False

    def __copy__(self) -> _Missing:
        return self

    def __deepcopy__(self, _memo: object) -> _Missing:
        return self


MISSING: Any = _Missing()
