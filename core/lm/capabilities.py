"""What this process has learned of an endpoint from its own answers.

Knows nothing about providers or model names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

__all__ = ["Capabilities", "capabilities_of"]


@dataclass
class Capabilities:
    """One endpoint's.

    Attributes:
        response_schema: Takes a JSON schema as response format; true until it refuses one.
        renamed: Parameters that it wants under another name.
    """

    response_schema: bool = True
    renamed: dict[str, str] = field(default_factory=dict[str, str])


@lru_cache(maxsize=1024)
def capabilities_of(endpoint: str) -> Capabilities:
    """Return the one record of an endpoint."""
    return Capabilities()
