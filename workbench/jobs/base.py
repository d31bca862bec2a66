"""What a job is: the states of a run, the runner's interface, and what a job's body is given and gives back.

Knows nothing about how bodies do their work, nor about DBOS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from workbench.config import Config
from workbench.store import Store

__all__ = ["ACTIVE", "ENDED", "Body", "Job", "JobControl", "Jobs", "NewVersion", "Outcome", "RunState"]

RunState = Literal["queued", "running", "stopping", "stopped", "done", "failed", "interrupted"]
ACTIVE: tuple[str, ...] = ("queued", "running", "stopping")
"""States in which something will still happen by itself."""
ENDED: tuple[str, ...] = ("stopped", "done", "failed")
"""States in which the run's result is final unless it is resumed."""


class JobControl(Protocol):
    """What a running job's holder offers its body."""

    def stop_requested(self) -> bool:
        """True once someone asked for the run to stop; cheap enough to ask before every row."""
        ...

    def progress(self, **values: Any) -> None:
        """Say how far the run is; written within half a second, the newest values win."""
        ...


@dataclass(frozen=True)
class Job:
    """One execution of a run, as its body sees it."""

    store: Store
    config: Config
    run_id: str
    control: JobControl


@dataclass(frozen=True)
class NewVersion:
    """A program version that a job made, to be saved together with the run's end."""

    state: Mapping[str, Any]
    label: str


@dataclass(frozen=True)
class Outcome:
    """How a body ended. Written with the run's last state in one transaction."""

    status: Literal["done", "stopped"]
    result: Mapping[str, Any] = field(default_factory=dict[str, Any])
    version: NewVersion | None = None


Body = Callable[[Job], Outcome]
"""Does a run's work. Must be idempotent: after a crash it is called again and goes on from what is stored."""


class Jobs(Protocol):
    """Where runs are carried out. The run's row in the store says what to do; a runner only sees to it."""

    holder: str | None
    """Put into a new run's row to reserve it for this runner; None leaves it to any worker."""

    def start(self, run_id: str) -> None:
        """See that the queued run is carried out."""
        ...

    def stop(self, run_id: str) -> None:
        """Ask the run to stop. Calls in flight finish; what was found so far is kept."""
        ...

    def status(self, run_id: str) -> RunState:
        """Return the run's state; "interrupted" where whoever carried it out is gone."""
        ...
