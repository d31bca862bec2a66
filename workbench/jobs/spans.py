"""Keeps the stored trace of a row small: long texts are shortened, then the last steps left out.

Knows nothing about what the steps did. Credentials are masked here too, before anything is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from core.trace import Span, redact

__all__ = ["ROW_BYTES", "stored_spans"]

ROW_BYTES = 200_000
"""Most characters of JSON that the trace of one row may take."""
_LONGEST_TEXTS = (20_000, 4_000, 800)


def stored_spans(spans: Iterable[Span], limit: int = ROW_BYTES) -> tuple[list[dict[str, Any]], bool]:
    """Return spans as JSON data of at most `limit` characters, and whether anything was cut."""
    plain = [redact(span.to_dict()) for span in spans]
    if _size(plain) <= limit:
        return plain, False
    shortened = plain
    for longest in _LONGEST_TEXTS:
        shortened = [_shortened(span, longest) for span in plain]
        if _size(shortened) <= limit:
            return shortened, True
    while len(shortened) > 1 and _size(shortened) > limit:
        shortened = shortened[: len(shortened) // 2]
    return (shortened if _size(shortened) <= limit else []), True


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False))


def _shortened(value: Any, longest: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= longest else f"{value[:longest]}… ({len(value)} characters)"
    if isinstance(value, Mapping):
        return {name: _shortened(item, longest) for name, item in value.items()}
    return [_shortened(item, longest) for item in value] if isinstance(value, list) else value
