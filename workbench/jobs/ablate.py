"""The body of an ablation: runs a compiled program with parts of it taken away, all on the same rows.

Knows nothing about queues or leases, nor about how the program was compiled. Called again after a crash it goes on
where the stored rows end; variants stand in the store as repeats of the run, by their number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.data.example import Example
from core.evaluate import Evaluate
from core.evaluate.row import Row
from core.foundation.errors import EvaluationAborted
from core.search.ablation import Ablation, Scored, Variation, scored, variations
from core.search.budget import Budget, Gate, Spend
from core.search.meter import JobMeter
from workbench.jobs.base import Job, Outcome
from workbench.jobs.engine import engine_context, load_examples, load_program
from workbench.jobs.request import RunRequest, load_request
from workbench.jobs.results import FINAL, RowBook, RowWriter
from workbench.store import StoreRunLog, require
from workbench.store.tables import VersionRow

__all__ = ["run_ablation"]


def run_ablation(job: Job) -> Outcome:
    """Score a compiled version with parts of it taken away.

    Raises:
        EvaluationAborted: No variant has a score; finished rows are stored.
        OptimizerError: The version and the one it was compiled from have different steps.
    """
    request = load_request(job)
    examples = load_examples(job.store, request.dataset_id, request.split, request.settings.get("limit"))
    arms = variations(request.program, _given(job, request), steps=request.settings.get("steps", True))
    own = [number for number, arm in enumerate(arms) if arm.same_as == number]
    work = _Work(job, request, examples, len(own))
    results: dict[int, Scored] = {}
    reason = "finished"
    for number in own:
        if reason in ("budget", "stopped"):
            results[number] = Scored({}, _NOT_RUN[reason])
            continue
        reason, results[number] = work.score(number, arms[number])
    if work.failure is not None and not any(found.scores for found in results.values()):
        raise work.failure
    names = [(arm.name, arm.same_as) for arm in arms]
    result = work.result(Ablation.made(names, results, len(examples)), reason)
    return Outcome("stopped" if reason == "stopped" else "done", result)


_NOT_RUN = {"budget": "Not run: the budget was used up before.", "stopped": "Not run: stopped before."}
_SO_FAR = "before every program had run on every row: these are the figures so far."
_REASONS = {
    "budget": f"The budget was used up {_SO_FAR} Raise it to go on; what is finished is not paid for again.",
    "stopped": f"Stopped {_SO_FAR} Resume to go on; what is finished is not paid for again.",
}
_ALL_RUN, _SOME_FAILED = "Every variant was run.", "Every variant was run; some rows have no score."


def _given(job: Job, request: RunRequest) -> Any:
    """Return the program that the version was compiled from."""
    with job.store.read() as session:
        version = require(session, VersionRow, request.settings["given"], "version")
    return load_program(version.spec, version.state)


class _Work:
    """Runs variants one after another: stores rows, counts what they cost, says how far it is."""

    def __init__(self, job: Job, request: RunRequest, examples: Sequence[Example], programs: int) -> None:
        self.failure: EvaluationAborted | None = None
        self._job, self._request, self._examples = job, request, examples
        self._book = RowBook(job.store, job.run_id)
        self._journal = StoreRunLog(job.store, job.run_id)
        self._total = programs * len(examples)
        self._done = sum(row.outcome in FINAL for row in self._book.rows)
        spent, seconds = _earlier(self._journal.read())
        self._noted = replace(spent)
        budget = Budget.of(dict(request.settings.get("budget") or {}))
        self._gate = Gate(budget, spent=spent, elapsed=seconds)
        self._tell("starting")

    def score(self, number: int, arm: Variation) -> tuple[str, Scored]:
        """Run what is left of one variant; return why it ended and what it gave."""
        self._tell(arm.name)
        finished = self._book.finished(number)
        left = [position for position in range(len(self._examples)) if position not in finished]
        reason = self._run(number, arm, left) if left else "finished"
        self._note("variant", arm.name, ended=reason)
        return reason, scored(self._book.of_repeat(number), len(self._examples), reason)

    def _run(self, number: int, arm: Variation, left: Sequence[int]) -> str:
        request = self._request
        with RowWriter(self._book) as writer:

            def keep(row: Row) -> None:
                placed = replace(row, index=left[row.index])
                writer.put(number, placed)
                self._note("row", arm.name, row=placed.index, outcome=placed.outcome, score=placed.score)
                self._done += placed.outcome in FINAL
                self._tell(arm.name)

            evaluate = Evaluate(
                devset=[self._examples[position] for position in left],
                metric=request.metric,
                num_threads=int(request.settings.get("concurrency") or 8),
                max_errors=request.max_errors(len(self._examples)),
                on_row=keep,
                stop_requested=self._job.control.stop_requested,
            )
            context = engine_context(self._job.store, request.lm, request.adapter, request.embedder)
            with context, JobMeter(self._gate).installed():
                try:
                    return str(evaluate(arm.program).end_reason)
                except EvaluationAborted as error:
                    error.hint = (
                        "Mend what failed and resume: finished rows are kept, the others are run again."
                    )
                    self.failure = error
                    return "errors"

    def _note(self, kind: str, variant: str, **more: Any) -> None:
        """Write an event with what was spent since the one before; calls in flight are counted with the next."""
        now, before = replace(self._gate.spent), self._noted.to_dict()
        self._noted = now
        spent = {name: value - before.get(name, 0) for name, value in now.to_dict().items()}
        seconds = round(self._gate.elapsed, 3)
        self._journal.append({"type": kind, "variant": variant, **more, **spent, "seconds": seconds})

    def _tell(self, phase: str) -> None:
        spent = self._gate.spent
        self._job.control.progress(
            phase=phase,
            done=self._done,
            total=self._total,
            calls=spent.calls,
            tokens=spent.tokens,
            cost=spent.cost,
            seconds=round(self._gate.elapsed, 3),
        )

    def result(self, ablation: Ablation, reason: str) -> dict[str, Any]:
        """Return what the run's row keeps."""
        rows = self._book.rows
        counts = {
            f"n_{kind}s": sum(row.outcome == kind for row in rows)
            for kind in ("model_failure", "infrastructure_failure", "metric_failure")
        }
        spend = self._gate.spent.to_dict()
        flagged = any(variant.note for variant in ablation.variants)
        return {
            "ablation": ablation.to_dict(),
            "verdict": ablation.verdict,
            "rows": len(self._examples),
            "on": self._request.split or "all",
            "flagged": flagged,
            "stop_code": reason if reason in _REASONS else "done",
            "stop_reason": _REASONS.get(reason, _SOME_FAILED if flagged else _ALL_RUN),
            **counts,
            **spend,
            "spend": spend,
            "seconds": self._gate.elapsed,
        }


def _earlier(events: Sequence[Mapping[str, Any]]) -> tuple[Spend, float]:
    """Return what earlier sessions of the run spent, and their wall time."""
    spent = Spend()
    for event in events:
        spent.add(Spend.from_dict(dict(event)))
    return spent, max((float(event.get("seconds") or 0.0) for event in events), default=0.0)
