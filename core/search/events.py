"""Rows, traces and questions of a search as events of its log, and back.

Knows nothing about who runs them or where the log is.
"""

from __future__ import annotations

from typing import Any

from core.search.budget import Spend
from core.search.jobs import Answer, AskJob, Attempt, RowJob, RowResult, TraceJob

__all__ = ["answer_of", "ask_event", "attempt_of", "row_event", "row_result_of", "trace_event"]


def row_result_of(event: dict[str, Any]) -> RowResult:
    """Return the row that an event holds."""
    failed = {name: event.get(name, 0) for name in ("suggest_failures", "assert_failures")}
    said = {"error": event.get("error", ""), "feedback": event.get("feedback", "")}
    return RowResult(event["score"], event["outcome"], Spend.from_dict(event), **said, **failed)


def row_event(job: RowJob, result: RowResult, elapsed: float) -> dict[str, Any]:
    """Return what the log says of a row."""
    event: dict[str, Any] = {
        "candidate": job.candidate.id,
        "state": job.candidate.key,
        "row": job.item.key,
        "index": job.position,
        "score": result.score,
        "outcome": result.outcome,
        **result.spend.to_dict(),
        "latency": round(result.latency, 6),
        "elapsed": round(elapsed, 3),
    }
    for name in ("suggest_failures", "assert_failures"):
        if getattr(result, name):
            event[name] = getattr(result, name)
    if result.feedback:
        event["feedback"] = result.feedback
    if result.error:
        event["error"] = result.error
    return event


def trace_event(job: TraceJob, attempt: Attempt, elapsed: float) -> dict[str, Any]:
    """Return what the log says of an attempt."""
    event: dict[str, Any] = {
        "key": job.key,
        "row": attempt.row,
        "round": attempt.round,
        "kept": attempt.kept,
        "score": attempt.score,
        "outcome": attempt.outcome,
        **attempt.spend.to_dict(),
        "elapsed": round(elapsed, 3),
    }
    if attempt.steps:
        event["steps"] = list(attempt.steps)
    if not attempt.kept:
        event.update(why=attempt.why, error=attempt.error)
    extra = {"feedback": attempt.feedback, "outputs": dict(attempt.outputs), "advice": dict(attempt.advice)}
    return event | {name: value for name, value in extra.items() if value}


def attempt_of(event: dict[str, Any], job: TraceJob, *, paid: bool) -> Attempt:
    """Return the attempt that an event holds, as another candidate's job gets it.

    Args:
        paid: It was counted before.
    """
    return Attempt(
        row=job.item.key,
        round=job.round,
        kept=event["kept"],
        why=event.get("why", ""),
        score=event.get("score"),
        outcome=event.get("outcome", "scored"),
        error=event.get("error", ""),
        steps=event.get("steps", ()),
        feedback=event.get("feedback", ""),
        outputs=event.get("outputs", {}),
        advice=event.get("advice", {}),
        spend=Spend() if paid else Spend.from_dict(event),
    )


def ask_event(job: AskJob, answer: Answer, elapsed: float) -> dict[str, Any]:
    """Return what the log says of a question."""
    return {
        "key": job.key,
        "asked": job.shown(),
        "samples": list(answer.samples),
        "error": answer.error,
        **answer.spend.to_dict(),
        "elapsed": round(elapsed, 3),
    }


def answer_of(event: dict[str, Any], *, paid: bool) -> Answer:
    """Return the answer that an event holds.

    Args:
        paid: It was counted before.
    """
    samples = event["samples"]
    return Answer(
        samples[0] if samples else {}, samples, event["error"], Spend() if paid else Spend.from_dict(event)
    )
