"""What a search runs: a candidate on a scoring row, a teacher on a training row with its trace, a proposer's question.

Knows nothing about order, budgets or logs; `core.search.bench` runs these in units and writes them down.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from typing import Any

from core.data.example import Example
from core.evaluate.call import MetricCall, ProgramCall
from core.evaluate.row import Row, RowOptions, evaluate_row
from core.foundation.errors import ContextWindowExceededError, MetricError
from core.foundation.fingerprint import jsonable
from core.modules.module import Module
from core.modules.overrides import Override, overriding
from core.search.budget import Spend
from core.search.candidate import Candidate
from core.search.problem import Item
from core.settings import context
from core.trace import TraceStep, collect, redact

__all__ = [
    "PROGRAM_FAILED",
    "Answer",
    "AskJob",
    "Attempt",
    "RowJob",
    "RowResult",
    "Step",
    "TraceJob",
    "run_ask",
    "run_row",
    "run_trace",
]

FAILURE_SCORE = 0.0
"""What a reply that cannot be read scores, or candidates would win by failing."""

PROGRAM_FAILED = frozenset({"model_failure", "too_long"})
"""Outcomes that are the program's own failure: they score, and running it again would give the same."""

TOO_LONG = "the prompt is too long for the model"

_OPTIONS = RowOptions(failure_score=FAILURE_SCORE)
MAX_ERROR_TEXT = 1_000


@dataclass(frozen=True)
class RowJob:
    """One candidate on one scoring row."""

    candidate: Candidate
    position: int
    item: Item


@dataclass(frozen=True)
class RowResult:
    """What came of a row.

    Attributes:
        score: None where infrastructure or the metric failed.
        outcome: As of `core.evaluate.row`, or "too_long": the candidate's prompt does not fit the model's window.
        counts_as_error: It counts towards `max_errors`.
        suggest_failures, assert_failures: How often the program's own constraints failed.
    """

    score: float | None
    outcome: str
    spend: Spend = field(default_factory=Spend)
    feedback: str = ""
    error: str = ""
    latency: float = 0.0
    counts_as_error: bool = False
    suggest_failures: int = 0
    assert_failures: int = 0


@dataclass(frozen=True)
class TraceJob:
    """One attempt of a teacher on one training row.

    Attributes:
        key: Names the attempt: equal keys are the same teacher in the same state on the same row.
        whole: Keep the steps of rejected attempts too, for those who learn from failures.
        overrides: What differs about the teacher's predictors for this attempt alone, by path.
        settings: Settings in force while the teacher runs.
        judge: Returns why the attempt is not kept, given its score (None without a metric); empty: it is.
        about: Paths of predictors on each of which a metric of five arguments is heard too.
    """

    key: str
    item: Item
    teacher: Module
    judge: Callable[[float | None], str]
    overrides: Mapping[str, Override] = field(default_factory=dict[str, Override])
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    round: int = 0
    whole: bool = False
    about: tuple[str, ...] = ()


Step = dict[str, Any]
"""One predictor call of a kept trace, as JSON: {"path", "inputs", "outputs"}; of a repeated attempt also what it was
told then, under "further"."""


@dataclass(frozen=True)
class Attempt:
    """What came of a `TraceJob`.

    Attributes:
        kept: The trace may become demos; then `steps` holds it.
        why: Why it was not kept.
        feedback: What the metric said in words.
        outputs: What the program gave, as JSON.
        advice: {path: {"score", "feedback"}} of the predictors that the job is about.
    """

    row: str
    round: int
    kept: bool
    why: str = ""
    score: float | None = None
    outcome: str = "scored"
    error: str = ""
    steps: Sequence[Step] = ()
    spend: Spend = field(default_factory=Spend)
    counts_as_error: bool = False
    feedback: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    advice: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])


@dataclass(frozen=True)
class AskJob:
    """A question to a proposer: a module that writes instructions, rules or summaries.

    Attributes:
        key: Names the question: equal keys are the same question.
        proposer: The module that is asked.
        inputs: What it is asked with.
        settings: Settings in force meanwhile: another model, say.
        config: Request settings of its predictors: temperature, rollout_id.
    """

    key: str
    proposer: Module
    inputs: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def shown(self) -> dict[str, str]:
        """Return what it is asked with as short texts, for the log."""
        return {name: _cut(jsonable(value)) for name, value in self.inputs.items()}


def _cut(value: Any, most: int = 1_000) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else f"{text[:most]} … ({len(text):,} characters)"


@dataclass(frozen=True)
class Answer:
    """What a proposer said.

    Attributes:
        fields: Its output fields as JSON; empty where it failed.
        samples: The fields of every completion, where `config` asked for several (`n`); else the one.
        error: Why it failed.
    """

    fields: Mapping[str, Any]
    samples: Sequence[Mapping[str, Any]] = ()
    error: str = ""
    spend: Spend = field(default_factory=Spend)
    counts_as_error: bool = False


async def run_ask(job: AskJob, threads: Executor) -> Answer:
    """Ask a proposer; a reply that cannot be read is an answer without fields.

    Raises:
        BudgetExceeded: The question was not answered.
    """
    overrides = {"*": Override(config=job.config)} if job.config else {}
    example = Example(**job.inputs).with_inputs(*job.inputs)
    with context(**job.settings), overriding(overrides):
        row, prediction = await evaluate_row(0, example, ProgramCall(job.proposer, threads), None, _OPTIONS)
    if row.outcome != "scored":
        infrastructure = row.outcome != "model_failure" or not row.expected_error
        return Answer({}, error=_short(row.error), counts_as_error=infrastructure and not _is_too_long(row))
    samples = [jsonable(dict(sample.items())) for sample in prediction.completions]
    return Answer(samples[0] if samples else {}, samples)


async def run_row(job: RowJob, program: ProgramCall, metric: MetricCall) -> RowResult:
    """Run a candidate's program on a row and score it.

    Raises:
        BudgetExceeded: The row is not finished.
    """
    row, _ = await evaluate_row(job.position, job.item.example, program, metric, _OPTIONS)
    if _is_too_long(row):
        error = f"{TOO_LONG}: {_short(row.error)}"
        return RowResult(FAILURE_SCORE, "too_long", error=error, latency=row.latency)
    failed = row.outcome in {"infrastructure_failure", "metric_failure"}
    return RowResult(
        score=row.score,
        outcome=row.outcome,
        feedback=row.feedback,
        error=_short(row.error),
        latency=row.latency,
        counts_as_error=failed or not row.expected_error,
        suggest_failures=row.suggest_failures,
        assert_failures=row.assert_failures,
    )


async def run_trace(job: TraceJob, threads: Executor, metric: MetricCall | None) -> Attempt:
    """Run a teacher on a training row, judge it, and keep its steps where it passes.

    The metric runs under the search's own settings: the judge is the same one that scores candidates.

    Raises:
        BudgetExceeded: The attempt is not finished.
    """
    with context(**job.settings), overriding(job.overrides), collect() as steps:
        row, prediction = await evaluate_row(
            0, job.item.example, ProgramCall(job.teacher, threads), None, _OPTIONS
        )
    if row.outcome != "scored":
        made = _failed(job, row)
        return replace(made, steps=[_step(step) for step in steps]) if job.whole else made
    score: float | None = None
    feedback, advice = "", {}
    if metric is not None:
        try:
            judged = await metric(job.item.example, prediction, list(steps))
            score, feedback = judged.value, judged.feedback
            advice = await _advice(job, metric, prediction, steps)
        except MetricError as error:
            text = _short(str(error))
            return _rejected(job, f"the metric failed: {text}", "metric_failure", text, True)
    why = job.judge(score)
    seen = [_step(step) for step in steps] if job.whole or not why else []
    outputs = jsonable(dict(prediction.items())) if job.whole else {}
    return Attempt(
        job.item.key,
        job.round,
        kept=not why,
        why=why,
        score=score,
        steps=seen,
        feedback=feedback,
        outputs=outputs,
        advice=advice,
    )


async def _advice(
    job: TraceJob, metric: MetricCall, prediction: Any, steps: Sequence[TraceStep]
) -> dict[str, dict[str, Any]]:
    """Return what the metric says of each predictor that the job is about and that took part."""
    if not metric.judges_steps:
        return {}
    found: dict[str, dict[str, Any]] = {}
    for path in job.about:
        own = [step for step in steps if step.path == path]
        if own:
            said = await metric.of_step(job.item.example, prediction, list(steps), path, own[-1:])
            found[path] = {"score": said.value, "feedback": said.feedback}
    return found


def _is_too_long(row: Row) -> bool:
    """Return whether a prompt did not fit the model's window: whose failure that is, its length decides."""
    named = row.error.startswith(ContextWindowExceededError.__name__)
    return named and row.outcome == "infrastructure_failure"


def _failed(job: TraceJob, row: Row) -> Attempt:
    error = _short(row.error)
    if _is_too_long(row):
        return _rejected(job, f"{TOO_LONG}: {error}", "too_long", error, False)
    counts = row.outcome != "model_failure" or not row.expected_error
    return _rejected(job, f"the teacher failed: {error}", row.outcome, error, counts)


def _rejected(job: TraceJob, why: str, outcome: str, error: str, counts: bool) -> Attempt:
    return Attempt(
        job.item.key, job.round, kept=False, why=why, outcome=outcome, error=error, counts_as_error=counts
    )


def _step(step: TraceStep) -> Step:
    made = {
        "path": step.path,
        "inputs": jsonable(step.inputs),
        "outputs": jsonable(dict(step.outputs.items())),
    }
    return {**made, "further": jsonable(step.further)} if step.further else made


def _short(text: str) -> str:
    clean = redact(text)
    return clean if len(clean) <= MAX_ERROR_TEXT else f"{clean[:MAX_ERROR_TEXT]}…"
