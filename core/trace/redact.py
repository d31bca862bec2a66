"""Takes credentials out of whatever leaves the process: traces, logs, exports.

Knows nothing about where the text goes. A key is told by the name of its field or by the look of its value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.foundation.fingerprint import jsonable

__all__ = ["MASK", "redact"]

MASK = "[redacted]"

_NAMES = re.compile(
    r"^(?:.*[_\-])?(?:api[_\-]?key|apikey|authorization|password|passwd|secret|access[_\-]?token|auth[_\-]?token|"
    r"bearer|client[_\-]?secret|x-api-key)$",
    re.IGNORECASE,
)
_VALUES = re.compile(
    r"(?:\bsk-[A-Za-z0-9_\-]{8,}|\b(?:gsk|xai|hf|ghp|gho|glpat|AIza)[_\-][A-Za-z0-9_\-]{12,}"
    r"|\bAIza[A-Za-z0-9_\-]{20,}|(?<=Bearer )[A-Za-z0-9._\-]{8,})"
)


def redact(value: Any) -> Any:
    """Return `value` as JSON data with credentials masked."""
    return _clean(jsonable(value))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _VALUES.sub(MASK, value)
    if isinstance(value, Mapping):
        return {key: MASK if _NAMES.match(key) and item else _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
