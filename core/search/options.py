"""How a search is run: everything that does not change what it searches for.

Knows nothing about programs or optimizers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.foundation.errors import ConfigurationError
from core.search.budget import Budget
from core.search.halving import SuccessiveHalving
from core.search.racing import RacingRule
from core.search.run_log import Event, RunLog

__all__ = ["SearchOptions"]


@dataclass(frozen=True)
class SearchOptions:
    """Options of one search.

    Attributes:
        budget: Caps.
        run_log: Where it is written down; None: nowhere.
        racing: Drop candidates that will hardly win (`SuccessiveHalving`); False: score every candidate on every
            row; or a rule: `Curtailed()`, say, drops only those that cannot win any more.
        num_threads: Rows in flight; None: that of the settings.
        max_errors: Failed rows that it bears; None: that of the settings.
        target: Stop at a candidate whose mean reaches this.
        plateau: Stop once this many candidates in a row were scored and did not beat the best; None: never.
        stop_requested: Asked before every row and every round.
        on_event: Told every event.
    """

    budget: Budget = field(default_factory=Budget)
    run_log: RunLog | None = None
    racing: bool | RacingRule = True
    num_threads: int | None = None
    max_errors: int | None = None
    target: float | None = None
    plateau: int | None = None
    stop_requested: Callable[[], bool] | None = None
    on_event: Callable[[Event], None] | None = None

    def __post_init__(self) -> None:
        if self.plateau is not None and (isinstance(self.plateau, bool) or self.plateau < 1):
            raise ConfigurationError(
                f"A plateau of {self.plateau!r} candidates cannot be reached.",
                hint="Give a number from 1 on, or None to search on.",
            )

    @property
    def rule(self) -> RacingRule | None:
        """The racing rule; None: every candidate runs on every row."""
        if isinstance(self.racing, bool):
            return SuccessiveHalving() if self.racing else None
        return self.racing
