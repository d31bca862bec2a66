"""Scores a compile's result and the program as given on the validation rows, where the search did not.

Knows nothing about how optimizers search. What it found and paid is in the run's log: a run that goes on later finds it
there, and pays for none of it again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from core.data.example import Example
from core.evaluate import Evaluate
from core.evaluate.statistics import mean_interval, paired_test
from core.foundation.errors import EvaluationAborted
from core.foundation.fingerprint import fingerprint, jsonable
from core.foundation.words import counted
from core.search.budget import Budget, Gate, Spend
from core.search.estimate import calls_per_run
from core.search.meter import JobMeter
from core.search.result import CompileReport, Confirmation, ScoreReport
from workbench.jobs.base import Job
from workbench.jobs.compile_progress import MEASURED, PURPOSE
from workbench.jobs.request import RunRequest
from workbench.store import StoreRunLog

__all__ = ["Measuring", "paid_before"]

_ENDED_EARLY = ("budget", "seconds", "stopped")

Scores = list[float | None]


def paid_before(events: Sequence[Mapping[str, Any]]) -> Spend:
    """Return what earlier sessions of a run paid for this."""
    paid = Spend()
    for event in events:
        if event.get("type") == MEASURED:
            paid.add(Spend.from_dict(dict(event)))
    return paid


class Measuring:
    """Scores programs within what a search left of its budget.

    Args:
        validation: Rows to score on.
        chose: The search chose its winner by these rows.
    """

    def __init__(
        self, job: Job, request: RunRequest, validation: Sequence[Example], *, chose: bool, concurrency: int
    ) -> None:
        self._job, self._request, self._rows = job, request, validation
        self._chose, self._concurrency = chose, concurrency
        self._journal = StoreRunLog(job.store, job.run_id)

    def completed(self, compiled: Any) -> CompileReport:
        """Return the report of a compiled program with the scores that it lacks, and with what they cost."""
        report: CompileReport = compiled.report
        paid = paid_before(self._journal.read())
        lacking = self._lacking(report, compiled)
        if not lacking:
            return _with_costs(report, paid, 0.0)
        # What earlier sessions paid for this was taken off the budget before this one began.
        gate = Gate(Budget.of(report.budget), spent=Spend.from_dict(report.spend), elapsed=report.seconds)
        if said := self._too_dear(gate, len(lacking)):
            return _with_costs(_warned(report, said), paid, 0.0)
        found = {name: self._scores(name, program, gate) for name, program in lacking.items()}
        made = self._filled(report, found)
        if any(scores is None for scores in found.values()):
            made = _warned(
                made, "Scoring the result on the validation rows ended before all of them had run."
            )
        return _with_costs(made, paid_before(self._journal.read()), gate.elapsed - report.seconds)

    def _lacking(self, report: CompileReport, compiled: Any) -> dict[str, Any]:
        """Return the programs that have no score on all validation rows."""
        if not self._rows or report.best is None or report.confirmation is not None:
            return {}
        if report.stop_code in _ENDED_EARLY or self._job.control.stop_requested():
            return {}
        programs = {"score": compiled, "baseline": self._request.program}
        if _key(compiled) == _key(self._request.program):
            programs.pop("baseline")
        known = {"score": report.score, "baseline": report.baseline}
        return {name: program for name, program in programs.items() if not _full(known[name])}

    def _too_dear(self, gate: Gate, programs: int) -> str:
        """Return what to say where the calls that are left cannot be enough; empty: they may be."""
        left, needed = (
            gate.remaining_calls(),
            programs * len(self._rows) * calls_per_run(self._request.program),
        )
        if left is None or left >= needed:
            return ""
        takes = counted(needed, "call", grouped=True)
        return (
            f"The result was not scored on the {counted(len(self._rows), 'validation row', grouped=True)}: "
            f"that takes about {takes}, and {counted(left, 'call', grouped=True)} of the budget are left."
        )

    def _scores(self, name: str, program: Any, gate: Gate) -> Scores | None:
        """Return a program's scores, row by row; None where it could not be run on every row."""
        key = _key(program)
        for event in self._journal.read():
            if event.get("type") == MEASURED and event.get("state") == key and event.get("complete"):
                return list(event["scores"])
        meter = JobMeter(gate)
        with meter.installed():
            scores = self._evaluated(program)
        self._journal.append({
            "type": MEASURED, "program": name, "state": key, "complete": scores is not None, "scores": scores,
            **meter.spend.to_dict(), "elapsed": round(gate.elapsed, 3),
        })  # fmt: skip
        return scores

    def _evaluated(self, program: Any) -> Scores | None:
        evaluate = Evaluate(
            devset=self._rows,
            metric=self._request.metric,
            num_threads=self._concurrency,
            stop_requested=self._job.control.stop_requested,
        )
        try:
            result = evaluate(program)
        except EvaluationAborted:
            return None  # what the search found is kept: its end says that it was not scored
        return [row.score for row in result.rows] if result.complete else None

    def _filled(self, report: CompileReport, found: Mapping[str, Scores | None]) -> CompileReport:
        """Return the report with what was found: as a comparison where its rows chose nothing, else as plain scores."""
        after, before = found.get("score"), found.get("baseline", found.get("score"))
        if not self._chose and after is not None and before is not None:
            confirmed = _confirmation(before, after, same="baseline" not in found)
            return report if confirmed is None else replace(report, confirmation=confirmed)
        made = {name: _score(scores) for name, scores in found.items() if scores}
        return replace(report, **{name: score for name, score in made.items() if score.mean is not None})


def _warned(report: CompileReport, said: str) -> CompileReport:
    return replace(report, warnings=(*report.warnings, said))


def _with_costs(report: CompileReport, paid: Spend, seconds: float) -> CompileReport:
    spend = Spend.from_dict(report.spend)
    spend.add(paid)
    parts = dict(report.spend_by_purpose)
    if paid.calls:
        parts[PURPOSE] = paid.to_dict()
    return replace(
        report,
        spend=spend.to_dict(),
        spend_by_purpose=parts,
        seconds=round(report.seconds + seconds, 3),
    )


def _full(score: ScoreReport | None) -> bool:
    return score is not None and score.full and score.mean is not None and score.on == "validation"


def _key(program: Any) -> str:
    return fingerprint(jsonable(program.dump_state()))


def _confirmation(before: Scores, after: Scores, *, same: bool) -> Confirmation | None:
    pairs = [(a, b) for a, b in zip(before, after, strict=True) if a is not None and b is not None]
    if not pairs:
        return None
    test = None if same else asdict(paired_test([pair[0] for pair in pairs], [pair[1] for pair in pairs]))
    return Confirmation(
        on="validation",
        score=_score([pair[1] for pair in pairs], of=len(after)),
        given=_score([pair[0] for pair in pairs], of=len(after)),
        improvement=test,
        spend={},
    )


def _score(scores: Sequence[float | None], *, of: int | None = None) -> ScoreReport:
    known = [score for score in scores if score is not None]
    rows = len(scores) if of is None else of
    mean = math.fsum(known) / len(known) if known else None
    return ScoreReport(
        mean=mean,
        percent=None if mean is None else round(100 * mean, 2),
        interval=mean_interval(known) if known else (0.0, 1.0),
        rows=len(known),
        of=rows,
        full=len(known) == rows,
        on="validation",
        unscored=rows - len(known),
    )
