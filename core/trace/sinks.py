"""Where spans go: memory, JSON lines, or anything with `on_end`.

Knows nothing about what is traced. Credentials are redacted here, before anything leaves the process.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Protocol, runtime_checkable

from core.trace.span import Span

__all__ = ["JsonLinesSink", "MemorySink", "Sink"]


@runtime_checkable
class Sink(Protocol):
    """Gets every span when it ends, children before parents; must not raise and may be called from any thread."""

    def on_end(self, span: Span) -> None:
        """Take one finished span."""
        ...


class MemorySink:
    """Keeps spans in a list.

    Args:
        limit: Spans beyond it are counted in `dropped` instead of kept; None keeps all.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.spans: list[Span] = []
        self.limit = limit
        self.dropped = 0

    def on_end(self, span: Span) -> None:
        """Keep the span."""
        if self.limit is not None and len(self.spans) >= self.limit:
            self.dropped += 1
        else:
            self.spans.append(span)


class JsonLinesSink:
    """Appends one JSON object per span to a file, redacted; the file is made with the first span."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._lock = threading.Lock()

    def on_end(self, span: Span) -> None:
        """Append the span."""
        line = json.dumps(span.to_dict(), ensure_ascii=False) + "\n"
        with self._lock, self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(line)
