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
        racing: Drop candidates that will hardly win, by the default rule; False: score every candidate on every
            row; or a rule: `Curtailed()`, say, drops only those that cannot win any more.
        default_rule: The rule that `racing=True` means.
        num_threads: Rows in flight; None: that of the settings.
        max_errors: So many failed rows end it with an error; None: as many as the settings say.
        target: Stop at a candidate whose mean reaches this.
        plateau: Stop once this many candidates in a row were scored and did not beat the best; None: never.
        stop_requested: Asked before every row and every round.
        on_event: Told every event.
    """

    budget: Budget = field(default_factory=Budget)
    run_log: RunLog | None = None
    racing: bool | RacingRule = True
    default_rule: RacingRule = field(default_factory=SuccessiveHalving)
    num_threads: int | None = None
    max_errors: int | None = None
    target: float | None = None
    plateau: int | None = None
    stop_requested: Callable[[], bool] | None = None
    on_event: Callable[[Event], None] | None = None

    def __post_init__(self) -> None:
        for name, least in (("num_threads", 1), ("max_errors", 0), ("plateau", 1)):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and value >= least):
                raise ConfigurationError(
                    f"{name}={value!r} cannot be.", hint=f"Give a number from {least} on, or None."
                )
        if self.target is not None and not _is_number(self.target):
            raise ConfigurationError(
                f"target={self.target!r} is no mean to reach.", hint="Give a number: 0.9 is 90 %."
            )
        if not isinstance(self.racing, (bool, RacingRule)):
            raise ConfigurationError(
                f"racing={self.racing!r} is no racing rule.",
                hint="Give True, False, or a rule: SuccessiveHalving(), PairedBetting(), Curtailed().",
            )
        for name in ("stop_requested", "on_event"):
            value = getattr(self, name)
            if value is not None and not callable(value):
                raise ConfigurationError(
                    f"{name}={value!r} cannot be called.", hint="Give a function, or None."
                )

    @property
    def rule(self) -> RacingRule | None:
        """The racing rule; None: every candidate runs on every row."""
        if isinstance(self.racing, bool):
            return self.default_rule if self.racing else None
        return self.racing


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
