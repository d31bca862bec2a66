"""Takes credentials, and the bulk of images and sounds, out of whatever leaves the process: traces, logs, exports.

Knows nothing about where the text goes. A key is told by the name of its field or by the look of its value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.foundation.fingerprint import jsonable

__all__ = ["MASK", "is_secret_name", "redact"]

MASK = "[redacted]"

_NAMES = re.compile(
    r"^(?:.*[_\-])?(?:api[_\-]?key|authorization|password|passwd|bearer|credentials|private[_\-]?key|"
    r"secret(?:[_\-]?access)?(?:[_\-]?key)?|(?:access|ad|api|auth|bearer|refresh|session)[_\-]?token)$",
    re.IGNORECASE,
)
_VALUES = re.compile(
    r"(?:\bsk-[A-Za-z0-9_\-]{8,}|\b(?:gsk|xai|hf|ghp|gho|glpat|AIza)[_\-][A-Za-z0-9_\-]{12,}"
    r"|\bAIza[A-Za-z0-9_\-]{20,}|(?<=Bearer )[A-Za-z0-9._\-]{8,})"
)

_LONG = 1_000
_BASE64 = re.compile(r"[A-Za-z0-9+/]{1000,}={0,2}")


def _shortened(run: re.Match[str]) -> str:
    """Say how long a run of base64 is, an image's or a sound's: a trace shows it, and nobody reads it there."""
    return f"{run[0][:24]}…({len(run[0]):,} characters)"


def is_secret_name(name: str) -> bool:
    """Whether what stands under that name is a credential."""
    return _NAMES.match(name) is not None


def redact(value: Any) -> Any:
    """Return `value` as JSON data with credentials masked."""
    return _clean(jsonable(value))


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _VALUES.sub(MASK, value if len(value) < _LONG else _BASE64.sub(_shortened, value))
    if isinstance(value, Mapping):
        return {key: MASK if _NAMES.match(key) and item else _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
