"""What comes before and after every search: the log's header, and the compiled program with its report.

Knows nothing about any single optimizer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Any, ClassVar, Protocol

from core.data.example import Example
from core.evaluate.statistics import paired_test
from core.foundation.errors import OptimizerError
from core.foundation.fingerprint import canonical_json, jsonable
from core.foundation.randomness import rng
from core.modules.module import Module
from core.search import fingerprints
from core.search.candidate import Candidate, build, demo_counts, demo_rows
from core.search.loop import Outcome
from core.search.optimism import expected_score
from core.search.options import SearchOptions
from core.search.pool import Entry, Pool, Standing
from core.search.problem import Problem
from core.search.result import CandidateReport, CompileReport, ScoreReport
from core.search.verdict import uncertainty
from core.settings import context

__all__ = ["compiled_program", "header_of", "with_confirmation"]

LONGEST_DEMO = 400
"""Characters that a report keeps of a labelled demo."""


class _Optimizer(Protocol):
    name: ClassVar[str]
    marks_compiled: ClassVar[bool]
    params: Any
    metric: Any
    teacher_settings: dict[str, Any]
    prompt_model: Any

    def functions(self) -> Mapping[str, Callable[..., Any]]: ...


def with_confirmation(problem: Problem, testset: Iterable[Example] | None, part: float | None) -> Problem:
    """Return the problem with rows to confirm the winner on, where asked for.

    Raises:
        OptimizerError: Both are given, or no rows would be left, or there is no metric.
    """
    if testset is None and not part:
        return problem
    if problem.metric is None:
        raise OptimizerError("Confirming a winner needs a metric.", hint="Give the optimizer a metric.")
    if testset is None:
        return problem.with_held_out(part or 0.0)
    if part:
        raise OptimizerError("Both testset and confirm are given.", hint="Give one of the two.")
    return problem.with_test(testset)


def header_of(optimizer: _Optimizer, problem: Problem) -> dict[str, Any]:
    """Return what a resumed search must share with the one that wrote the log; the search adds its racing rule."""
    with context(**optimizer.teacher_settings):
        teacher_models = fingerprints.of_models(problem.teacher or problem.student)
    prompt_model = (
        {"prompt_model": fingerprints.of_model(optimizer.prompt_model)} if optimizer.prompt_model else {}
    )
    return {
        "optimizer": optimizer.name,
        "params": optimizer.params.decisive(),
        "seed": problem.seed,
        "rows": {
            "train": len(problem.train),
            "scoring": len(problem.scoring),
            "scored_on": problem.scored_on,
            **({"taught": problem.taught} if problem.taught else {}),
            **({"confirm": len(problem.confirm)} if problem.confirm else {}),
        },
        "fingerprints": {
            "program": fingerprints.of_program(problem.student),
            "teacher": [fingerprints.of_program(problem.teacher), teacher_models],
            "data": fingerprints.of_examples([item.example for item in (*problem.train, *problem.scoring)]),
            **_confirmed(problem),
            "metric": fingerprints.of_callable(problem.metric),
            "model": fingerprints.of_models(problem.student),
            **prompt_model,
            **{name: fingerprints.of_callable(given) for name, given in optimizer.functions().items()},
        },
        "details": {
            "program": fingerprints.details_of_program(problem.student),
            "metric": fingerprints.details_of_callable(problem.metric),
        },
    }


def _confirmed(problem: Problem) -> dict[str, str]:
    rows = [item.example for item in problem.confirm]
    return {"confirm": fingerprints.of_examples(rows)} if rows else {}


def compiled_program(
    optimizer: _Optimizer, problem: Problem, outcome: Outcome, options: SearchOptions
) -> Module:
    """Return the winner as a program with its report, and write the log's closing event."""
    report = _report(optimizer, problem, outcome, options)
    best = outcome.best
    program = build(problem.student, best.state if best else {}, problem.train_rows)
    _attach(program, report, problem, outcome.view.pool)
    program._compiled = optimizer.marks_compiled or problem.student._compiled
    brief: dict[str, Any] = {**report.to_dict(), "seconds": report.seconds, "resumed": None}
    for candidate in brief["candidates"]:
        candidate.pop("state")  # the candidate events hold them
        candidate["diff"] = report.diff(candidate["id"])
    outcome.journal.write_end(
        "result",
        candidate=report.best,
        state=best.state if best else {},
        report=brief,
        seconds=report.seconds,
    )
    return program


def _attach(program: Any, report: CompileReport, problem: Problem, pool: Pool) -> None:
    program.report = report
    program.candidate_programs = [_listed(entry, problem, pool) for entry in pool.ranked()]
    partial = [
        entry
        for entry in pool
        if entry.status in {"dropped", "partial", "minibatch"} and pool.standing(entry.candidate).rows
    ]
    program.mb_candidate_programs = [_listed(entry, problem, pool) for entry in partial]


def _listed(entry: Entry, problem: Problem, pool: Pool) -> dict[str, Any]:
    candidate = entry.candidate
    standing = pool.standing(candidate)
    return {
        "score": None if standing.mean is None else round(100 * standing.mean, 2),
        "subscores": pool.scores.scores(candidate.key),
        "seed": candidate.seed if candidate.seed is not None else candidate.id,
        "program": build(problem.student, candidate.state, problem.train_rows),
        "full": standing.full,
        "rows": standing.rows,
    }


def _report(
    optimizer: _Optimizer, problem: Problem, outcome: Outcome, options: SearchOptions
) -> CompileReport:
    pool, best = outcome.view.pool, outcome.best
    baseline = next((entry.candidate for entry in pool if entry.candidate.notes.get("baseline")), None)
    return CompileReport(
        optimizer=optimizer.name,
        params=optimizer.params.model_dump(mode="json"),
        seed=problem.seed,
        best=best.id if best else None,
        score=_score(best, problem, pool),
        baseline=_score(baseline, problem, pool),
        improvement=_improvement(baseline, best, pool),
        candidates=tuple(_candidate_report(entry, problem, pool) for entry in pool),
        stop_code=outcome.stop.code,
        stop_reason=outcome.stop.reason,
        spend=outcome.gate.spent.to_dict(),
        spend_by_purpose=outcome.bench.ledger.to_dict(),
        seconds=round(outcome.gate.elapsed, 3),
        attempts=tuple(outcome.view.attempts),
        confirmation=outcome.confirmation,
        given=_given(problem),
        demo_texts=_demo_texts(problem, pool),
        expected=_expected(best, problem, outcome),
        warnings=(*outcome.view.warnings, *_warnings(best, problem, pool)),
        budget=options.budget.to_dict(),
        racing=options.rule is not None,
        resumed=outcome.journal.resumed,
    )


def _expected(best: Candidate | None, problem: Problem, outcome: Outcome) -> float | None:
    if outcome.confirmation is not None:
        return outcome.confirmation.score.mean
    if best is None:
        return None
    return expected_score(outcome.view.pool, best, rng(problem.seed, "optimism"))


def _given(problem: Problem) -> dict[str, dict[str, Any]]:
    """Return instructions and demos of the program as given, in the form of a state."""
    return {
        path: {
            "instructions": part.signature.instructions,
            "demos": [{"row": "", "values": jsonable(dict(demo.items()))} for demo in part.demos],
        }
        for path, part in problem.student.named_predictors()
    }


def _demo_texts(problem: Problem, pool: Pool) -> dict[str, str]:
    """Return what labelled demos of any candidate say, in short."""
    used = {row for entry in pool for row in demo_rows(entry.candidate.state)}
    rows = problem.train_rows
    return {
        row: canonical_json(jsonable(dict(rows[row].items())))[:LONGEST_DEMO]
        for row in sorted(used & rows.keys())
    }


def _warnings(best: Candidate | None, problem: Problem, pool: Pool) -> list[str]:
    if best is None or not pool.standing(best).rows:
        return []
    standing = pool.standing(best)
    few = uncertainty(standing.scored, standing.interval, "chose the winner")
    return [*_of_training_rows(best, problem), *([few] if few else [])]


def _of_training_rows(best: Candidate, problem: Problem) -> list[str]:
    if problem.scored_on != "training":
        return []
    used = demo_rows(best.state) & {item.key for item in problem.scoring}
    shown = f", {len(used)} of which are its own demos" if used else ""
    return [f"The score is that of training rows{shown}: optimistic. Give a valset for one to rely on."]


def _score(candidate: Candidate | None, problem: Problem, pool: Pool) -> ScoreReport | None:
    if candidate is None:
        return None
    standing = pool.standing(candidate)
    return _score_report(standing, problem.scored_on) if standing.rows else None


def _score_report(standing: Standing, on: str) -> ScoreReport:
    percent = None if standing.mean is None else round(100 * standing.mean, 2)
    return ScoreReport(
        standing.mean,
        percent,
        standing.interval,
        standing.rows,
        standing.of,
        standing.full,
        on,
        standing.rows - standing.scored,
    )


def _improvement(baseline: Candidate | None, best: Candidate | None, pool: Pool) -> dict[str, Any] | None:
    if baseline is None or best is None or baseline.id == best.id:
        return None
    if not (pool.standing(baseline).full and pool.standing(best).full):
        return None
    rows = zip(pool.scores.scores(baseline.key), pool.scores.scores(best.key), strict=True)
    pairs = [(before, after) for before, after in rows if before is not None and after is not None]
    if not pairs:
        return None
    before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    means = {"before": math.fsum(before) / len(pairs), "after": math.fsum(after) / len(pairs)}
    return {**asdict(paired_test(before, after)), **means}


def _candidate_report(entry: Entry, problem: Problem, pool: Pool) -> CandidateReport:
    candidate = entry.candidate
    texts = {path: part["instructions"] for path, part in candidate.state.items() if part.get("instructions")}
    return CandidateReport(
        id=candidate.id,
        label=candidate.label,
        seed=candidate.seed,
        parents=candidate.parents,
        status=entry.status,
        reason=pool.why_left(entry),
        score=None if entry.status == "duplicate" else _score(candidate, problem, pool),
        demos=demo_counts(candidate.state),
        instructions=texts,
        spend=entry.spend.to_dict() if entry.spend else {},
        notes=dict(candidate.notes),
        state=candidate.state,
    )
