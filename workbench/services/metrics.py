"""Metrics: the kinds there are, those saved for a task, and a bench to try one before it is trusted.

Knows nothing about programs or runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from core.foundation.fingerprint import fingerprint
from core.foundation.randomness import rng
from workbench.jobs.engine import EMBEDDED, engine_context, open_model
from workbench.services.parameters import Parameter, parameters_of
from workbench.services.tasks import checked_name
from workbench.services.workspace import Workspace
from workbench.store import require
from workbench.store.tables import MetricRow, TaskRow

__all__ = [
    "Bench",
    "Metric",
    "MetricKind",
    "Trial",
    "asks_a_model",
    "bench_metric",
    "checked_metric",
    "get_metric",
    "list_metrics",
    "metric_kinds",
    "save_metric",
    "try_metric",
]

_ASKING = ("judge", "grounded", "semantic_f1")
"""Kinds whose grade is a model's, given with its reasons."""


@dataclass(frozen=True)
class MetricKind:
    """A kind of metric that can be chosen, and its parameters."""

    kind: str
    summary: str
    parameters: list[Parameter]
    meta: dict[str, Any]


@dataclass(frozen=True)
class Metric:
    """A metric saved for a task."""

    id: str
    task_id: str
    name: str
    spec: dict[str, Any]
    """{"kind": …, "params": {…}}"""
    fingerprint: str
    created: float


@dataclass(frozen=True)
class Trial:
    """What a metric said of one pair of expected and given values."""

    score: float | None
    feedback: str = ""
    error: str = ""


@dataclass(frozen=True)
class Bench:
    """Whether a metric can tell right answers from wrong ones: mean scores of three kinds of answers."""

    gold: float | None
    """Answers that are right; should be the best there is."""
    shuffled: float | None
    """Right answers to other questions; should be much lower."""
    empty: float | None
    """No answers."""
    rows: int
    warnings: list[str]


def metric_kinds() -> list[MetricKind]:
    """Return all kinds of metrics."""
    from core.evaluate.metrics import metrics

    return [
        MetricKind(
            entry.name,
            entry.summary,
            parameters_of(entry.meta["params"]),
            {key: value for key, value in entry.meta.items() if key != "params"},
        )
        for entry in metrics.entries()
    ]


def checked_metric(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a metric's spec with its defaults filled in.

    Raises:
        UnknownNameError: There is no such kind.
        ConfigurationError: A parameter is unknown or does not fit.
    """
    from core.evaluate.metrics import make_metric

    return make_metric(spec).spec


def list_metrics(ws: Workspace, task_id: str) -> list[Metric]:
    """Return a task's metrics, newest first."""
    query = select(MetricRow).where(MetricRow.task_id == task_id).order_by(MetricRow.created.desc())
    with ws.store.read() as session:
        require(session, TaskRow, task_id, "task")
        return [_metric(row) for row in session.scalars(query)]


def asks_a_model(spec: Mapping[str, Any]) -> bool:
    """Return whether a metric (its spec) asks a model; such a metric also says in words what is wrong."""
    parts: Sequence[Mapping[str, Any]] = (spec.get("params") or {}).get("parts") or ()
    return spec.get("kind") in _ASKING or any(asks_a_model(part.get("metric") or {}) for part in parts)


def get_metric(ws: Workspace, metric_id: str) -> Metric:
    """Return one metric.

    Raises:
        StoreError: There is none of that id.
    """
    with ws.store.read() as session:
        return _metric(require(session, MetricRow, metric_id, "metric"))


def save_metric(ws: Workspace, task_id: str, spec: Mapping[str, Any], name: str | None = None) -> Metric:
    """Save a metric for a task; the same metric is not saved twice.

    Raises:
        ConfigurationError: The spec cannot be used; says why.
    """
    checked = checked_metric(spec)
    mark = fingerprint(checked)
    with ws.store.write() as session:
        require(session, TaskRow, task_id, "task")
        same = select(MetricRow).where(MetricRow.task_id == task_id, MetricRow.fingerprint == mark)
        row = session.scalars(same).first()
        if row is None:
            row = MetricRow(
                task_id=task_id,
                name=checked_name(name or _auto_name(checked)),
                spec=checked,
                fingerprint=mark,
            )
            session.add(row)
            session.flush()
        elif name:
            row.name = checked_name(name)
        return _metric(row)


def try_metric(
    ws: Workspace,
    spec: Mapping[str, Any],
    rows: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
    *,
    model: str = EMBEDDED,
) -> list[Trial]:
    """Score pairs by hand.

    Args:
        rows: (example, given answer) pairs of field → value; what the answer does not name is an input.
        model: For metrics that ask a model.

    Returns:
        One trial per pair; a metric that fails on a pair gives its error there.
    """
    from core.data.example import Example
    from core.data.prediction import Prediction
    from core.evaluate.metrics import make_metric
    from core.evaluate.score import as_score

    metric = make_metric(spec)
    trials: list[Trial] = []
    with engine_context(ws.store, open_model(ws.store, model), "chat"):
        for example, answer in rows:
            try:
                inputs = [name for name in example if name not in answer]
                row = Example(dict(example)).with_inputs(*inputs)
                score = as_score(metric(row, Prediction(**dict(answer))))
                trials.append(Trial(score.value, score.feedback))
            except Exception as error:  # a metric that fails on a pair is what the person came to see
                trials.append(Trial(None, error=str(error)))
    return trials


def bench_metric(
    ws: Workspace,
    spec: Mapping[str, Any],
    examples: Sequence[Mapping[str, Any]],
    outputs: Sequence[str],
    *,
    model: str = EMBEDDED,
) -> Bench:
    """Try a metric on right, shuffled and empty answers, and say where it cannot tell them apart.

    Args:
        examples: Rows with labels.
        outputs: The label fields.
    """
    right = [{name: row.get(name) for name in outputs} for row in examples]
    order = list(range(len(right)))
    rng(0, "metric bench").shuffle(order)
    wrong = [right[index] for index in order]
    blank = [dict.fromkeys(outputs, "") for _ in right]
    gold, shuffled, empty = (
        _mean(try_metric(ws, spec, list(zip(examples, answers, strict=True)), model=model))
        for answers in (right, wrong, blank)
    )
    return Bench(gold, shuffled, empty, len(right), _warnings(gold, shuffled, empty))


def _warnings(gold: float | None, shuffled: float | None, empty: float | None) -> list[str]:
    if gold is None:
        return ["The metric could not score a single right answer."]
    notes: list[str] = []
    if shuffled is not None and gold - shuffled < 0.05:
        notes.append("The metric hardly tells right answers from answers to other questions.")
    if empty is not None and gold - empty < 0.05:
        notes.append("The metric gives empty answers about as much as right ones.")
    return notes


def _mean(trials: Sequence[Trial]) -> float | None:
    scores = [trial.score for trial in trials if trial.score is not None]
    return sum(scores) / len(scores) if scores else None


def _auto_name(spec: Mapping[str, Any]) -> str:
    params = spec["params"]
    about = params.get("fields") or params.get("field")
    if isinstance(about, (list, tuple)):
        about = ", ".join(map(str, about))
    return f"{spec['kind']} ({about})" if about else spec["kind"]


def _metric(row: MetricRow) -> Metric:
    return Metric(row.id, row.task_id, row.name, row.spec, row.fingerprint, row.created)
