"""Caps on what a search may spend, and the gate in front of every request that holds them.

Knows nothing about candidates or logs. A call is one request sent upstream, retries included; answers from the cache
cost nothing and never come here. A call is counted before it is sent, so that the cap on calls is exact at any
concurrency. What a call costs in tokens and money is known afterwards only: those caps may be overrun by the calls
that were in flight when they were reached, never by more. A search that keeps a part back to confirm its winner may
reach them twice, at the end of its own part and at the end of the rest.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from core.foundation.errors import BudgetExceeded, ConfigurationError
from core.foundation.words import counted

__all__ = ["Budget", "Gate", "Spend"]

WARN_AT = (0.5, 0.8)
"""Shares of a cap at which a warning event is written."""


@dataclass(frozen=True)
class Budget:
    """Caps; None is no cap.

    Attributes:
        calls: Requests sent upstream, retries included; never exceeded.
        tokens: Prompt and completion tokens.
        cost: US dollars.
        seconds: Wall time, earlier sessions of a resumed search included.
    """

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value, whole = getattr(self, field.name), field.name in {"calls", "tokens"}
            if value is not None and not _can_be_cap(value, whole):
                raise ConfigurationError(
                    f"The budget's {field.name} is {value!r}.",
                    hint=f"Give a {'whole ' if whole else ''}number that is not negative, or None.",
                )

    @property
    def capped(self) -> bool:
        """True where calls, tokens or money have a cap; wall time alone does not count."""
        return not (self.calls is None and self.tokens is None and self.cost is None)

    def to_dict(self) -> dict[str, float | None]:
        """Return the caps by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def of(cls, value: Budget | Mapping[str, Any] | int | None) -> Budget:
        """Return `value` as a budget; a bare number caps the calls.

        Raises:
            ConfigurationError: It is none, or a cap has an unknown name or a negative value.
        """
        if value is None or isinstance(value, Budget):
            return value or cls()
        if isinstance(value, (int, float)):
            return cls(calls=value)  # pyright: ignore[reportArgumentType]  # half a call is refused there
        if not isinstance(value, Mapping):
            raise ConfigurationError(
                f"budget={value!r} is no budget.",
                hint="Give a number of calls, or caps by name: {'calls': 500, 'cost': 2.0}.",
            )
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(value) - known)
        if unknown:
            raise ConfigurationError(
                f"A budget has no cap called '{unknown[0]}'.", hint=f"There are: {', '.join(sorted(known))}."
            )
        return cls(**value)


def _can_be_cap(value: object, whole: bool) -> bool:
    """Half a call cannot be sent: a cap between two numbers would let the higher one pass."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 0 <= value < math.inf and (not whole or value == int(value))


@dataclass(slots=True)
class Spend:
    """What was spent.

    Attributes:
        calls: Sent upstream.
        cost: US dollars, of the calls whose price is known.
        unpriced: Answered calls whose price is not.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0

    @property
    def tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens

    def add(self, other: Spend) -> None:
        """Add another spend to this one."""
        self.calls += other.calls
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.cost += other.cost
        self.unpriced += other.unpriced

    def to_dict(self) -> dict[str, float]:
        """Return it by name; `unpriced` only where there are such calls."""
        found: dict[str, float] = {
            "calls": self.calls,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cost": round(self.cost, 10),
        }
        return {**found, "unpriced": self.unpriced} if self.unpriced else found

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Spend:
        """Return what `to_dict` wrote; absent names are zero."""
        return cls(
            calls=int(values.get("calls") or 0),
            prompt_tokens=int(values.get("prompt_tokens") or 0),
            completion_tokens=int(values.get("completion_tokens") or 0),
            cost=float(values.get("cost") or 0.0),
            unpriced=int(values.get("unpriced") or 0),
        )


class Gate:
    """Lets a request pass while the budget lasts.

    Args:
        budget: The caps.
        spent: What earlier sessions of the same search spent.
        elapsed: Their wall time in seconds.
        clock: Seconds; for tests.
        search_part: What the search itself may spend of the budget; the rest is free after `release`.
        warn: Told (resource, share) once when a cap is half or four fifths used.
    """

    def __init__(
        self,
        budget: Budget,
        *,
        spent: Spend | None = None,
        elapsed: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        search_part: Budget | None = None,
        warn: Callable[[str, float], None] | None = None,
    ) -> None:
        self.budget = search_part or budget
        self.whole = budget
        self.spent = spent or Spend()
        self.exhausted: str | None = None
        self._forfeited = False
        self._lock = threading.Lock()
        self._clock = clock
        self._start = clock() - elapsed
        self._warn = warn
        self._warned: set[tuple[str, float]] = set()
        self._warn_silently()

    @property
    def elapsed(self) -> float:
        """Wall seconds of the search, earlier sessions included."""
        return self._clock() - self._start

    def check(self) -> None:
        """Raise where nothing more may be started.

        Raises:
            BudgetExceeded: A cap is reached.
        """
        with self._lock:
            self._refuse_if_used_up()

    def take(self) -> None:
        """Count one call, before it is sent.

        Raises:
            BudgetExceeded: It must not be sent; nothing was counted.
        """
        with self._lock:
            self._refuse_if_used_up()
            self.spent.calls += 1
        self._tell()

    def settle(self, answered: Spend) -> None:
        """Add what an answered call took beside being a call, which `take` counted."""
        with self._lock:
            self.spent.add(replace(answered, calls=0))
        self._tell()

    def charge(self, spend: Spend) -> None:
        """Count what an earlier session of the same search paid; never refuses."""
        with self._lock:
            self.spent.add(spend)
        self._newly_passed()

    def forfeit(self) -> None:
        """Take the search's part as used up: what it really used of it depends on what was in flight at its end."""
        self._forfeited = True

    def release(self) -> None:
        """Let the rest of the budget be spent; after `forfeit` that is what the search's part left of it."""
        with self._lock:
            self.budget = self._with_what_was_kept_back() if self._forfeited else self.whole
            self.exhausted = None

    def _with_what_was_kept_back(self) -> Budget:
        caps = {name: cap for name, cap in self.whole.to_dict().items() if cap is not None}
        spent = {"calls": self.spent.calls, "tokens": self.spent.tokens, "cost": self.spent.cost}
        part = self.budget.to_dict()
        return Budget.of(
            {
                name: cap - (part[name] or 0) + spent[name] if name in spent else cap
                for name, cap in caps.items()
            }
        )

    def used(self, budget: Budget | None = None) -> dict[str, tuple[float, float]]:
        """Return {resource: (used, cap)} of every cap of the whole budget, or of another."""
        caps = budget or self.whole
        pairs: dict[str, tuple[float, float | None]] = {
            "calls": (self.spent.calls, caps.calls),
            "tokens": (self.spent.tokens, caps.tokens),
            "cost": (self.spent.cost, caps.cost),
            "seconds": (self.elapsed, caps.seconds),
        }
        return {name: (used, cap) for name, (used, cap) in pairs.items() if cap is not None}

    def overspent(self) -> bool:
        """True where more was spent than a cap on tokens or money allows."""
        caps = self.used(self.budget)
        return any(used > cap for name, (used, cap) in caps.items() if name in {"tokens", "cost"})

    def said(self) -> list[str]:
        """Return a sentence for each cap of which a half or four fifths are used, as far as it went."""
        passed = {
            name: max(share for other, share in self._warned if other == name) for name, _ in self._warned
        }
        return [self.passed(name, share) for name, share in sorted(passed.items())]

    def passed(self, resource: str, share: float) -> str:
        """Return in a sentence that so much of a cap is used."""
        cap = counted(self.whole.to_dict()[resource] or 0, UNITS[resource].removesuffix("s"), grouped=True)
        return f"{share:.0%} of the budget of {cap} is used."

    def remaining_calls(self) -> int | None:
        """Calls left; None without a cap."""
        return None if self.budget.calls is None else max(0, self.budget.calls - self.spent.calls)

    def _refuse_if_used_up(self) -> None:
        for name, (used, cap) in self.used(self.budget).items():
            if used >= cap:
                self.exhausted = name
                raise BudgetExceeded(
                    f"The budget of {counted(cap, UNITS[name].removesuffix('s'))} is used up.",
                    resource=name,
                    hint="Raise the cap and run the same call with the same run log to go on.",
                )

    def _tell(self) -> None:
        if self._warn is not None:
            for name, share in self._newly_passed():
                self._warn(name, share)

    def _warn_silently(self) -> None:
        self._newly_passed()

    def _newly_passed(self) -> list[tuple[str, float]]:
        passed: list[tuple[str, float]] = []
        for name, (used, cap) in self.used().items():
            for share in WARN_AT:
                if cap and used >= share * cap and (name, share) not in self._warned:
                    self._warned.add((name, share))
                    passed.append((name, share))
        return passed


UNITS = {"calls": "calls", "tokens": "tokens", "cost": "US dollars", "seconds": "seconds"}
"""How messages name the resources."""
