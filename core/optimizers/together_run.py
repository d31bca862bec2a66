"""Searches one after another on one budget and in one log: the run behind `BetterTogether`.

Knows nothing about strategies. Every step is a search of its own, which is given what is left of each cap; programs
that their optimizer did not score on the rows to choose by are scored by a search of one candidate.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.data.example import Example
from core.foundation.errors import BudgetExceeded, ResumeMismatch, RunLogError, WorkbenchError
from core.foundation.words import counted
from core.modules.module import Module
from core.optimizers.base import Optimizer, OptimizerParams
from core.optimizers.shared_log import SharedLog
from core.optimizers.together_report import StepReport, TogetherReport
from core.search.budget import UNITS, Budget, Spend
from core.search.proposal import Proposal
from core.search.result import ScoreReport
from core.search.run_log import Event, RunLog
from core.search.view import SearchView

__all__ = ["SharedRun"]

_log = logging.getLogger("core.optimizers")


class SharedRun:
    """One compile: the programs so far, what they scored and what is left of the budget."""

    def __init__(
        self,
        metric: Callable[..., Any],
        choose: list[Example] | None,
        budget: Budget,
        log: RunLog,
        shared: Mapping[str, Any],
        on_event: Callable[[Event], None] | None,
    ) -> None:
        self._metric = metric
        self._choose = choose or None
        self._budget = budget
        self._log = SharedLog(log)
        self._shared = dict(shared)
        self._on_event = on_event
        self._spent, self._seconds = Spend(), 0.0
        self._programs: list[Module] = []
        self._steps: list[StepReport] = []
        self._failed = ""
        self._stop = ("done", "All steps were made.")

    async def baseline(self, student: Module) -> None:
        """Score the program as it is given."""
        program = student.deepcopy()
        score = await self._score("0:as given", program) if self._choose else None
        self._programs.append(program)
        self._steps.append(StepReport("", "", score, self._spent.calls, self._seconds, "", None))

    async def step(self, name: str, optimizer: Any, arguments: Mapping[str, Any]) -> bool:
        """Make one step from the program of the last; return whether there is more to come."""
        if self._ended():
            return False
        part = f"{len(self._steps)}:{name}"
        student = self._programs[-1].deepcopy()
        student._compiled = False  # what a step made, the next one improves
        before = self._spent.calls, self._seconds
        try:
            program = await self._searched(part, optimizer, student, {"valset": self._choose, **arguments})
            score = await self._score_of(part, optimizer, program)
        except (RunLogError, ResumeMismatch, BudgetExceeded):
            raise
        except WorkbenchError as error:
            if len(self._steps) == 1:
                raise
            self._failed = f"Step {part} failed, and those before it count: {error}"
            self._stop = ("error", self._failed)
            _log.warning("%s", self._failed)
            return False
        self._programs.append(program)
        calls, seconds = self._spent.calls - before[0], self._seconds - before[1]
        made = program.report
        strategy = " -> ".join([*(step.name for step in self._steps if step.name), name])
        self._steps.append(StepReport(name, strategy, score, calls, seconds, made.stop_reason, made))
        if made.stop_code == "stopped":
            self._stop = ("stopped", made.stop_reason)
            return False
        return True

    def result(self, names: Sequence[str]) -> Any:
        """Return the best program, or the last where nothing was scored."""
        means = [_mean(step.score) for step in self._steps]
        scored = [place for place, mean in enumerate(means) if mean is not None]
        best = max(scored, key=lambda place: means[place] or 0.0) if scored else len(self._programs) - 1
        program: Any = self._programs[best].deepcopy()
        program._compiled = True
        order = sorted(range(len(means)), key=lambda place: (means[place] is None, -(means[place] or 0.0)))
        program.candidate_programs = [
            {
                "score": None if (score := self._steps[place].score) is None else score.percent,
                "program": self._programs[place],
                "strategy": self._steps[place].strategy,
            }
            for place in order
        ]
        program.flag_compilation_error_occurred = bool(self._failed)
        program.report = TogetherReport(
            strategy=" -> ".join(names),
            best=self._steps[best].strategy,
            score=self._steps[best].score,
            baseline=self._steps[0].score,
            steps=tuple(self._steps),
            stop_code=self._stop[0],
            stop_reason=self._stop[1],
            spend=self._spent.to_dict(),
            seconds=round(self._seconds, 3),
            budget=self._budget.to_dict(),
            warnings=(self._failed,) if self._failed else (),
        )
        return program

    def _ended(self) -> bool:
        asked = self._shared["stop_requested"]
        if asked is not None and asked():
            self._stop = ("stopped", "A stop was requested; the best so far was kept.")
        left = self._left().to_dict()
        used_up = [name for name, value in left.items() if value is not None and value <= 0]
        if used_up:
            name = used_up[0]
            cap = self._budget.to_dict()[name] or 0
            self._stop = (
                "budget",
                f"The budget of {counted(cap, UNITS[name].removesuffix('s'))} is used up; later steps were not made.",
            )
        return self._stop[0] != "done"

    def _left(self) -> Budget:
        used = {
            "calls": self._spent.calls,
            "tokens": self._spent.tokens,
            "cost": self._spent.cost,
            "seconds": self._seconds,
        }
        caps = self._budget.to_dict()
        return Budget.of(
            {name: None if cap is None else max(0, cap - used[name]) for name, cap in caps.items()}
        )

    async def _searched(
        self, part: str, optimizer: Any, student: Module, arguments: Mapping[str, Any]
    ) -> Any:
        """Run one search on what is left of the budget, and count what it spent however it ends."""
        log = self._log.part(part)
        tell, report = self._on_event, None
        events = None if tell is None else (lambda event: tell({**event, "part": part}))
        settings = {name: value for name, value in self._shared.items() if value is not None}
        try:
            program = await optimizer.acompile(
                student, **{**settings, **arguments}, budget=self._left(), run_log=log, on_event=events
            )
            report = program.report
            return program
        finally:
            self._spent.add(log.spent if report is None else Spend.from_dict(report.spend))
            self._seconds += 0.0 if report is None else report.seconds

    async def _score_of(self, part: str, optimizer: Any, program: Any) -> ScoreReport | None:
        """Return the score of a step's program on the rows to choose by: its own where it is just that."""
        if self._choose is None:
            return None
        own = program.report.score
        full = own is not None and own.full and own.of == len(self._choose) and own.on == "validation"
        if full and getattr(optimizer, "metric", None) is self._metric:
            return own
        return await self._score(f"{part}:score", program)

    async def _score(self, part: str, program: Module) -> ScoreReport | None:
        if self._ended():
            return None
        student = program.deepcopy()
        made = await self._searched(
            part, _AsGiven(self._metric), student, {"trainset": (), "valset": self._choose}
        )
        score = made.report.score
        return score if score is not None and score.full else None


class _AsGiven(Optimizer[OptimizerParams]):
    """Scores a program as it is, inside the budget and written down like any other search."""

    name = "as_given"
    Params = OptimizerParams
    gives_demos = False

    def __init__(self, metric: Callable[..., Any]) -> None:
        super().__init__(OptimizerParams(), metric=metric)

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose the program."""
        return () if view.round else [Proposal({}, label="as given", notes={"baseline": True})]


def _mean(score: ScoreReport | None) -> float | None:
    return None if score is None or not score.full else score.mean
