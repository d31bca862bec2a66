"""One row: an example run through a program and a metric, and which of the outcomes it met.

Knows nothing about the other rows. Who failed decides whether a row counts: a reply that cannot be parsed is the
model's failure and counts as `failure_score`, or candidates would win by failing; a broken connection or a broken
metric says nothing about the program, so such a row has no score at all.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, fields
from time import perf_counter
from typing import Any, Literal

from core.data.example import Example, shown_fields, sides_of
from core.evaluate.call import MetricCall, ProgramCall
from core.evaluate.score import Score
from core.foundation.errors import (
    AdapterParseError,
    AgentError,
    BudgetExceeded,
    CodeExecutionError,
    ConstraintFailed,
    ValueCoercionError,
    WorkbenchError,
)
from core.foundation.fingerprint import jsonable
from core.lm.tally import also_count, count_no_more
from core.messages import LMRequest, LMResponse, Usage
from core.modules.assertions import ASSERT, SUGGEST
from core.modules.overrides import outside_programs, running
from core.trace import Span, redact, sink_to
from core.trace.counts import FALLBACKS, count_into, count_into_no_more

__all__ = ["Outcome", "Row", "RowOptions", "evaluate_row", "evaluate_row_apart"]

Outcome = Literal["scored", "model_failure", "infrastructure_failure", "metric_failure"]


# Not frozen, as that makes a constructor five times as slow: a row is made once and changed by `replace` alone.
@dataclass(slots=True)
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
    suggest_failures: int = 0
    assert_failures: int = 0
    """How often constraints with `is_metric=True` failed, in all attempts."""
    fallbacks: int = 0
    """How often a reply had to be asked for in another layout."""
    returned: Any = field(default=None, compare=False, repr=False)
    """What the metric returned, as it is; kept in memory alone. None: no more than `score`."""

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


_PLAIN = [
    item.name for item in fields(Row) if item.name not in ("usage", "metric_usage", "spans", "returned")
]


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


_Call = tuple[Usage, float | None, bool]
"""What one call took: tokens, US dollars, whether it came from the cache."""


class _Progress:
    """What is known of a row while it runs; counts its calls, and keeps its spans where they are wanted."""

    __slots__ = ("answered", "counted", "latency", "metric", "prediction", "program", "spans")

    def __init__(self, keep_spans: bool) -> None:
        self.spans: list[Span] | None = [] if keep_spans else None
        self.program: list[_Call] = []  # appended to from any thread, added up at the end
        self.metric: list[_Call] = []
        self.prediction: Any = None
        self.answered = False
        self.latency = 0.0
        self.counted: dict[str, int] = {}  # fallbacks and failed constraints

    def count(self, request: LMRequest, response: LMResponse) -> None:
        """Count one answered call."""
        del request
        calls = self.metric if self.answered else self.program
        calls.append((response.usage, response.cost, response.cached))

    def on_end(self, span: Span) -> None:
        """Keep one finished span."""
        if span.error is not None and span.error.startswith("WouldBlock"):
            return  # an attempt in place that was given up before anything was sent; it is made again on a thread
        if self.spans is not None:
            self.spans.append(span)

    def from_elsewhere(self, span: Span) -> None:
        """Take a span of another process, whose calls nobody here could count."""
        self.on_end(span)
        if span.kind == "lm" and span.status == "ok":
            facts = span.attributes
            tokens = facts.get("usage") or {}
            usage = Usage(tokens.get("prompt_tokens") or 0, tokens.get("completion_tokens") or 0)
            calls = self.metric if self.answered else self.program
            calls.append((usage, facts.get("cost"), bool(facts.get("cached"))))


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
    listening, naming = also_count(so_far.count), count_into(so_far.counted)
    try:
        return await _evaluated(index, example, program, metric, options, so_far)
    finally:
        count_no_more(listening)
        count_into_no_more(naming)


async def evaluate_row_apart(
    index: int, example: Example, program: ProgramCall, metric: MetricCall | None, options: RowOptions
) -> tuple[Row, Any]:
    """Do the same in a context that is used for nothing else, which may stay as the row leaves it."""
    so_far = _Progress(options.traces)
    also_count(so_far.count)
    count_into(so_far.counted)
    return await _evaluated(index, example, program, metric, options, so_far)


async def _evaluated(
    index: int,
    example: Example,
    program: ProgramCall,
    metric: MetricCall | None,
    options: RowOptions,
    so_far: _Progress,
) -> tuple[Row, Any]:
    try:
        if options.timeout is None and so_far.spans is None and running.get() is None:
            score = await _run(example, program, metric, so_far)
        else:
            score = await _watched(example, program, metric, so_far, options)
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


async def _watched(
    example: Example,
    program: ProgramCall,
    metric: MetricCall | None,
    so_far: _Progress,
    options: RowOptions,
) -> Score | None:
    """Run a row that has a deadline, keeps its spans, or is evaluated inside of a program."""
    with outside_programs(), sink_to(so_far) if so_far.spans is not None else nullcontext():
        async with asyncio.timeout(options.timeout):
            return await _run(example, program, metric, so_far)


async def _run(
    example: Example, program: ProgramCall, metric: MetricCall | None, so_far: _Progress
) -> Score | None:
    started = perf_counter()
    try:
        so_far.prediction = await program(example.input_values(), so_far.from_elsewhere)
    finally:
        so_far.latency = perf_counter() - started
    so_far.answered = True
    return None if metric is None else await metric(example, so_far.prediction)


_UNREADABLE = (AdapterParseError, ValueCoercionError, ConstraintFailed, AgentError, CodeExecutionError)


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
    inputs, labels = sides_of(example)
    calls, counted = so_far.program, so_far.counted
    usage, cost, cached = _sums(calls) if calls else _NO_CALLS
    metric_usage, metric_cost, _ = _sums(so_far.metric) if so_far.metric else _NO_CALLS
    # By position, in the order of the fields: names would cost as much as the rest.
    return Row(
        index,
        example.id,
        inputs,
        labels,
        _outputs(so_far.prediction) if so_far.answered else {},
        None if score is None else score.value,
        outcome,
        "" if score is None else score.feedback,
        error,
        expected,
        so_far.latency,
        usage,
        cost,
        cached,
        metric_usage,
        metric_cost,
        so_far.spans,
        counted.get(SUGGEST, 0),
        counted.get(ASSERT, 0),
        counted.get(FALLBACKS, 0),
        None if score is None else score.returned,
    )


_NO_CALLS: tuple[Usage, float | None, bool | None] = (Usage(), 0.0, None)


def _sums(calls: list[_Call]) -> tuple[Usage, float | None, bool | None]:
    """Tokens; US dollars, None where a price is unknown; whether all came from the cache."""
    if len(calls) == 1:
        return calls[0]
    usage, cost, cached = calls[0]
    for more, price, stored in calls[1:]:
        usage, cost = usage + more, None if cost is None or price is None else cost + price
        cached = cached and stored
    return usage, cost, cached


def _outputs(prediction: Any) -> dict[str, Any]:
    """The fields of a prediction; a program that gives something else gives the field `output`."""
    if isinstance(prediction, Example):
        return shown_fields(prediction)
    return dict(prediction) if isinstance(prediction, Mapping) else {"output": prediction}
