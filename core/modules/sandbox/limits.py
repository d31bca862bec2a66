"""How much code in the sandbox may use. There is always a limit on everything.

Knows nothing about interpreters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.foundation.errors import ConfigurationError

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """Limits of one session.

    Attributes:
        seconds: Computing time of one `execute`; time in tools does not count.
        memory: Bytes of heap.
        recursion: Depth of function calls.
        calls: Calls of tools and of the system over the whole session.
        output: Characters of printed text that one `execute` keeps; the rest is counted and dropped.
    """

    seconds: float = 20.0
    memory: int = 256_000_000
    recursion: int = 400
    calls: int = 10_000
    output: int = 100_000

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not value > 0:
                raise ConfigurationError(
                    f"The sandbox limit '{name}' is {value!r}.", hint="Limits are positive numbers."
                )

    def for_session(self) -> dict[str, Any]:
        """Return them under the names of the interpreter's library."""
        return {
            "max_feed_duration_secs": self.seconds,
            "max_memory": self.memory,
            "max_recursion_depth": self.recursion,
            "max_suspensions": self.calls,
        }
