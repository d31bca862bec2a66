"""One span: a named piece of work with a beginning, an end and what is worth knowing about it.

Knows nothing about who listens.
"""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Span", "new_id"]


# Ids need to differ, not to be secret: seeded once from the system, and again in the child of a fork.
_ids = random.Random()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ids.seed)


def new_id() -> str:
    """Return 16 random hex digits, the length that OpenTelemetry uses for spans."""
    return f"{_ids.getrandbits(64):016x}"


@dataclass(slots=True)
class Span:
    """A piece of work.

    Attributes:
        id, parent_id, trace_id: 16 hex digits each; a root has no parent and names its trace.
        kind: "module", "predict", "adapter.render", "lm", "adapter.parse", "retrieve", "metric", "event" …
        name: What a person calls it: a class, a model, an adapter.
        path: Where in the program, e.g. `hops[0].predict`; empty where it has no place.
        start, end: Seconds since the epoch; `end` is None while it runs.
        attributes: JSON-able facts; which ones, each kind says where it is made.
        status: "ok" or "error"; `error` then holds the type and the message.
    """

    kind: str
    name: str
    path: str = ""
    id: str = field(default_factory=new_id)
    parent_id: str | None = None
    trace_id: str = ""
    start: float = field(default_factory=time.time)
    end: float | None = None
    attributes: dict[str, Any] = field(default_factory=dict[str, Any])
    status: str = "ok"
    error: str | None = None

    def set(self, **attributes: Any) -> None:
        """Add facts."""
        self.attributes.update(attributes)

    @property
    def duration(self) -> float:
        """Seconds from start to end; 0 while it runs."""
        return (self.end - self.start) if self.end is not None else 0.0

    @property
    def recording(self) -> bool:
        """True: somebody listens, so it is worth building attributes."""
        return True

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data, credentials redacted."""
        from core.trace.redact import redact

        return {
            "id": self.id,
            "parent_id": self.parent_id,
            "trace_id": self.trace_id,
            "kind": self.kind,
            "name": self.name,
            "path": self.path,
            "start": self.start,
            "end": self.end,
            "status": self.status,
            "error": redact(self.error),
            "attributes": redact(self.attributes),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Span:
        """Return the span that `to_dict` wrote; unknown keys are ignored."""
        known = {name: data[name] for name in cls.__dataclass_fields__ if name in data}
        return cls(**known)
