"""The body of a compile: one optimizer's search over the run's log, its winner as a new program version.

Knows nothing about how optimizers search. Called again after a crash it replays the log and goes on where that ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.data.example import Example
from core.foundation.errors import DataError
from core.foundation.words import counted
from core.optimizers.base import optimizers
from core.search.budget import Budget, Spend
from core.search.result import CompileReport, ScoreReport
from workbench.jobs.base import Job, NewVersion, Outcome
from workbench.jobs.compile_measure import Measuring, paid_before
from workbench.jobs.compile_progress import PURPOSE, CompileProgress
from workbench.jobs.engine import engine_context, load_examples, make_adapter, open_model
from workbench.jobs.request import RunRequest, load_request
from workbench.store import StoreRunLog

__all__ = ["run_compile"]


def run_compile(job: Job) -> Outcome:
    """Compile a program version on the train and validation splits.

    Raises:
        OptimizerError: The search cannot work with what it was given.
        ResumeMismatch: The run's log was written for other data, program, metric, model or parameters.
    """
    request = load_request(job)
    settings = request.settings
    train = list(load_examples(job.store, request.dataset_id, "train"))
    validation = _validation(job, request)
    prompt_model = settings.get("prompt_model")
    kind = optimizers.get(settings["optimizer"])
    optimizer = kind.create(
        settings.get("params") or {},
        metric=request.metric,
        teacher_settings=_teacher_settings(job, request),
        prompt_model=open_model(job.store, prompt_model) if prompt_model else None,
    )
    journal = StoreRunLog(job.store, job.run_id)
    events = journal.read()
    progress = CompileProgress(job.control, events)
    with engine_context(job.store, request.lm, request.adapter, request.embedder):
        compiled = optimizer.compile(
            request.program,
            trainset=train,
            valset=validation or None,
            seed=int(settings.get("seed") or 0),
            budget=_budget(settings.get("budget") or {}, paid_before(events)),
            run_log=journal,
            num_threads=int(settings.get("concurrency") or 8),
            racing=settings.get("racing", True),
            target=settings.get("target"),
            plateau=settings.get("plateau"),
            testset=_testset(job, request),
            confirm=settings.get("confirm"),
            stop_requested=job.control.stop_requested,
            on_event=progress.on_event,
        )
        report = Measuring(
            job,
            request,
            validation,
            chose=kind.scores,
            concurrency=int(settings.get("concurrency") or 8),
        ).completed(compiled)
    return _outcome(settings["optimizer"], compiled, report)


def _validation(job: Job, request: RunRequest) -> list[Example]:
    try:
        return list(load_examples(job.store, request.dataset_id, "validation"))
    except DataError:
        return []  # the optimizer then chooses on train, and its report says so


def _testset(job: Job, request: RunRequest) -> list[Example] | None:
    """Return the rows that only confirm the winner, where the run asked for that."""
    if not request.settings.get("testset"):
        return None
    return list(load_examples(job.store, request.dataset_id, "test"))


def _teacher_settings(job: Job, request: RunRequest) -> dict[str, Any]:
    name = request.settings.get("teacher_model")
    if not name:
        return {}
    return {"lm": open_model(job.store, name), "adapter": make_adapter(request.adapter)}


def _budget(caps: Mapping[str, Any], paid: Spend) -> Budget:
    """Return the caps of a search, less what was paid after it in earlier sessions: the caps are of all together."""
    used = {"calls": paid.calls, "tokens": paid.tokens, "cost": paid.cost}
    return Budget.of({
        name: cap if cap is None else max(0, cap - used.get(name, 0)) for name, cap in caps.items()
    })  # fmt: skip


def _stored(score: ScoreReport | None) -> dict[str, Any] | None:
    """Return a score as a run keeps it."""
    if score is None or score.mean is None:
        return None
    return {
        "score": score.percent,
        "mean": score.mean,
        "interval": list(score.interval),
        "rows": score.rows,
        "of": score.of,
        "on": score.on,
    }


def _is_score(score: ScoreReport | None) -> bool:
    """Whether a search's score is one of the program: of all rows, and not of those that taught."""
    return score is not None and score.full and score.on == "validation"


def _title(optimizer: str) -> str:
    return str(optimizers.entry(optimizer).meta.get("title") or optimizer.replace("_", " "))


def _outcome(optimizer: str, compiled: Any, report: CompileReport) -> Outcome:
    """Return how a compile ended. Its score is that on rows that chose nothing, where there are some."""
    confirmed = report.confirmation
    winner, given = (confirmed.score, confirmed.given) if confirmed else (report.score, report.baseline)
    holds = confirmed is not None or _is_score(winner)
    score = (_stored(winner) if holds else None) or {}
    before = _stored(given) if confirmed is not None or _is_score(given) else None
    spend = Spend.from_dict(report.spend)
    result = {
        "score": score.get("score"),
        "mean": score.get("mean"),
        "interval": score.get("interval"),
        "rows": score.get("rows", 0),
        "on": score.get("on", winner.on if winner else None),
        "part": None if holds else _stored(winner),
        "baseline": before,
        "calls": spend.calls,
        "prompt_tokens": spend.prompt_tokens,
        "completion_tokens": spend.completion_tokens,
        "cost": None if spend.unpriced else spend.cost,
        "seconds": report.seconds,
        "stop_code": report.stop_code,
        "stop_reason": report.stop_reason,
        "candidates": len(report.candidates),
        "summary": _summary(optimizer, report),
        "verdict": report.verdict,
        "report": report.to_dict(),
    }
    version = None
    if report.best is not None:
        version = NewVersion(compiled.dump_state(), _title(optimizer))
    return Outcome("stopped" if report.stop_code == "stopped" else "done", result, version)


def _summary(optimizer: str, report: CompileReport) -> str:
    """Return the report in a few lines, with what scoring the result took where the search did not score it."""
    said = replace(report, optimizer=_title(optimizer)).summary()
    calls = int(report.spend_by_purpose.get(PURPOSE, {}).get("calls", 0))
    if calls:
        took = counted(calls, "call", grouped=True)
        said += f"\nScoring the result and the program as given took {took} of these."
    return said
