"""Folds a search's events into the few live figures that a page shows while a compile runs.

Knows nothing about optimizers beyond the events they leave.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.jobs.base import JobControl

__all__ = ["MEASURED", "PURPOSE", "CompileProgress"]

MEASURED = "measured"
"""The type of the event that keeps what scoring the result after the search found."""

PURPOSE = "score the result and the program as given"
"""What that is called in a report's costs, and in estimates."""


class CompileProgress:
    """Live figures of one compile.

    Args:
        control: Told the figures after every event.
        earlier: Events of earlier sessions.
    """

    def __init__(self, control: JobControl, earlier: Sequence[Mapping[str, Any]]) -> None:
        self._control = control
        self._rows = self._calls = self._tokens = 0
        self._cost = self._seconds = 0.0
        self._traces_kept = self._traces_rejected = 0
        self._candidates: dict[str, str] = {}
        self._baselines: set[str] = set()
        self._best: dict[str, Any] | None = None
        self._baseline: float | None = None
        self._phase = "starting"
        self._warnings: dict[tuple[str, float], dict[str, Any]] = {}
        for event in earlier:
            self._fold(event)
        self._tell()

    def on_event(self, event: Mapping[str, Any]) -> None:
        """Take one event."""
        self._fold(event)
        self._tell()

    def _fold(self, event: Mapping[str, Any]) -> None:
        kind = event.get("type")
        if kind in ("row", "trace", "ask", MEASURED):
            self._spend(event)
        if "elapsed" in event:
            self._seconds = max(self._seconds, float(event["elapsed"] or 0.0))
        if kind == "row":
            self._rows += 1
            self._phase = "scoring candidates"
        elif kind == "trace":
            self._phase = "collecting demonstrations"
            self._traces_kept += bool(event.get("kept"))
            self._traces_rejected += not event.get("kept")
        elif kind == "ask":
            self._phase = "asking for proposals"
        elif kind == "candidate":
            self._candidates[str(event["candidate"])] = str(event.get("label", ""))
            if (event.get("notes") or {}).get("baseline"):
                self._baselines.add(str(event["candidate"]))
        elif kind == "score":
            self._score(event)
        elif kind == "budget" and event.get("kind") == "warning":
            self._warn(event)
        elif kind in ("stop", "result"):
            self._phase = "finishing"

    def _spend(self, event: Mapping[str, Any]) -> None:
        self._calls += int(event.get("calls") or 0)
        self._tokens += int(event.get("prompt_tokens") or 0) + int(event.get("completion_tokens") or 0)
        self._cost += float(event.get("cost") or 0.0)

    def _warn(self, event: Mapping[str, Any]) -> None:
        known = {name: event.get(name) for name in ("resource", "share", "used", "cap")}
        self._warnings[str(event.get("resource")), float(event.get("share") or 0.0)] = known

    def _score(self, event: Mapping[str, Any]) -> None:
        if not event.get("full") or event.get("percent") is None:
            return
        if str(event["candidate"]) in self._baselines:
            self._baseline = event["percent"]
        if event.get("best"):
            self._best = {
                "candidate": event["candidate"],
                "label": event.get("label", ""),
                "score": event["percent"],
            }

    def _tell(self) -> None:
        self._control.progress(
            phase=self._phase,
            done=self._rows,
            calls=self._calls,
            tokens=self._tokens,
            cost=self._cost,
            seconds=self._seconds,
            candidates=len(self._candidates),
            traces_kept=self._traces_kept,
            traces_rejected=self._traces_rejected,
            best=self._best,
            score=self._best["score"] if self._best else None,
            baseline=self._baseline,
            warnings=list(self._warnings.values()),
        )
