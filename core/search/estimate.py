"""What a compile would take, before it sends anything: calls, and from a probe tokens, money and time, phase by phase.

Knows nothing about any model's price. The formulas are the optimizers' own; answers from the cache make the true
numbers smaller. What one call takes comes from a few probe runs (`core.search.probing`): calls of the program, and
apart from them those of a teacher and of a model that writes instructions, which may be other models at other prices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Protocol

from core.foundation.words import counted
from core.modules.module import Module
from core.modules.parts import children
from core.search.budget import Budget

__all__ = ["Amount", "Asked", "Estimate", "Measured", "Phase", "calls_per_run", "confirmation_phase"]

REPAIR = 2
"""A predictor sends at most an answer and one repair turn, retries after transport failures aside."""

Asked = Literal["program", "teacher", "writer", "judge"]
"""Whose calls a phase makes: the program's own, a teacher's, those of the model that writes instructions, or those of a
metric that asks a model itself."""

JUDGING = "judge the answers"


@dataclass(frozen=True)
class Amount:
    """A range: at least, likely, at most."""

    low: float
    likely: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Amount:
        """Return the least, the mean and the most of some values."""
        return cls(min(values), math.fsum(values) / len(values), max(values))

    @classmethod
    def total(cls, amounts: Iterable[Amount | None]) -> Amount | None:
        """Return the sum; None where one is not known."""
        known: list[Amount] = []
        for amount in amounts:
            if amount is None:
                return None
            known.append(amount)
        return cls(
            *(math.fsum(ends) for ends in zip(*((a.low, a.likely, a.high) for a in known), strict=True))
        )

    def at_most(self, cap: float | None) -> Amount:
        """Return the range with no end above the cap."""
        if cap is None:
            return self
        return Amount(min(self.low, cap), min(self.likely, cap), min(self.high, cap))


@dataclass(frozen=True)
class Phase:
    """One phase of a compile with its range of calls; after `Estimate.priced` also of tokens, money and time.

    Attributes:
        asks: Whose calls they are.
        unraced: What to expect where no candidate is dropped on the way; None: as with racing.
        tokens: Prompt and completion tokens; None before `priced`, as are the others.
        cost: US dollars; None where a price is unknown.
        seconds: Wall time; None where nothing was sent to measure.
    """

    name: str
    low: int
    likely: int
    high: int
    asks: Asked = "program"
    unraced: int | None = None
    tokens: Amount | None = None
    cost: Amount | None = None
    seconds: Amount | None = None


class Measured(Protocol):
    """What an estimate needs of a probe, or of whoever else knows what one call takes."""

    @property
    def prompt_tokens(self) -> Amount: ...
    @property
    def completion_tokens(self) -> Amount: ...
    @property
    def demo_tokens(self) -> float: ...
    @property
    def seconds(self) -> Amount | None: ...
    @property
    def cost(self) -> Amount | None: ...


SPREAD = 1.5
"""How far single calls go beyond the few that a probe saw, either way."""

WRITING_SPREAD = 6.0
"""The same of questions to a model that writes: optimizers show it anything from one row to the whole program."""

WITH_DEMOS = frozenset({"program", "teacher"})
"""Whose prompts carry the demos of a candidate."""

DRIFT = 4.0
"""How far the time of a call goes beyond it: a server under load answers later, a batch sooner."""


@dataclass(frozen=True)
class Estimate:
    """Calls per phase and in all; after `priced` also tokens, money and time.

    Attributes:
        phases: In the order in which they begin.
        caps: What the search may spend at most; no sum is above it.
    """

    phases: tuple[Phase, ...] = ()
    caps: Budget = field(default_factory=Budget)

    @property
    def low(self) -> int:
        """The least number of calls; where tokens, money or time are capped, so many as the cap surely pays for."""
        count, paid = sum(phase.low for phase in self.phases), self._surely_paid()
        return self._calls(count if paid is None else min(count, paid))

    @property
    def likely(self) -> int:
        """What to expect."""
        count = sum(phase.likely for phase in self.phases)
        for cap, part in self._capped():
            amount = self._sum(None, part)
            if amount is not None and amount.likely > cap:
                count = min(count, math.floor(count * cap / amount.likely))
        return self._calls(max(self.low, count))

    @property
    def high(self) -> int:
        """The most, were every reply to need a repair turn and no candidate to be dropped."""
        return self._calls(sum(phase.high for phase in self.phases))

    @property
    def tokens(self) -> Amount | None:
        """Prompt and completion tokens; None before `priced`, as are the next two."""
        return self._sum(self.caps.tokens, lambda phase: phase.tokens)

    @property
    def cost(self) -> Amount | None:
        """US dollars; None where a price is unknown."""
        return self._sum(self.caps.cost, lambda phase: phase.cost)

    @property
    def seconds(self) -> Amount | None:
        """Wall time; None where nothing was sent to measure."""
        return self._sum(self.caps.seconds, lambda phase: phase.seconds)

    def capped(self, budget: Budget) -> Estimate:
        """Return the estimate of a search that stops at these caps."""
        return replace(self, caps=budget)

    def unraced(self) -> Estimate:
        """Return the estimate of a search that drops no candidate on the way."""
        phases = tuple(
            phase if phase.unraced is None else replace(phase, likely=phase.unraced, unraced=None)
            for phase in self.phases
        )
        return replace(self, phases=phases)

    def judged(self, each: Mapping[Asked, Amount]) -> Estimate:
        """Return the estimate with the calls of a metric that asks a model itself.

        Args:
            each: How many such calls there are for one call of the program, and for one of a teacher.
        """
        runs = [phase for phase in self.phases if phase.asks != "judge"]
        pairs = [(phase, each[phase.asks]) for phase in runs if phase.asks in each]
        low = math.floor(math.fsum(phase.low * share.low for phase, share in pairs))
        likely = round(math.fsum(phase.likely * share.likely for phase, share in pairs))
        high = math.ceil(math.fsum(phase.high * share.high for phase, share in pairs))
        if not high:
            return replace(self, phases=tuple(runs))
        judging = Phase(JUDGING, low, max(low, likely), max(low, likely, high), "judge")
        return replace(self, phases=(*runs, judging))

    def priced(
        self,
        call: Measured,
        *,
        demos: int = 0,
        num_threads: int = 1,
        teacher: Measured | None = None,
        writer: Measured | None = None,
        judge: Measured | None = None,
    ) -> Estimate:
        """Return the estimate with tokens, money and time, of every phase.

        Args:
            call: What one call takes, of `core.search.probing.probe`; where that was given the metric, it also says how
                often the metric asks a model, and that is counted.
            demos: How many demos a candidate's prompt may carry (`optimizer.most_demos`).
            num_threads: Calls in flight.
            teacher: The same of a teacher with a model of its own; None: as the program.
            writer: What one question to the model that writes instructions takes, of
                `core.search.probing.probe_writer`; None: as a call of the program.
            judge: What a call of the metric takes; None: as the probe measured it, or as a call of the program.
        """
        asked: dict[Asked, Measured] = {
            "program": call,
            "teacher": teacher or call,
            "writer": writer or call,
            "judge": judge or getattr(call, "judge", None) or call,
        }
        share: Amount | None = getattr(call, "judge_calls", None)
        counted = self if share is None else self.judged({"program": share, "teacher": share})
        phases = tuple(
            _priced(phase, asked[phase.asks], demos if phase.asks in WITH_DEMOS else 0, max(1, num_threads))
            for phase in counted.phases
        )
        return replace(self, phases=phases)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "phases": [
                {
                    name: value
                    for name, value in asdict(phase).items()
                    if value is not None and name != "unraced"
                }
                for phase in self.phases
            ],
            "calls": {"low": self.low, "likely": self.likely, "high": self.high},
            **{name: asdict(amount) for name, amount in self._amounts().items() if amount is not None},
        }

    def __str__(self) -> str:
        calls = f"{counted(self.likely, 'call', grouped=True)} ({self.low:,} to {self.high:,})"
        digits = {"tokens": ("tokens", 0), "cost": ("US dollars", 4), "seconds": ("seconds", 0)}
        parts = [
            f"{amount.likely:,.{digits[name][1]}f} {digits[name][0]} "
            f"({amount.low:,.{digits[name][1]}f} to {amount.high:,.{digits[name][1]}f})"
            for name, amount in self._amounts().items()
            if amount is not None
        ]
        return "; ".join([calls, *parts])

    def _amounts(self) -> dict[str, Amount | None]:
        return {"tokens": self.tokens, "cost": self.cost, "seconds": self.seconds}

    def _calls(self, count: int) -> int:
        return count if self.caps.calls is None else min(count, self.caps.calls)

    def _capped(self) -> list[tuple[float, Callable[[Phase], Amount | None]]]:
        """Return the caps beside that on calls, each with what of a phase counts against it."""
        caps: list[tuple[float | None, Callable[[Phase], Amount | None]]] = [
            (self.caps.tokens, lambda phase: phase.tokens),
            (self.caps.cost, lambda phase: phase.cost),
            (self.caps.seconds, lambda phase: phase.seconds),
        ]
        return [(cap, part) for cap, part in caps if cap is not None]

    def _surely_paid(self) -> int | None:
        """Return how many calls the caps on tokens, money and time pay for, were each as dear as any may be; None:
        there is no such cap.
        """
        paid: int | None = None
        asking = [phase for phase in self.phases if phase.high]
        for cap, part in self._capped() if asking else ():
            dearest = [(amount := part(phase)) and amount.high / phase.high for phase in asking]
            known = [each for each in dearest if each is not None]
            if len(known) < len(dearest):
                return 0
            if most := max(known):
                count = math.floor(cap / most)
                paid = count if paid is None else min(paid, count)
        return paid

    def _sum(self, cap: float | None, part: Callable[[Phase], Amount | None]) -> Amount | None:
        asking = [phase for phase in self.phases if phase.high] or self.phases
        total = Amount.total(part(phase) for phase in asking) if asking else None
        return None if total is None else total.at_most(cap)


def _priced(phase: Phase, call: Measured, demos: int, width: int) -> Phase:
    prompt, reply, more = call.prompt_tokens, call.completion_tokens, call.demo_tokens * demos
    spread = WRITING_SPREAD if phase.asks == "writer" else SPREAD
    low = math.floor(phase.low * (prompt.low + reply.low) / spread)
    likely = round(phase.likely * (prompt.likely + more / 2 + reply.likely))
    high = math.ceil(phase.high * (prompt.high + more + reply.high) * spread)
    tokens = Amount(low, max(low, likely), max(low, likely, high))
    # A longer prompt costs at most what its tokens would at the mean price of all, replies included.
    mean = prompt.likely + reply.likely
    grown = more / mean if mean else 0.0
    cost, seconds = call.cost, call.seconds
    return replace(
        phase,
        tokens=tokens,
        cost=None
        if cost is None
        else Amount(
            phase.low * cost.low / spread,
            phase.likely * cost.likely * (1 + grown / 2),
            phase.high * cost.high * (1 + grown) * spread,
        ),
        seconds=None
        if seconds is None
        else Amount(
            phase.low * seconds.low / width / DRIFT,
            phase.likely * seconds.likely / width,
            phase.high * seconds.high * DRIFT,  # at worst one call after another
        ),
    )


def confirmation_phase(student: Module, rows: int) -> Phase:
    """Return what comparing the winner with the program as given takes; at least one of the two is run."""
    full = rows * calls_per_run(student)
    return Phase("confirm the winner", full, 2 * full, 2 * full * REPAIR)


def calls_per_run(program: Module) -> int:
    """Return how many calls one run takes when each predictor is called once, and attempts are made to the last."""
    return max(1, _calls(program, set()))


def _calls(part: Any, seen: set[int]) -> int:
    from core.modules.predict import Predict

    seen.add(id(part))
    inside = sum(_calls(child, seen) for _, child in children(part) if id(child) not in seen)
    return part.calls_with(inside) + isinstance(part, Predict)
