"""One run log for several searches that run one after another, each of which sees its own part.

Knows nothing about what the searches do. An event is kept whole inside one that names its part, so the log reads as
one sequence and each part reads as a log of its own; a later search resumes as if it were alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.foundation.errors import RunLogError
from core.search.budget import Spend
from core.search.run_log import Event, RunLog

__all__ = ["PartLog", "SharedLog"]


class SharedLog:
    """A log in parts.

    Args:
        log: Where everything is kept; read once, here.
    """

    def __init__(self, log: RunLog) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._parts: dict[str, list[Event]] = {}
        self._seq = 0
        for event in log.read():
            if "part" not in event or "event" not in event:
                raise RunLogError(
                    "The run log is not that of a sequence of optimizers (BetterTogether).",
                    hint="Give it to the optimizer that it was started with, or start a new run log.",
                )
            self._parts.setdefault(str(event["part"]), []).append(event["event"])
            self._seq += 1

    def part(self, name: str) -> PartLog:
        """Return the part of that name, with what an earlier session wrote there."""
        return PartLog(self._parts.get(name, []), lambda event: self._append(name, event))

    def _append(self, name: str, event: Event) -> None:
        with self._lock:
            self._log.append({"seq": self._seq, "type": event["type"], "part": name, "event": event})
            self._seq += 1


class PartLog:
    """A run log for one search.

    Attributes:
        spent: What its records of single calls add up to: under a cap, all that the search sent, however it ended.
        rows: {key of a candidate's state: {key of a row: its score}} of all rows that candidates were scored on.
    """

    def __init__(self, events: list[Event], append: Callable[[Event], None]) -> None:
        self.spent = Spend()
        self.rows: dict[str, dict[str, float | None]] = {}
        self._events = list(events)
        self._append = append
        for event in events:
            self._count(event)

    def append(self, event: Event) -> None:
        """Add one event at the end."""
        self._append(event)
        self._count(event)

    def read(self) -> list[Event]:
        """Return the events of earlier sessions, in order."""
        return list(self._events)

    def _count(self, event: Event) -> None:
        if event["type"] == "budget" and event.get("kind") == "call":
            self.spent.add(Spend.from_dict(event))
        elif event["type"] == "row" and "state" in event:
            self.rows.setdefault(event["state"], {})[event["row"]] = event["score"]
