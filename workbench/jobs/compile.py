"""The body of a compile: one optimizer's search over the run's log, its winner as a new program version.

Knows nothing about how optimizers search. Called again after a crash it replays the log and goes on where that ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.data.example import Example
from core.evaluate import Evaluate
from core.foundation.errors import DataError
from core.foundation.words import counted
from core.optimizers.base import optimizers
from core.search.budget import Budget, Gate, Spend
from core.search.meter import JobMeter
from workbench.jobs.base import Job, NewVersion, Outcome
from workbench.jobs.compile_progress import CompileProgress
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
    optimizer = optimizers.get(settings["optimizer"]).create(
        settings.get("params") or {},
        metric=request.metric,
        teacher_settings=_teacher_settings(job, request),
        prompt_model=open_model(job.store, prompt_model) if prompt_model else None,
    )
    journal = StoreRunLog(job.store, job.run_id)
    progress = CompileProgress(job.control, journal.read())
    with engine_context(job.store, request.lm, request.adapter, request.embedder):
        compiled = optimizer.compile(
            request.program,
            trainset=train,
            valset=validation or None,
            seed=int(settings.get("seed") or 0),
            budget=Budget.of(dict(settings.get("budget") or {})),
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
        meter = JobMeter(Gate(Budget()))
        with meter.installed():
            measured = _measured(job, request, compiled, validation)
    return _outcome(settings["optimizer"], compiled, measured, meter.spend)


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


def _measured(
    job: Job, request: RunRequest, compiled: Any, validation: Sequence[Example]
) -> dict[str, dict[str, Any] | None]:
    """Return the validation scores of winner and baseline, run here where the search did not measure them.

    Under a cap nothing is run after the search has ended: the cap is a promise. What was confirmed is known already.
    """
    report = compiled.report
    scores = {"score": _full(report.score), "baseline": _full(report.baseline)}
    if report.confirmation is not None and scores["score"] is None:
        return {"score": _scored(report.confirmation.score), "baseline": _scored(report.confirmation.given)}
    if not validation or request.settings.get("budget") or report.best is None:
        return scores
    for name, program in (("score", compiled), ("baseline", request.program)):
        if scores[name] is None and not job.control.stop_requested():
            scores[name] = _evaluated(job, request, program, validation)
    return scores


def _full(score: Any) -> dict[str, Any] | None:
    """A search's score as stored, if it is of all validation rows."""
    if score is None or not score.full or score.mean is None or score.on != "validation":
        return None
    return _scored(score)


def _scored(score: Any) -> dict[str, Any]:
    return {
        "score": score.percent,
        "mean": score.mean,
        "interval": list(score.interval),
        "rows": score.rows,
        "on": score.on,
    }


def _evaluated(
    job: Job, request: RunRequest, program: Any, validation: Sequence[Example]
) -> dict[str, Any] | None:
    result = Evaluate(
        devset=validation,
        metric=request.metric,
        num_threads=int(request.settings.get("concurrency") or 8),
        stop_requested=job.control.stop_requested,
    )(program)
    if not result.complete:
        return None
    return {
        "score": result.score,
        "mean": result.mean,
        "interval": list(result.interval),
        "rows": len(result.rows),
        "on": "validation",
    }


def _title(optimizer: str) -> str:
    return str(optimizers.entry(optimizer).meta.get("title") or optimizer.replace("_", " "))


def _outcome(
    optimizer: str, compiled: Any, measured: dict[str, dict[str, Any] | None], measuring: Spend
) -> Outcome:
    report = compiled.report
    score = measured["score"] or {}
    spend = Spend.from_dict(report.spend)
    spend.add(measuring)
    summary = report.summary()
    if measuring.calls:
        summary += (
            f"\nScoring the result and the program as given took {counted(measuring.calls, 'call')} more."
        )
    result = {
        "score": score.get("score"),
        "mean": score.get("mean"),
        "interval": score.get("interval"),
        "rows": score.get("rows", 0),
        "on": score.get("on", report.score.on if report.score else None),
        "baseline": measured["baseline"],
        "calls": spend.calls,
        "prompt_tokens": spend.prompt_tokens,
        "completion_tokens": spend.completion_tokens,
        "cost": spend.cost,
        "seconds": report.seconds,
        "stop_code": report.stop_code,
        "stop_reason": report.stop_reason,
        "candidates": len(report.candidates),
        "summary": summary,
        "verdict": report.verdict,
        "report": report.to_dict(),
    }
    version = None
    if report.best is not None:
        version = NewVersion(compiled.dump_state(), _title(optimizer))
    return Outcome("stopped" if report.stop_code == "stopped" else "done", result, version)
