"""What this process has learned of an endpoint from its own answers.

Knows nothing about providers or model names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

__all__ = ["Capabilities", "capabilities_of"]


@dataclass
class Capabilities:
    """One endpoint's.

    Attributes:
        response_schema: Takes a JSON schema as response format; true until it refuses one.
        stream_usage: Takes `stream_options`; true until it refuses them. Without, streamed answers have no usage.
        renamed: Parameters that it wants under another name.
        dropped: Parameters that it does not want at all, e.g. a reasoning model's temperature.
    """

    response_schema: bool = True
    stream_usage: bool = True
    renamed: dict[str, str] = field(default_factory=dict[str, str])
    dropped: set[str] = field(default_factory=set[str])

    def fitted(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return request parameters as the endpoint wants them; `timeout` is ours and stays here."""
        return {
            self.renamed.get(name, name): value
            for name, value in params.items()
            if name != "timeout" and name not in self.dropped
        }


@lru_cache(maxsize=1024)
def capabilities_of(endpoint: str) -> Capabilities:
    """Return the one record of an endpoint."""
    return Capabilities()
