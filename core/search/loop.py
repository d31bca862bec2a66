"""The one search loop: asks an optimizer what to try, races it, writes it down, and says why it stopped.

Knows nothing about any single optimizer. Killed at any point, the same call with the same run log goes on: the loop
runs again from its start, and what the log holds is not run twice. Its decisions depend on finished sets of rows in a
fixed order, never on what happened to finish first, so the same seed gives the same result at any concurrency.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.foundation.errors import EvaluationAborted
from core.foundation.words import counted, every
from core.search.bench import Bench
from core.search.budget import UNITS, Gate
from core.search.candidate import Candidate, demo_counts, state_key
from core.search.confirm import confirm, search_part
from core.search.failures import GO_ON
from core.search.journal import Journal
from core.search.options import SearchOptions
from core.search.pool import Entry, Pool
from core.search.problem import Problem
from core.search.proposal import Proposal
from core.search.race import Race
from core.search.racing import CEILING, TIE
from core.search.result import Confirmation
from core.search.rules import rule_for_log
from core.search.run_log import as_run_log
from core.search.scale import ScaleWatch, target_out_of_reach
from core.search.view import SearchView
from core.settings import current

__all__ = ["Outcome", "Search", "Stop", "Strategy"]

_log = logging.getLogger("core.search")

WAVE = 4
"""Candidates in a race at once where no cap asks for one after another."""


BLIND = {
    "cost": (
        "No price is known for {model}: the cap on cost cannot see its calls.",
        "configure(prices={…}) tells it; or cap the calls or the tokens.",
    ),
    "tokens": (
        "{model} does not say how many tokens it took: the cap on tokens cannot see its calls.",
        "Cap the calls.",
    ),
}
"""What to say of a model whose answers do not tell what they took, and what to do."""


class Strategy(Protocol):
    """What the loop needs of an optimizer; it keeps no state between calls."""

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Return what to try next; nothing: all is tried.

        Must depend on the view alone. May run the teacher through the view; may be asked again after a crash.
        """
        ...

    def pick(self, view: SearchView) -> Candidate | None:
        """Return the candidate to compile, given all that is known; None: the student as it is."""
        ...


@dataclass(frozen=True)
class Stop:
    """Why a search ended."""

    code: str
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What a search found."""

    best: Candidate | None
    stop: Stop
    view: SearchView
    bench: Bench
    gate: Gate
    journal: Journal
    confirmation: Confirmation | None = None


class Search:
    """One search.

    Args:
        problem: What to improve.
        strategy: Proposes and picks.
        options: How to run it.
        header: Fingerprints and parameters that a resumed search must share.
    """

    def __init__(
        self, problem: Problem, strategy: Strategy, options: SearchOptions, header: Mapping[str, Any]
    ) -> None:
        self._strategy = strategy
        self._options = options
        self._problem = problem
        self._journal = Journal(as_run_log(options.run_log), options.on_event)
        rule, called, self._of_rule = rule_for_log(options.racing, options.rule, self._journal.header)
        self._header = {**header, "params": {**header.get("params", {}), "racing": called}}
        self._gate = Gate(
            options.budget,
            elapsed=self._journal.elapsed,
            search_part=search_part(options.budget, problem),
            warn=self._warn_of_budget,
        )
        settings = current()
        self._bench = Bench(
            problem,
            self._journal,
            self._gate,
            width=options.num_threads or settings.num_threads,
            max_errors=settings.max_errors if options.max_errors is None else options.max_errors,
            stop_requested=options.stop_requested,
            on_score=ScaleWatch(lambda text, hint: self._view.warn(text, hint=hint)).take,
            blind=self._warn_of_blindness,
        )
        self._blind_to: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._pool = Pool(len(problem.scoring))
        # Under a cap, or with a target, each candidate may be the last: then they are made and scored one by one,
        # unless the rule compares them side by side anyway.
        alone = options.budget.capped or options.target is not None
        width = (rule.wave if rule else None) or (1 if alone else WAVE)
        self._race = Race(
            problem,
            self._pool,
            self._bench,
            self._journal,
            rule=rule,
            width=width,
            blocks=options.budget.capped,
        )
        self._view = SearchView(
            problem, self._pool, self._bench, self._journal, width, racing=rule is not None
        )

    async def run(self) -> Outcome:
        """Search until there is a reason to stop.

        Raises:
            ResumeMismatch: The run log belongs to other work.
            EvaluationAborted: Too many rows failed; what is finished stays in the log.
        """
        try:
            self._journal.open(self._header)
            self._warn_at_the_start()
            stop = await self._rounds()
            best = self._strategy.pick(self._view)
            confirmation = await self._confirm(best)
            self._gate.charge(self._journal.unclaimed())  # it was sent, whatever this session made of it
            for failed in self._bench.failures.said():
                self._view.warn(failed)
            self._view.warnings.extend(self._gate.said())  # the log has them as events of their own
        finally:
            self._bench.close()
        self._journal.write_end("stop", code=stop.code, reason=stop.reason, **self._spend())
        return Outcome(best, stop, self._view, self._bench, self._gate, self._journal, confirmation)

    async def _confirm(self, best: Candidate | None) -> Confirmation | None:
        if best is None or not self._problem.confirm or self._problem.metric is None:
            return None
        self._gate.release()
        self._bench.go_on()
        found = await confirm(self._problem, self._bench, self._journal, best)
        if found is None:
            self._view.warn(
                "The winner could not be confirmed: the search was over before any row of it ran."
            )
        elif not found.score.full:
            self._view.warn(f"The winner was confirmed on {found.score.rows} of {found.score.of} rows only.")
        return found

    async def _rounds(self) -> Stop:
        while True:
            stop = self._reason_to_stop()
            if stop is not None:
                return stop
            proposals = await self._strategy.propose(self._view)
            new = [(self._admit(proposal), proposal) for proposal in proposals]
            self._view.round += 1
            if self._problem.scoring and not await self._score(new):
                return self._halted()
            self._end_without_scores()
            if not proposals:
                return self._halted() if self._view.ended else self._all_tried()

    def _end_without_scores(self) -> None:
        """Raise where candidates ran on every row and none has a score: nothing can be chosen, whatever is tried."""
        leader = self._pool.leader
        if leader is not None and not math.isfinite(self._pool.mean(leader)):
            rows = every(len(self._problem.scoring), "row").capitalize()
            raise EvaluationAborted(
                f"{rows} of {_named(leader, inside=True)} failed, so that there is no score. "
                f"The first, {self._bench.failures.first_unscored}",
                hint=GO_ON,
            )

    async def _score(self, new: Sequence[tuple[Entry, Proposal]]) -> bool:
        """Score mini-batches, then those that run on every row; False where the end of the search cut it short."""
        waiting = [(entry.candidate, proposal) for entry, proposal in new if entry.status == "proposed"]
        batches = [
            (candidate, proposal.rows, proposal.hopeful)
            for candidate, proposal in waiting
            if proposal.rows is not None
        ]
        whole = list(
            {candidate.id: candidate for candidate, proposal in waiting if proposal.rows is None}.values()
        )
        for hopeful in (False, True):
            chosen = [(candidate, rows) for candidate, rows, by_stages in batches if by_stages is hopeful]
            if chosen and not await self._race.sample(chosen, hopeful=hopeful):
                return False
        return not whole or await self._race.run(whole)

    def _admit(self, proposal: Proposal) -> Entry:
        candidate = Candidate(
            id=f"c{len(self._pool)}",
            key=state_key(proposal.state),
            state=proposal.state,
            label=proposal.label,
            parents=proposal.parents,
            seed=proposal.seed,
            notes=proposal.notes,
        )
        entry = self._pool.add(candidate, evaluate=proposal.evaluate)
        if entry.candidate is not candidate:  # a mini-batch's state, to be scored further
            return entry
        self._journal.write_once(
            "candidate",
            candidate=candidate.id,
            key=candidate.key,
            label=candidate.label,
            seed=candidate.seed,
            parents=list(candidate.parents),
            demos=demo_counts(candidate.state),
            state=candidate.state,
            notes=dict(candidate.notes),
        )
        if entry.status == "duplicate":
            self._journal.write_once(
                "dropped", candidate=candidate.id, state=candidate.key, reason=entry.reason
            )
        elif not proposal.evaluate:
            self._pool.finish(candidate, "unscored")
        return entry

    def _reason_to_stop(self) -> Stop | None:
        if self._bench.halt():
            return self._halted()
        leader = self._pool.leader
        if leader is None:
            return None
        mean = self._pool.mean(leader)
        target = self._options.target
        if target is not None and mean >= target - TIE:
            return Stop("target", f"{_named(leader)} reached the target of {target:.1%} with {mean:.1%}.")
        if self._options.racing and self._is_perfect(leader, mean):
            rows = len(self._problem.scoring)
            return Stop(
                "perfect", f"{_named(leader)} has full marks on {every(rows, 'row')}: none can score higher."
            )
        return self._plateau(leader)

    def _plateau(self, leader: Candidate) -> Stop | None:
        since, patience = len(self._pool.lost), self._options.plateau
        if patience is None or since < patience:
            return None
        last = "The last candidate" if since == 1 else f"The last {since} candidates"
        return Stop("plateau", f"{last} did not beat {_named(leader, inside=True)}.")

    def _is_perfect(self, leader: Candidate, mean: float) -> bool:
        scores = self._pool.scores.scores(leader.key)
        return mean >= CEILING - TIE and all(score is not None and score <= CEILING for score in scores)

    def _halted(self) -> Stop:
        if self._bench.halted == "stopped":
            return Stop(
                "stopped", "A stop was requested; calls in flight were finished and the best so far was kept."
            )
        if self._bench.halted == "seconds":
            cap = self._gate.budget.seconds or 0.0
            return Stop(
                "seconds", f"The budget of {counted(cap, 'second')} is used up; the best so far was kept."
            )
        return Stop("budget", f"The budget of {self._used_up()} is used up; the best so far was kept.")

    def _used_up(self) -> str:
        caps, in_force = self._gate.used(), self._gate.used(self._gate.budget)
        name = self._gate.exhausted or next(
            (name for name, (used, cap) in in_force.items() if used >= cap), "calls"
        )
        return counted(caps[name][1], UNITS[name].removesuffix("s")) if name in caps else "calls"

    def _all_tried(self) -> Stop:
        if self._view.ending:
            return Stop("done", self._view.ending)
        count = len(self._pool)
        if count == 1:
            return Stop("done", "The one candidate was made.")
        return Stop("done", f"All {count} candidates were tried.")

    def _warn_of_budget(self, resource: str, share: float) -> None:
        used, cap = self._gate.used()[resource]
        self._journal.write("budget", kind="warning", resource=resource, share=share, used=used, cap=cap)
        _log.warning("%s", self._gate.passed(resource, share))

    def _warn_of_blindness(self, resource: str, model: str) -> None:
        """Say once for each model that a cap cannot see its calls."""
        if self._options.budget.to_dict()[resource] is None:
            return
        with self._lock:
            if (resource, model) in self._blind_to:
                return
            self._blind_to.add((resource, model))
        said, hint = BLIND[resource]
        self._view.warn(
            said.format(model=model or "the model"), hint=hint, details={"blind": [resource, model]}
        )

    def _warn_at_the_start(self) -> None:
        for resource, model in self._journal.blind:  # an earlier session saw it
            self._warn_of_blindness(resource, model)
        if self._of_rule:
            self._view.warn(self._of_rule)
        if self._problem.scoring and (said := target_out_of_reach(self._options.target)) is not None:
            self._view.warn(said[0], hint=said[1])
        calls, rows = self._options.budget.calls, len(self._problem.scoring)
        least = rows * max(1, len(self._problem.paths))
        if calls is not None and self._problem.metric is not None and calls < least:
            self._view.warn(
                f"The budget of {counted(calls, 'call')} is less than scoring one candidate takes (about {least}).",
                hint="Raise it, or give fewer validation rows, to get a full score.",
            )

    def _spend(self) -> dict[str, Any]:
        return {"spend": self._gate.spent.to_dict(), "seconds": round(self._gate.elapsed, 3)}


def _named(candidate: Candidate, *, inside: bool = False) -> str:
    name = f"{'candidate' if inside else 'Candidate'} {candidate.id}"
    return f"{name} ({candidate.label})" if candidate.label else name
