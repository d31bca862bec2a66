"""Server-sent events: bytes as they arrive, in; the events' data, out.

Knows nothing about what they say. Source: the event stream format of the HTML standard (WHATWG, "Server-sent
events", §9.2.6); event names and ids are of no use here, since the protocols that we read repeat them in the data.
"""

from __future__ import annotations

__all__ = ["EventReader"]


class EventReader:
    """Finds events in bytes that are cut anywhere: within a line break, within a character."""

    __slots__ = ("_data", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> list[str]:
        """Return the data of the events that these bytes complete."""
        lines = (self._rest + piece).splitlines(keepends=True)
        # A line break may be cut between its two characters.
        self._rest = lines.pop() if lines and not lines[-1].endswith(b"\n") else b""
        return [event for line in lines if (event := self._line(line.rstrip(b"\r\n"))) is not None]

    def close(self) -> list[str]:
        """Return the event that only its missing blank line kept back."""
        events = self.feed(b"\n") + self.feed(b"\n")
        self._data = []
        return events

    def _line(self, line: bytes) -> str | None:
        if not line:
            data, self._data = self._data, []
            return "\n".join(data) if data else None
        name, _, value = line.partition(b":")  # a line that begins with a colon is a comment
        if name == b"data":
            self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))
        return None
