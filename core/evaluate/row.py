"""One row: an example run through a program and a metric, and which of the outcomes it met.

Knows nothing about the other rows. Who failed decides whether a row counts: a reply that cannot be parsed is the
model's failure and counts as `failure_score`, or candidates would win by failing; a broken connection or a broken
metric says nothing about the program, so such a row has no score at all.
"""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from core.data.example import Example
from core.evaluate.call import MetricCall, ProgramCall
from core.evaluate.score import Score
from core.foundation.errors import AdapterParseError, BudgetExceeded, ValueCoercionError, WorkbenchError
from core.foundation.fingerprint import jsonable
from core.messages import Usage
from core.modules.overrides import outside_programs
from core.trace import Span, redact, sink_to

__all__ = ["Outcome", "Row", "RowOptions", "evaluate_row"]

Outcome = Literal["scored", "model_failure", "infrastructure_failure", "metric_failure"]


@dataclass(frozen=True, slots=True)
class Row:
    """What happened to one example; plain data, so it can be stored and compared later."""

    index: int
    """Position in the devset."""
    example_id: str
    inputs: dict[str, Any]
    labels: dict[str, Any]
    outputs: dict[str, Any]
    """What the program gave; empty where it failed."""
    score: float | None
    """The metric's, or `failure_score` for a model failure; None where the row does not count."""
    outcome: Outcome
    feedback: str = ""
    error: str = ""
    """Type and message of what failed; empty for a scored row."""
    expected_error: bool = True
    """False: the program itself raised; counts as a model failure, and towards `max_errors`."""
    latency: float = 0.0
    """Seconds the program took."""
    usage: Usage = field(default_factory=Usage)
    """Tokens the program's calls are made of, cached or live."""
    cost: float | None = 0.0
    """US dollars the program's calls cost; None where a price is unknown."""
    cached: bool | None = None
    """Whether every call of the program came from the cache; None where it made none."""
    metric_usage: Usage = field(default_factory=Usage)
    metric_cost: float | None = 0.0
    """What the metric itself spent: an LM judge's calls."""
    spans: list[Span] | None = field(default=None, compare=False)
    """All steps in order of their end, where traces were asked for."""

    @property
    def counts(self) -> bool:
        """Whether the row is part of the mean."""
        return self.score is not None

    def to_dict(self) -> dict[str, Any]:
        """Return JSON data, credentials redacted."""
        data = {name: jsonable(getattr(self, name)) for name in _PLAIN}
        data["usage"], data["metric_usage"] = self.usage.to_dict(), self.metric_usage.to_dict()
        data["error"] = redact(self.error)
        data["spans"] = None if self.spans is None else [span.to_dict() for span in self.spans]
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Row:
        """Return the row that `to_dict` wrote; unknown keys are ignored."""
        known = {name: data[name] for name in _PLAIN if name in data}
        for name in ("usage", "metric_usage"):
            counts = data.get(name) or {}
            known[name] = Usage(counts.get("prompt_tokens", 0), counts.get("completion_tokens", 0))
        spans = data.get("spans")
        return cls(**known, spans=None if spans is None else [Span.from_dict(span) for span in spans])


_PLAIN = [item.name for item in fields(Row) if item.name not in ("usage", "metric_usage", "spans")]


@dataclass(frozen=True)
class RowOptions:
    """How rows are run."""

    failure_score: float = 0.0
    timeout: float | None = None
    """Seconds that program and metric together may take."""
    traces: bool = False
    """Keep the spans of each row."""
    provide_traceback: bool = False
    """Put the traceback into the row's error."""


class _Meter:
    """Adds up what language-model calls took."""

    __slots__ = ("calls", "completion_tokens", "cost", "live", "prompt_tokens")

    def __init__(self) -> None:
        self.calls = 0
        self.live = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self.cost: float | None = 0.0

    def add(self, facts: Mapping[str, Any]) -> None:
        """Count one answered call by the facts of its span."""
        usage: Mapping[str, int] = facts.get("usage") or {}
        self.calls += 1
        self.live += not facts.get("cached")
        self.prompt_tokens += usage.get("prompt_tokens") or 0
        self.completion_tokens += usage.get("completion_tokens") or 0
        cost = facts.get("cost")
        self.cost = None if cost is None or self.cost is None else self.cost + cost

    @property
    def usage(self) -> Usage:
        return Usage(self.prompt_tokens, self.completion_tokens)


_CALLS = ("lm",)


class _Progress:
    """What is known of a row while it runs; the sink of its spans, before and after the program answered."""

    __slots__ = ("answered", "kinds", "latency", "metric", "prediction", "program", "spans")

    def __init__(self, keep_spans: bool) -> None:
        self.spans: list[Span] | None = [] if keep_spans else None
        self.kinds = None if keep_spans else _CALLS
        self.program = _Meter()
        self.metric = _Meter()
        self.prediction: Any = None
        self.answered = False
        self.latency = 0.0

    def on_end(self, span: Span) -> None:
        """Take one finished span."""
        if span.error is not None and span.error.startswith("WouldBlock"):
            return  # an attempt in place that was given up before anything was sent; it is made again on a thread
        if self.spans is not None:
            self.spans.append(span)
        if span.kind == "lm" and span.status == "ok":
            (self.metric if self.answered else self.program).add(span.attributes)


async def evaluate_row(
    index: int, example: Example, program: ProgramCall, metric: MetricCall | None, options: RowOptions
) -> tuple[Row, Any]:
    """Run one example and give its row, with the prediction (None where the program failed).

    Args:
        index: The row's position.
        example: With its inputs set.
        program: What to run.
        metric: What to score with; None gives rows without a score whose outcome is "scored".
        options: How.

    Raises:
        BudgetExceeded: A cap was reached; the row is not finished.
    """
    so_far = _Progress(options.traces)
    try:
        if options.timeout is None:
            score = await _run(example, program, metric, so_far)
        else:
            async with asyncio.timeout(options.timeout):
                score = await _run(example, program, metric, so_far)
    except BudgetExceeded:
        raise
    except TimeoutError as error:
        late = f"TimeoutError: {str(error) or f'no result within {options.timeout} s'}"
        outcome: Outcome = "metric_failure" if so_far.answered else "infrastructure_failure"
        return _row(index, example, so_far, None, outcome, late), so_far.prediction
    except Exception as error:
        outcome = "metric_failure" if so_far.answered else _who_failed(error)
        score = Score(options.failure_score) if outcome == "model_failure" else None
        text = _describe(error, options.provide_traceback)
        expected = outcome != "model_failure" or isinstance(error, _UNREADABLE)
        return _row(index, example, so_far, score, outcome, text, expected), so_far.prediction
    return _row(index, example, so_far, score, "scored"), so_far.prediction


async def _run(
    example: Example, program: ProgramCall, metric: MetricCall | None, so_far: _Progress
) -> Score | None:
    with outside_programs(), sink_to(so_far, kinds=so_far.kinds):
        started = time.perf_counter()
        try:
            so_far.prediction = await program(example.input_values(), so_far)
        finally:
            so_far.latency = time.perf_counter() - started
        so_far.answered = True
        return None if metric is None else await metric(example, so_far.prediction)


_UNREADABLE = (AdapterParseError, ValueCoercionError)


def _who_failed(error: Exception) -> Outcome:
    """Whose failure an exception of the program is.

    One that is nobody's we know (a bug in a user's `forward`, or `int()` of a bad answer) counts against the
    program: a candidate must not win by raising.
    """
    if isinstance(error, _UNREADABLE):
        return "model_failure"
    return (
        "infrastructure_failure"
        if isinstance(error, (WorkbenchError, OSError, MemoryError, ImportError))
        else "model_failure"
    )


def _describe(error: BaseException, with_traceback: bool) -> str:
    if with_traceback:
        return "".join(traceback.format_exception(error)).strip()
    return f"{type(error).__name__}: {error}".strip()


def _row(
    index: int,
    example: Example,
    so_far: _Progress,
    score: Score | None,
    outcome: Outcome,
    error: str = "",
    expected: bool = True,
) -> Row:
    program, metric = so_far.program, so_far.metric
    named = example.input_keys is not None
    return Row(
        index=index,
        example_id=example.id,
        inputs=example.input_values() if named else {},
        labels=_shown(example.label_values()) if named else dict(example.items()),
        outputs=_outputs(so_far.prediction) if so_far.answered else {},
        score=None if score is None else score.value,
        outcome=outcome,
        feedback="" if score is None else score.feedback,
        error=error,
        expected_error=expected,
        latency=so_far.latency,
        usage=program.usage,
        cost=program.cost,
        cached=program.live == 0 if program.calls else None,
        metric_usage=metric.usage,
        metric_cost=metric.cost,
        spans=so_far.spans,
    )


def _shown(values: dict[str, Any]) -> dict[str, Any]:
    """Without the fields that DSPy's datasets carry for themselves."""
    return {name: value for name, value in values.items() if not name.startswith("dspy_")}


def _outputs(prediction: Any) -> dict[str, Any]:
    """The fields of a prediction; a program that gives something else gives the field `output`."""
    if isinstance(prediction, Example):
        return dict(prediction.items())
    return dict(prediction) if isinstance(prediction, Mapping) else {"output": prediction}
