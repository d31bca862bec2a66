"""The search's side of the run log: writes typed events once, and finds what earlier sessions did.

Knows nothing about how a search decides. Resuming is replaying: the search runs again from its start, and every row
and trace that the log holds is taken from there. So nothing but results is stored, and an event that says what the
log says already is not written twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from core.foundation.errors import ResumeMismatch, RunLogError
from core.foundation.fingerprint import fingerprint, jsonable
from core.search.budget import Spend
from core.search.jobs import PROGRAM_FAILED
from core.search.ledger import JobRecord
from core.search.run_log import Event, RunLog

__all__ = ["FORMAT", "VOLATILE", "Journal", "canonical"]

FORMAT = 1
"""Version of the events' layout; a later program reads earlier ones or says that it cannot."""

VOLATILE = frozenset({"seq", "elapsed", "latency", "seconds"})
"""What differs between two equal runs: times, and the order in which rows happened to finish."""

_log = logging.getLogger("core.search")

_RESUME_OTHERWISE = "Resume with what the log was started with, or start a new run log."

_NAMED = 4
"""Parts of a difference that are named."""

_OF_A_METRIC = (
    " A metric is told by its name, its source text, and the values and functions that it closed over, holds or reads "
    "as globals; where one of those changes while it runs, make the metric anew before you resume."
)

_FINAL = frozenset({"scored", *PROGRAM_FAILED})
"""Outcomes that hold; a row that failed by infrastructure or metric is run again on resume."""


class Journal:
    """Events of one search, old and new.

    Args:
        log: Where they are kept.
        on_event: Told every new event except the records of single calls; what it raises is logged and ignored.

    Attributes:
        resumed: The log held events already.
        header: What the log begins with; None in a new one.
        elapsed: Wall seconds of the earlier sessions.
        blind: (resource, model) of those whose answers an earlier session's cap could not see.
    """

    def __init__(self, log: RunLog, on_event: Callable[[Event], None] | None = None) -> None:
        self._log = log
        self._on_event = on_event
        self._lock = threading.Lock()
        self._said: set[str] = set()
        self._rows: dict[tuple[str, str], Event] = {}
        self._traces: dict[str, Event] = {}
        self._asks: dict[str, Event] = {}
        self._unfinished: dict[str, JobRecord] = {}
        self._unclaimed: dict[str, Spend] = {}
        self.header: Event | None = None
        self._last: Event | None = None
        self.elapsed = 0.0
        self.blind: list[tuple[str, str]] = []
        self._seq = 0
        for event in log.read():
            self._take_checked(event)
        self.resumed = self._seq > 0

    def open(self, header: Mapping[str, Any]) -> None:
        """Write the header, or check that the log's own is the same work.

        Raises:
            ResumeMismatch: The log belongs to other work; says what differs.
            RunLogError: The log is of a later format.
        """
        if self.header is None:
            if self._seq:
                raise RunLogError("The run log does not begin with a header.", hint="Start a new run log.")
            self.write("header", format=FORMAT, **header)
            return
        if self.header.get("format", 0) > FORMAT:
            raise RunLogError("The run log was written by a later version.", hint="Update and resume again.")
        differences = _differences(self.header, jsonable(dict(header)))
        if differences:
            inside = _inside(self.header, jsonable(dict(header)))
            names = ", ".join(_told(name, *pair) + inside.get(name, "") for name, pair in differences.items())
            raise ResumeMismatch(
                f"The run log belongs to another run; what differs: {names}.",
                differences=differences,
                hint=_RESUME_OTHERWISE + (_OF_A_METRIC if "metric" in differences else ""),
            )

    def write(self, event_type: str, /, **fields: Any) -> None:
        """Append one event and tell the observer."""
        with self._lock:
            event: Event = {"seq": self._seq, "type": event_type, **fields}
            self._log.append(event)
            self._seq += 1
            self._last = event
        if self._on_event is not None and not (event_type == "budget" and fields.get("kind") == "call"):
            try:
                self._on_event(event)
            except Exception:
                _log.exception("An observer of the search failed; the search goes on.")

    def write_once(self, event_type: str, /, **fields: Any) -> None:
        """Append one event unless the log holds the same already."""
        key = _content(event_type, jsonable(fields))
        if key not in self._said:
            self._said.add(key)
            self.write(event_type, **fields)

    def write_end(self, event_type: str, /, **fields: Any) -> None:
        """Append a closing event unless the log ends with the same: a finished run may be asked for again."""
        if f"end:{_content(event_type, jsonable(fields))}" not in self._said:
            self.write(event_type, **fields)

    def row(self, state: str, row: str) -> Event | None:
        """Return and forget the finished row of a candidate, if an earlier session ran it."""
        self._unclaimed.pop(f"row:{state}:{row}", None)
        return self._rows.pop((state, row), None)

    def trace(self, key: str) -> Event | None:
        """Return the finished trace under that key, if an earlier session ran it."""
        self._unclaimed.pop(f"trace:{key}", None)
        return self._traces.get(key)

    def keep_trace(self, key: str, event: Event) -> None:
        """Remember a trace of this session: another candidate may ask for the same."""
        self._traces[key] = event

    def ask(self, key: str) -> Event | None:
        """Return the answered question under that key, if there is one."""
        self._unclaimed.pop(f"ask:{key}", None)
        return self._asks.get(key)

    def keep_ask(self, key: str, event: Event) -> None:
        """Remember an answer of this session: the same question may come again."""
        self._asks[key] = event

    def unfinished(self, job: str) -> JobRecord | None:
        """Return what earlier sessions paid for a job that they did not finish."""
        return self._unfinished.pop(job, None)

    def unclaimed(self) -> Spend:
        """Return and forget what earlier sessions paid for and this one did not come to, as under a lower cap."""
        total = Spend()
        for spend in (*self._unclaimed.values(), *(record.spend() for record in self._unfinished.values())):
            total.add(spend)
        self._unclaimed.clear()
        self._unfinished.clear()
        return total

    def _take_checked(self, event: Event) -> None:
        if "part" in event and "event" in event:
            raise RunLogError(
                "The run log is that of a sequence of optimizers (BetterTogether).",
                hint="Give it to BetterTogether, or start a new run log.",
            )
        try:
            self._take(event)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RunLogError(
                f"Event {event.get('seq', self._seq)} of the run log cannot be read: {type(error).__name__}: {error}.",
                hint="The log was changed by something else, or is no run log; start a new one.",
            ) from error

    def _take(self, event: Event) -> None:
        self._seq = int(event.get("seq", self._seq)) + 1
        self.elapsed = max(self.elapsed, float(event.get("elapsed") or 0.0))
        kind = event.get("type")
        if kind == "header":
            self.header = event
        elif kind == "row":
            self._take_row(event)
        elif kind == "trace":
            self._traces[event["key"]] = event
            self._finish(f"trace:{event['key']}", event)
        elif kind == "ask":
            self._take_ask(event)
        elif kind == "budget" and event.get("kind") == "call":
            record = self._unfinished.setdefault(event["job"], JobRecord())
            record.calls.append(JobRecord.of_event(event))
        elif kind in {"stop", "result"}:
            self._said = {key for key in self._said if not key.startswith(f"end:{kind}")}
            self._said.add(f"end:{_content(str(kind), event)}")
        else:
            self._said.add(_content(str(kind), event))
            if "blind" in event:
                resource, model = event["blind"]
                self.blind.append((str(resource), str(model)))

    def _finish(self, job: str, event: Event) -> None:
        """Take a finished job's own figure for what was recorded of its single calls."""
        self._unfinished.pop(job, None)
        self._unclaimed[job] = Spend.from_dict(event)

    def _take_ask(self, event: Event) -> None:
        job = f"ask:{event['key']}"
        if not event["error"]:  # a question that failed is asked again
            self._asks[event["key"]] = event
            self._finish(job, event)
        elif job not in self._unfinished:
            record = self._unfinished[job] = JobRecord()
            record.calls.append(JobRecord.of_event({**event, "key": "failed"}))

    def _take_row(self, event: Event) -> None:
        job = f"row:{event['state']}:{event['row']}"
        if event.get("outcome") in _FINAL:
            self._rows[event["state"], event["row"]] = event
            self._finish(job, event)
            return
        if job not in self._unfinished:
            record = self._unfinished[job] = JobRecord()
            record.calls.append(JobRecord.of_event({**event, "key": "failed"}))


def canonical(events: list[Event]) -> list[str]:
    """Return events without what differs between two equal runs, in an order of their own; for tests."""
    kept = [event for event in events if event["type"] != "budget"]
    return sorted(_content(event["type"], event) for event in kept)


def _content(kind: str, event: Mapping[str, Any]) -> str:
    return f"{kind}:{fingerprint({name: value for name, value in _lasting(event).items() if name != 'type'})}"


def _lasting(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _lasting(item) for name, item in value.items() if name not in VOLATILE}
    return [_lasting(item) for item in value] if isinstance(value, list) else value


def _told(name: str, before: Any, now: Any) -> str:
    """Return the name of a difference, with both values where they say something to people."""
    if not name.startswith("params.") and name not in {"optimizer", "seed"}:
        return name
    return f"{name} ({before!r} in the log, {now!r} now)"


def _inside(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """Return {what: which of its parts differ, in brackets} where both headers list parts."""
    found: dict[str, str] = {}
    before, after = old.get("details") or {}, new.get("details") or {}
    for what in before.keys() & after.keys():
        parts = {*before[what], *after[what]}
        changed = sorted(name for name in parts if before[what].get(name) != after[what].get(name))
        more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        found[what] = f" ({', '.join(changed[:_NAMED])}{more})" if changed else ""
    return found


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return {what: (in the log, asked for now)}; single parameters are named where they say more."""
    found: dict[str, Any] = {}
    if old.get("optimizer") != new.get("optimizer"):
        found["optimizer"] = (old.get("optimizer"), new.get("optimizer"))
    before, after = old.get("params") or {}, new.get("params") or {}
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            found[f"params.{name}"] = (before.get(name), after.get(name))
    prints, now = old.get("fingerprints") or {}, new.get("fingerprints") or {}
    for name in sorted({*prints, *now}):
        covered = name == "params" and any(key.startswith("params.") for key in found)
        if prints.get(name) != now.get(name) and not covered:
            found[name] = (prints.get(name), now.get(name))
    if old.get("seed") != new.get("seed"):
        found["seed"] = (old.get("seed"), new.get("seed"))
    if old.get("rows") != new.get("rows") and not found.keys() & {"data", "confirm"}:
        found["data"] = (old.get("rows"), new.get("rows"))  # the same rows, divided otherwise
    return found
