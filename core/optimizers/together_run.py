"""Searches one after another on one budget and in one log: the run behind `BetterTogether`.

Knows nothing about strategies. Every step is a search of its own, which is given what is left of each cap; programs
that their optimizer did not score on the rows to choose by are scored by a search of one candidate. At the end the best
of them and the program as given are run on rows that chose nothing, where there are some.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.data.example import Example
from core.foundation.errors import BudgetExceeded, ResumeMismatch, RunLogError, WorkbenchError
from core.foundation.fingerprint import fingerprint
from core.foundation.words import counted
from core.modules.module import Module
from core.optimizers.base import Optimizer, OptimizerParams
from core.optimizers.shared_log import PartLog, SharedLog
from core.optimizers.together_end import Ended, Made, program_with_report, unless_of_budget, used_of
from core.optimizers.together_scores import RowScores, confirmation
from core.search.budget import UNITS, Budget, Spend
from core.search.candidate import state_key
from core.search.confirm import search_part
from core.search.problem import Problem, items_of
from core.search.proposal import Proposal
from core.search.racing import TIE
from core.search.records import Confirmation
from core.search.result import ScoreReport
from core.search.run_log import Event, RunLog
from core.search.view import SearchView

__all__ = ["SharedRun"]

_log = logging.getLogger("core.optimizers")

AS_GIVEN = state_key({})


class SharedRun:
    """One compile: the programs so far, what they scored and what is left of the budget.

    Args:
        metric: Compares the programs.
        choose: Rows to choose by; None: there are none.
        problem: Holds the rows to confirm on; None: nothing is confirmed.
        budget: Caps on all together.
        log: Where all is written.
        shared: What every step is given; at a program whose mean reaches `target` all steps end.
        on_event: Told every event.
    """

    def __init__(
        self,
        metric: Callable[..., Any],
        choose: list[Example] | None,
        problem: Problem | None,
        budget: Budget,
        log: RunLog,
        shared: Mapping[str, Any],
        on_event: Callable[[Event], None] | None,
    ) -> None:
        self._metric = metric
        self._choose = choose or None
        self._problem = problem
        self._budget = budget
        self._caps = budget if problem is None else search_part(budget, problem)
        self._log = SharedLog(log)
        self._shared = dict(shared)
        self._on_event = on_event
        self._made: list[Made] = []
        self._ended = Ended()
        self._seconds = 0.0

    async def baseline(self, student: Module) -> None:
        """Score the program as it is given."""
        program = student.deepcopy()
        score, rows = await self._score("0:as given", program)
        self._made.append(Made("", program, score, rows, self._ended.spend.calls, self._seconds))
        self._end_at_target()

    async def step(self, name: str, optimizer: Any, arguments: Mapping[str, Any]) -> bool:
        """Make one step from the program of the last; return whether there is more to come."""
        if self._is_over():
            return False
        part = f"{len(self._made)}:{name}"
        student = self._made[-1].program.deepcopy()
        student._compiled = False  # what a step made, the next one improves
        before = self._ended.spend.calls, self._seconds
        try:
            program, log = await self._searched(
                part, optimizer, student, {"valset": self._choose, **arguments}
            )
            score, rows = await self._score_of(part, optimizer, program, log)
        except (RunLogError, ResumeMismatch, BudgetExceeded):
            raise
        except WorkbenchError as error:
            if len(self._made) == 1:
                raise
            self._ended.failed = f"Step {part} failed, and those before it count: {error}"
            self._ended.stop = ("error", self._ended.failed)
            _log.warning("%s", self._ended.failed)
            return False
        spent = self._ended.spend.calls - before[0], self._seconds - before[1]
        self._made.append(Made(name, program, score, rows, *spent, report=program.report))
        if program.report.stop_code == "stopped":
            self._ended.stop = ("stopped", program.report.stop_reason)
        self._end_at_target()
        return self._ended.stop[0] == "done"

    async def confirm(self) -> None:
        """Run the best program and the one that was given on rows that chose nothing, with all that is left."""
        if self._problem is None:
            return
        self._caps = self._budget
        best, given, spent = self._ended.best(self._made), self._made[0], Spend()
        same = best.program.dump_state() == given.program.dump_state()
        try:
            chosen = await self._confirming(best.program, spent, 1.0 if same else 0.5)
            other = None if same else await self._confirming(given.program, spent, 1.0)
        except (RunLogError, ResumeMismatch):
            raise
        except WorkbenchError as error:
            self._ended.own.append(f"The winner could not be confirmed: {error}")
            return
        self._tell(confirmation(self._problem, chosen, other, spent))

    def _tell(self, found: Confirmation | None) -> None:
        self._ended.confirmation = found
        if found is None:
            self._ended.own.append(
                "The winner could not be confirmed: the search was over before any row of it ran."
            )
        elif not found.score.full:
            self._ended.own.append(
                f"The winner was confirmed on {found.score.rows} of {found.score.of} rows only."
            )

    def result(self, strategy: str, params: Mapping[str, Any], seed: int) -> Any:
        """Return the best program, or the last where nothing was scored, with its report."""
        rows = [item.key for item in items_of(self._choose or (), "valset")]
        return program_with_report(
            self._made,
            self._ended,
            rows,
            strategy=strategy,
            params=params,
            seed=seed,
            budget=self._budget,
            seconds=self._seconds,
            racing=self._shared.get("racing") is not False,
        )

    def _end_at_target(self) -> None:
        target, last = self._shared.get("target"), self._made[-1]
        mean = last.mean
        if self._ended.stop[0] == "done" and target is not None and mean is not None and mean >= target - TIE:
            what = (
                f"The program of step {len(self._made) - 1} ({last.name})"
                if last.name
                else "The program as given"
            )
            self._ended.stop = (
                "target",
                f"{what} reached the target of {target:.1%} with {mean:.1%}; later steps were not made.",
            )

    def _is_over(self) -> bool:
        asked = self._shared["stop_requested"]
        if asked is not None and asked():
            self._ended.stop = ("stopped", "A stop was requested; the best so far was kept.")
        left = self._left().to_dict()
        used_up = [name for name, value in left.items() if value is not None and value <= 0]
        if used_up:
            name = used_up[0]
            cap = self._budget.to_dict()[name] or 0
            self._ended.stop = (
                "budget",
                f"The budget of {counted(cap, UNITS[name].removesuffix('s'))} is used up; later steps were not made.",
            )
        return self._ended.stop[0] != "done"

    def _left(self, share: float = 1.0) -> Budget:
        """Return what is left of each cap, or a share of it: of time, always all of it."""
        spent = self._ended.spend
        used = {"calls": spent.calls, "tokens": spent.tokens, "cost": spent.cost, "seconds": self._seconds}
        left = {
            name: None if cap is None else max(0, cap - used[name])
            for name, cap in self._caps.to_dict().items()
        }
        for name in ("calls", "tokens", "cost") if share < 1 else ():
            part = left[name]
            if part is not None:
                left[name] = part * share if name == "cost" else -int(-part * share // 1)
        return Budget.of(left)

    async def _searched(
        self,
        part: str,
        optimizer: Any,
        student: Module,
        arguments: Mapping[str, Any],
        share: float = 1.0,
    ) -> tuple[Any, PartLog]:
        """Run one search on what is left of the budget, and count what it spent however it ends."""
        log, confirming = self._log.part(part), part.startswith(CONFIRMING)
        tell, report = self._on_event, None
        events = None if tell is None else (lambda event: tell({**event, "part": part}))
        settings = {name: value for name, value in self._shared.items() if value is not None}
        try:
            program = await optimizer.acompile(
                student,
                **{**settings, **arguments},
                budget=self._left(share),
                run_log=log,
                on_event=events,
            )
            report = program.report
            return program, log
        finally:
            self._count(log.spent, report, confirming)
            if getattr(optimizer, "metric", None) is self._metric and not confirming:
                self._ended.tried += log.rows.values()

    def _count(self, spent: Spend, report: Any, confirming: bool) -> None:
        """Count what a search took: all that the log knows of one that failed."""
        found = spent if report is None else Spend.from_dict(report.spend)
        parts = {"failed steps": spent.to_dict()} if report is None else report.spend_by_purpose
        self._ended.count(found, {"confirm": found.to_dict()} if confirming else parts)
        self._seconds += 0.0 if report is None else report.seconds
        before = self._ended.of_budget
        self._ended.of_budget = used_of(self._budget, self._ended.spend, self._seconds)
        for text in self._ended.of_budget:
            if text not in before:
                _log.warning("%s", text)

    async def _score_of(
        self, part: str, optimizer: Any, program: Any, log: PartLog
    ) -> tuple[ScoreReport | None, RowScores]:
        """Return the score of a step's program on the rows to choose by: its own where it is just that."""
        if self._choose is None:
            return None, {}
        own = program.report.score
        full = own is not None and own.full and own.of == len(self._choose) and own.on == "validation"
        if full and getattr(optimizer, "metric", None) is self._metric:
            return own, _rows_of(program.report, log)
        return await self._score(f"{part}:score", program)

    async def _score(self, part: str, program: Module) -> tuple[ScoreReport | None, RowScores]:
        if self._choose is None or self._is_over():
            return None, {}
        made, log = await self._searched(part, *self._as_given(program, self._choose))
        self._ended.remarks += [(part.removeprefix("0:"), text) for text in unless_of_budget(made.report)]
        score = made.report.score
        return (score, log.rows.get(AS_GIVEN, {})) if score is not None and score.full else (None, {})

    async def _confirming(self, program: Module, spent: Spend, share: float) -> RowScores:
        """Return a program's scores on the rows to confirm on; a part of the log for each program, as a raised cap may
        bring another winner.

        Args:
            spent: What it takes is added here.
            share: Of what is left of the budget.
        """
        assert self._problem is not None
        rows = [item.example for item in self._problem.confirm]
        part = f"{CONFIRMING}{fingerprint(program.dump_state())[:12]}"
        made, log = await self._searched(part, *self._as_given(program, rows), share)
        spent.add(Spend.from_dict(made.report.spend))
        return log.rows.get(AS_GIVEN, {})

    def _as_given(
        self, program: Module, rows: list[Example]
    ) -> tuple[Optimizer[Any], Module, dict[str, Any]]:
        alone = {"trainset": (), "valset": rows, "target": None, "plateau": None, "racing": True}
        return _AsGiven(self._metric), program.deepcopy(), alone


CONFIRMING = "confirm:"


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


def _rows_of(report: Any, log: PartLog) -> RowScores:
    """Return what a step's winner scored, by row."""
    own = getattr(report, "row_scores", None)
    if own is not None:
        return own
    winner = report.winner
    return {} if winner is None else log.rows.get(state_key(winner.state), {})
