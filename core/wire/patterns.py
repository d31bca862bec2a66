"""Regular expressions that are compiled when they are first used: most replies need few of them.

Knows nothing about what they find.
"""

from __future__ import annotations

import re
from typing import Any, cast

__all__ = ["late_pattern"]


class _Late:
    """Stands for a pattern until a method of it is asked for; then the methods are the pattern's own."""

    def __init__(self, text: str, flags: int) -> None:
        self._given = (text, flags)

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(*self._given), name)
        self.__dict__[name] = found
        return found


def late_pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """Return what serves as `re.compile(text, flags)`, compiled at the first use."""
    return cast("re.Pattern[str]", _Late(text, flags))
