"""The workbench of a search: runs rows and traces in units, inside the budget, each once, and writes them down.

Knows nothing about which candidates are good. A unit is the set of jobs between two decisions. Under a cap on calls,
tokens or money a unit runs in one of two ways, chosen by what was spent before it and by the dearest job so far, so
the choice and with it the result are the same at any concurrency:

* There is plainly room for all of it: its jobs run together, and count only if all of them finish. Where one turns out
  dearer than any before, the budget may end in their midst; what that took then depends on which were in flight, so
  nothing else may: none of them counts, and what is kept back for confirming the winner is that and no more.
* The end of the budget is near: its jobs run one after another, and each that finishes counts.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeVar

from core.evaluate.call import MetricCall, ProgramCall
from core.foundation.errors import BudgetExceeded
from core.foundation.threads import DaemonThreads
from core.search.budget import Gate, Spend
from core.search.candidate import Candidate, build
from core.search.estimate import calls_per_run
from core.search.events import answer_of, ask_event, attempt_of, row_event, row_result_of, trace_event
from core.search.failures import Failures
from core.search.jobs import (
    PROGRAM_FAILED,
    Answer,
    AskJob,
    Attempt,
    RowJob,
    RowResult,
    TraceJob,
    run_ask,
    run_row,
    run_trace,
)
from core.search.journal import Journal
from core.search.ledger import JobRecord, Ledger
from core.search.meter import JobMeter
from core.search.problem import Problem
from core.search.runner import run_jobs

__all__ = ["Bench"]

Result = TypeVar("Result", RowResult, Attempt, Answer)

FIRST_BOUND = 2
"""Calls that one predictor is allowed for before anything ran: an answer and one repair turn."""


@dataclass(frozen=True)
class _Work(Generic[Result]):
    """A job under the name by which the log knows what was paid for it, and where it is, for people."""

    name: str
    place: str
    run: Callable[[], Coroutine[Any, Any, Result | None]]


class Bench:
    """Runs the jobs of one search.

    Args:
        problem: Program, rows, metric.
        journal: Where finished jobs are written and earlier ones found.
        gate: The budget.
        width: Jobs in flight.
        max_errors: So many failures of infrastructure, metric or program code end the search with an error.
        stop_requested: Asked before each job.
        on_score: Told every score of the metric, new or from the log.
        blind: Told (resource, model) of every answer that says nothing of its "cost" or "tokens".

    Attributes:
        lowest: The lowest score of finished units, 0 at most: what a failed program counts.
    """

    def __init__(
        self,
        problem: Problem,
        journal: Journal,
        gate: Gate,
        *,
        width: int,
        max_errors: int,
        stop_requested: Callable[[], bool] | None = None,
        on_score: Callable[[float | None], None] = lambda _: None,
        blind: Callable[[str, str], None] = lambda resource, model: None,
    ) -> None:
        self.ledger = Ledger()
        self.failures = Failures(max_errors)
        self.halted: str | None = None
        self.replayed = 0
        self.lowest = 0.0
        self._problem = problem
        self._journal = journal
        self._gate = gate
        self._width = width
        self._stop_requested = stop_requested
        self._on_score = on_score
        self._blind = blind
        self._threads = DaemonThreads("search")
        self._metric = MetricCall(problem.metric, self._threads) if problem.metric is not None else None
        self._programs: dict[str, ProgramCall] = {}
        self._paid_traces: set[str] = set()
        self._paid_asks: set[str] = set()
        self._unfinished: dict[str, JobRecord] = {}
        self._priced: set[str] = set()
        self._counts_tokens = gate.whole.tokens is not None or gate.whole.cost is not None

    @property
    def calls_left(self) -> int | None:
        """Calls that the budget still allows; None without a cap on calls."""
        return self._gate.remaining_calls()

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown()

    def halt(self) -> bool:
        """Return whether nothing more may be started, and remember why."""
        if self.halted is None and self._stop_requested is not None and self._stop_requested():
            self.halted = "stopped"
        seconds = self._gate.budget.seconds
        if self.halted is None and seconds is not None and self._gate.elapsed >= seconds:
            self.halted = "seconds"
        return self.halted is not None

    def forget(self, candidate: Candidate) -> None:
        """Let go of a candidate's program once it needs no more rows."""
        self._programs.pop(candidate.key, None)

    def go_on(self) -> None:
        """Lift the end that a used-up budget brought: the rest of it is for confirming the winner."""
        if self.halted == "budget":
            self.halted = None

    async def rows(self, jobs: Sequence[RowJob], purpose: str = "evaluate") -> list[RowResult | None]:
        """Run candidates on rows as one unit; None for a row that the end of the search left out.

        Where their price counts, one row of each new candidate runs before.
        """
        results: list[RowResult | None] = [None] * len(jobs)
        kind = self._problem.confirmed_on if purpose == "confirm" else self._problem.scored_on
        for places in self._priced_first(jobs):
            part = [jobs[place] for place in places]
            logged = [self._logged_row(job) for job in part]
            works = [
                _Work(_row_name(job), f"row {job.position} of the {kind} rows", partial(self._row, job))
                for job in part
            ]
            found = await self._unit(purpose, logged, works)
            for place, result in zip(places, found, strict=True):
                results[place] = result
            if None in found:
                break
        return results

    def _priced_first(self, jobs: Sequence[RowJob]) -> list[list[int]]:
        """Return which jobs run together: under a cap on tokens or money the first of every new candidate runs alone,
        as its prompts may be longer than any before.
        """
        new = list({job.candidate.key: place for place, job in reversed(list(enumerate(jobs)))}.items())
        alone = sorted(place for key, place in new if key not in self._priced) if self._counts_tokens else []
        self._priced.update(key for key, _ in new)
        return [*([place] for place in alone), [place for place in range(len(jobs)) if place not in alone]]

    async def traces(self, jobs: Sequence[TraceJob]) -> list[Attempt | None]:
        """Run attempts of a teacher as one unit; None for one that the end of the search left out."""
        once = list({job.key: job for job in jobs}.values())
        logged = [self._logged_trace(job) for job in once]
        works = [
            _Work(f"trace:{job.key}", f"training row {job.item.key}", partial(self._trace, job))
            for job in once
        ]
        found = await self._unit("bootstrap", logged, works)
        by_key = {job.key: self._lowered(attempt) for job, attempt in zip(once, found, strict=True)}
        return [by_key[job.key] for job in jobs]

    def _lowered(self, attempt: Attempt | None) -> Attempt | None:
        """Return an attempt with the lowest score where its program failed and a metric gives less than 0."""
        if attempt is None or not self.lowest or attempt.outcome not in PROGRAM_FAILED:
            return attempt
        return replace(attempt, score=self.lowest)

    async def asks(self, jobs: Sequence[AskJob]) -> list[Answer | None]:
        """Ask proposers as one unit; None for what the end of the search left out."""
        once = list({job.key: job for job in jobs}.values())
        logged = [self._logged_ask(job) for job in once]
        works = [_Work(f"ask:{job.key}", job.key, partial(self._ask, job)) for job in once]
        found = await self._unit("propose", logged, works)
        by_key = {job.key: answer for job, answer in zip(once, found, strict=True)}
        return [by_key[job.key] for job in jobs]

    async def _unit(
        self,
        purpose: str,
        logged: list[Result | None],
        live: Sequence[_Work[Result]],
    ) -> list[Result | None]:
        if len(logged) > 1 and self._price_unknown(purpose):
            first = await self._unit(purpose, logged[:1], live[:1])
            return [
                *first,
                *(
                    await self._unit(purpose, logged[1:], live[1:])
                    if first[0] is not None
                    else [None] * len(live[1:])
                ),
            ]
        together, ended = self._has_room(purpose, len(logged)), self.halted is not None
        for found in logged:
            if found is not None:
                self._gate.charge(found.spend)
                self.replayed += 1
        missing = [index for index, found in enumerate(logged) if found is None]
        self._charge_unfinished(live[index].name for index in missing)
        width = self._width if together else 1
        fresh = await run_jobs([live[index].run for index in missing], width=width, halt=self.halt)
        results = list(logged)
        for index, result in zip(missing, fresh, strict=True):
            results[index] = result
        if together and self._gate.budget.capped and self._ran_out():
            if not ended:
                self._gate.forfeit()
            return [None] * len(results)
        for result in results:
            if result is not None:
                self.ledger.add(purpose, result.spend)
                if not isinstance(result, Answer) and result.outcome == "scored" and result.score is not None:
                    self.lowest = min(self.lowest, result.score)
        if any(result is not None for result in fresh):
            spent, elapsed = self._gate.spent.to_dict(), round(self._gate.elapsed, 3)
            self._journal.write("budget", kind="spent", elapsed=elapsed, **spent)
        self.failures.take(
            (work.name, work.place, result) for work, result in zip(live, results, strict=True)
        )
        self.failures.bear((live[index].place, result) for index, result in zip(missing, fresh, strict=True))
        return results

    def _charge_unfinished(self, names: Iterable[str]) -> None:
        """Count what earlier sessions paid for jobs that they did not finish, before any of them starts again: what one
        was charged late, another might have spent meanwhile.
        """
        for name in names:
            record = self._journal.unfinished(name)
            if record is not None:
                self._gate.charge(record.spend())
                self._unfinished[name] = record

    def _ran_out(self) -> bool:
        if self._gate.overspent():
            self.halted = "budget"
        return self.halted == "budget"

    def _price_unknown(self, purpose: str) -> bool:
        """Return whether tokens or money are capped and nothing says yet what a job takes of them."""
        return self._counts_tokens and self._dearest(purpose) is None

    def _dearest(self, purpose: str) -> Spend | None:
        """Return the most that a job of that purpose took; confirming a winner is like evaluating it."""
        like = "evaluate" if purpose == "confirm" and purpose not in self.ledger.most else purpose
        return self.ledger.most.get(like)

    def _has_room(self, purpose: str, jobs: int) -> bool:
        """Return whether the dearest job so far, as often as there are jobs, fits what is left."""
        budget, spent, most = self._gate.budget, self._gate.spent, self._dearest(purpose)
        if not budget.capped:
            return True
        if self._price_unknown(purpose):
            return False
        first = Spend(calls=FIRST_BOUND * calls_per_run(self._problem.student))
        dearest = most if most is not None else first
        needs = [
            (budget.calls, spent.calls, dearest.calls),
            (budget.tokens, spent.tokens, dearest.tokens),
            (budget.cost, spent.cost, dearest.cost),
        ]
        return all(cap is None or used + jobs * each <= cap for cap, used, each in needs)

    async def _row(self, job: RowJob) -> RowResult | None:
        if self._metric is None:
            return None
        program = self._program(job.candidate)
        meter = self._meter(_row_name(job))
        with meter.installed():
            try:
                result = await run_row(job, program, self._metric)
            except BudgetExceeded:
                return self._refused()
        if meter.refused is not None:  # the program caught it: what it gave is no result
            return self._refused()
        result = replace(result, spend=meter.spend)
        self._on_score(result.score)
        self._journal.write("row", **row_event(job, result, self._gate.elapsed))
        return result

    async def _trace(self, job: TraceJob) -> Attempt | None:
        meter = self._meter(f"trace:{job.key}")
        with meter.installed():
            try:
                attempt = await run_trace(job, self._threads, self._metric)
            except BudgetExceeded:
                return self._refused()
        if meter.refused is not None:  # the program caught it: what it gave is no result
            return self._refused()
        attempt = replace(attempt, spend=meter.spend)
        self._on_score(attempt.score)
        event = trace_event(job, attempt, self._gate.elapsed)
        self._journal.write("trace", **event)
        self._journal.keep_trace(job.key, event)
        self._paid_traces.add(job.key)
        return attempt

    async def _ask(self, job: AskJob) -> Answer | None:
        meter = self._meter(f"ask:{job.key}")
        with meter.installed():
            try:
                answer = await run_ask(job, self._threads)
            except BudgetExceeded:
                return self._refused()
        if meter.refused is not None:
            return self._refused()
        answer = replace(answer, spend=meter.spend)
        event = ask_event(job, answer, self._gate.elapsed)
        self._journal.write("ask", **event)
        self._journal.keep_ask(job.key, event)
        self._paid_asks.add(job.key)
        return answer

    def _logged_ask(self, job: AskJob) -> Answer | None:
        event = self._journal.ask(job.key)
        if event is None:
            return None
        paid = job.key in self._paid_asks  # a question asked again is paid once
        self._paid_asks.add(job.key)
        return answer_of(event, paid=paid)

    def _program(self, candidate: Candidate) -> ProgramCall:
        if candidate.key not in self._programs:
            program = build(self._problem.student, candidate.state, self._problem.train_rows)
            self._programs[candidate.key] = ProgramCall(program, self._threads)
        return self._programs[candidate.key]

    def _meter(self, job: str) -> JobMeter:
        def record(key: str, spend: Spend) -> None:
            self._journal.write("budget", kind="call", job=job, key=key, **spend.to_dict())

        capped = self._gate.budget.capped  # without a cap nobody needs to know of single calls
        return JobMeter(self._gate, self._unfinished.pop(job, None), record if capped else None, self._blind)

    def _refused(self) -> None:
        self.halted = self.halted or ("seconds" if self._gate.exhausted == "seconds" else "budget")

    def _logged_row(self, job: RowJob) -> RowResult | None:
        event = self._journal.row(job.candidate.key, job.item.key)
        if event is None:
            return None
        result = row_result_of(event)
        self._on_score(result.score)
        return result

    def _logged_trace(self, job: TraceJob) -> Attempt | None:
        event = self._journal.trace(job.key)
        if event is None:
            return None
        paid = job.key in self._paid_traces  # a trace that several candidates use is paid once
        self._paid_traces.add(job.key)
        attempt = attempt_of(event, job, paid=paid)
        self._on_score(attempt.score)
        return attempt


def _row_name(job: RowJob) -> str:
    return f"row:{job.candidate.key}:{job.item.key}"
