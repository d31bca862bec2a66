"""What a run will take, before it is started: calls, tokens, money, time; of a compile phase by phase.

Knows nothing about running. The counts are the engine's own formulas; what a call takes comes from the messages that
would be sent, or, where asked for, from a few probe runs, which also tell the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.foundation.errors import DataError, WorkbenchError
from core.search.budget import Budget
from core.search.estimate import REPAIR, Amount, Asked, Measured, Phase, calls_per_run
from core.search.estimate import Estimate as Calls
from workbench.jobs.compile_progress import PURPOSE
from workbench.jobs.engine import EMBEDDED, checked_split, load_examples, load_program
from workbench.services.adapters import requests_per_call
from workbench.services.measuring import measured_by_messages, measured_by_probe, runs_side_by_side
from workbench.services.metrics import get_metric
from workbench.services.previews import predict_steps
from workbench.services.starting import checked_budget, checked_search
from workbench.services.tasks import Version, get_version
from workbench.services.workspace import Workspace

__all__ = [
    "Estimate",
    "estimate_compile",
    "estimate_evaluation",
    "estimate_programs",
    "measure_compile",
]


@dataclass(frozen=True)
class Estimate:
    """What to expect. Answers from the cache make it less."""

    low: int
    """Calls to the models at least, as `likely` and `high`."""
    likely: int
    high: int
    prompt_tokens_per_call: int
    """Of a call of the program as it is."""
    cost: float | None
    """US dollars for the likely number of calls; None where a model's price is unknown."""
    cost_range: tuple[float, float] | None = None
    """US dollars at least and at most."""
    tokens: dict[str, float] = field(default_factory=dict[str, float])
    """Prompt and completion tokens: low, likely, high."""
    seconds: dict[str, float] | None = None
    """The same of the wall time; None where nothing was measured."""
    phases: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Of a compile, each phase: name, low, likely, high (calls), asks (whose calls), model (who answers them), and
    tokens, cost and seconds as {low, likely, high}, None where not known."""
    warnings: list[str] = field(default_factory=list[str])

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


@dataclass(frozen=True)
class _Rows:
    """The rows of a compile."""

    train: Sequence[Any]
    validation: Sequence[Any] | None
    test: Sequence[Any] | None


def estimate_evaluation(
    ws: Workspace,
    version_id: str,
    dataset_id: str,
    split: str | None,
    model: str = EMBEDDED,
    limit: int | None = None,
    repeats: int = 1,
    *,
    adapter: str = "chat",
) -> Estimate:
    """Return what an evaluation will take; asks no model."""
    version = get_version(ws, version_id)
    rows = load_examples(ws.store, dataset_id, checked_split(split), limit)
    calls = len(rows) * repeats * max(1, len(predict_steps(version.spec)))
    models: dict[Asked, str] = {"program": model}
    expected = Calls((Phase("run rows", calls, calls, 2 * calls),))
    return _told(ws, version, expected, models, adapter, rows)


def estimate_programs(
    ws: Workspace,
    version: Version,
    rows: Sequence[Any],
    programs: int,
    model: str = EMBEDDED,
    *,
    adapter: str = "chat",
    concurrency: int = 8,
    judged: bool = False,
) -> Estimate:
    """Return what running several programs like a version on the same rows will take; asks no model.

    Args:
        judged: The metric asks a model too.
    """
    runs = programs * len(rows)
    calls = runs * calls_per_run(load_program(version.spec, version.state))
    phases = [Phase("run rows", calls, calls, REPAIR * calls)]
    if judged:
        phases.append(Phase("judge the answers", runs, runs, REPAIR * runs))
    models: dict[Asked, str] = {"program": model}
    return _told(ws, version, Calls(tuple(phases)), models, adapter, rows, concurrency=concurrency)


def estimate_compile(
    ws: Workspace,
    version_id: str,
    dataset_id: str,
    optimizer: str,
    params: Mapping[str, Any] | None = None,
    model: str = EMBEDDED,
    *,
    adapter: str = "chat",
    probe_rows: int = 0,
    measured: Mapping[Asked, Measured] | None = None,
    concurrency: int = 8,
    seed: int = 0,
    budget: Mapping[str, float | None] | None = None,
    teacher_model: str | None = None,
    prompt_model: str | None = None,
    racing: bool = True,
    target: float | None = None,
    plateau: int | None = None,
    testset: bool = False,
    confirm: float | None = None,
    metric_id: str | None = None,
) -> Estimate:
    """Return what a compile will take, by the optimizer's own formula; the arguments are those of `start_compile`.

    Args:
        probe_rows: Run the program on so many training rows and measure; 0 asks no model, and tells no time.
        measured: What `measure_compile` found before; nothing is asked again.
        concurrency: Calls in flight, for the time.
        budget: Caps; no figure is above them.
        racing: Off, every candidate runs on every row: what is likely is more then, the ends are the same.
        target, plateau: May end the search earlier; the range holds with and without.
        metric_id: The calls of one that asks a model are counted; None: they are not.
    """
    checked_search(racing, target, plateau, testset, confirm)
    version, caps = get_version(ws, version_id), Budget.of(checked_budget(budget or {}))
    rows, warnings = _rows(ws, dataset_id, testset)
    metric = None if metric_id is None else get_metric(ws, metric_id).spec
    expected = _expected(version, rows, optimizer, params or {}, caps, seed, confirm, racing, metric)
    models: dict[Asked, str] = {
        "program": model,
        "teacher": teacher_model or model,
        "writer": prompt_model or model,
    }
    asking: set[str] = {"program"} | {phase.asks for phase in expected.calls.phases if phase.high}
    return _told(
        ws,
        version,
        expected.calls,
        {asks: name for asks, name in models.items() if asks in asking},
        adapter,
        rows.train,
        probe_rows=0 if measured else probe_rows,
        measured=measured,
        demos=expected.demos,
        concurrency=concurrency,
        warnings=warnings,
    )


def measure_compile(
    ws: Workspace,
    version_id: str,
    dataset_id: str,
    model: str = EMBEDDED,
    *,
    adapter: str = "chat",
    teacher_model: str | None = None,
    prompt_model: str | None = None,
    writes: bool = True,
    rows: int = 3,
) -> dict[Asked, Measured]:
    """Run the program on a few training rows, and ask once for instructions; return what a call of each takes.

    Args:
        writes: The optimizer asks a model for instructions.
        rows: How many rows to run.

    Raises:
        WorkbenchError: No call was answered, or a model cannot be used; says why.
    """
    train = load_examples(ws.store, dataset_id, "train")
    models: dict[Asked, str] = {"program": model, "teacher": teacher_model or model}
    if writes:
        models["writer"] = prompt_model or model
    return measured_by_probe(ws, get_version(ws, version_id), models, adapter, train, rows)


def _rows(ws: Workspace, dataset_id: str, testset: bool) -> tuple[_Rows, list[str]]:
    train, warnings = load_examples(ws.store, dataset_id, "train"), list[str]()
    try:
        validation = load_examples(ws.store, dataset_id, "validation")
    except DataError:
        validation = None
        warnings.append(
            "There are no validation rows: candidates are chosen on train, and the score is too good."
        )
    return _Rows(
        train, validation, load_examples(ws.store, dataset_id, "test") if testset else None
    ), warnings


@dataclass(frozen=True)
class _Expected:
    calls: Calls
    demos: int
    """Demos that a candidate's prompt may carry."""


def _expected(
    version: Version,
    rows: _Rows,
    optimizer: str,
    params: Mapping[str, Any],
    caps: Budget,
    seed: int,
    confirm: float | None,
    racing: bool,
    metric: Mapping[str, Any] | None,
) -> _Expected:
    """Return the calls of a search, of confirming its winner, and of a metric that asks a model."""
    from core.evaluate.metrics import make_metric
    from core.optimizers.base import optimizers
    from core.optimizers.estimating import with_judge

    kind, program = optimizers.get(optimizer), load_program(version.spec, None)
    judge = _no_metric if metric is None else make_metric(metric)
    made = kind.create(dict(params), metric=judge)
    calls = made.estimate(
        program,
        rows.train,
        rows.validation,
        seed=seed,
        budget=caps,
        testset=rows.test,
        confirm=confirm,
        racing=racing,
    )
    if rows.validation and not (kind.scores or rows.test or confirm):
        more = replace(calls, phases=(*calls.phases, _scored_after(program, len(rows.validation), caps)))
        calls = with_judge(more, judge, program, None)
    return _Expected(calls, made.most_demos)


def _scored_after(program: Any, rows: int, caps: Budget) -> Phase:
    """Return what scoring the result of a search that scores nothing takes; under a cap it may be left out."""
    one = rows * calls_per_run(program)
    capped = any(cap is not None for cap in caps.to_dict().values())
    return Phase(PURPOSE, 0 if capped else one, 2 * one, 2 * REPAIR * one)


def _no_metric(*_: object) -> float:
    return 0.0


def _told(
    ws: Workspace,
    version: Version,
    expected: Calls,
    models: Mapping[Asked, str],
    adapter: str,
    rows: Sequence[Any],
    *,
    probe_rows: int = 0,
    measured: Mapping[Asked, Measured] | None = None,
    demos: int = 0,
    concurrency: int = 8,
    warnings: Sequence[str] = (),
) -> Estimate:
    """Return the estimate as pages and the command line show it."""
    said = list(warnings)
    if probe_rows:
        try:
            measured = measured_by_probe(ws, version, models, adapter, rows, probe_rows)
        except WorkbenchError as error:
            said.append(f"The probe failed: {error}")
    calls = measured or measured_by_messages(ws, version, models, adapter, rows)
    times = requests_per_call(adapter)
    each = tuple(
        Phase(phase.name, times * phase.low, times * phase.likely, times * phase.high, phase.asks)
        for phase in expected.phases
    )
    priced = (
        Calls(each)
        .capped(expected.caps)
        .priced(
            calls["program"],
            demos=demos,
            num_threads=runs_side_by_side(ws, models["program"], concurrency),
            teacher=calls.get("teacher"),
            writer=calls.get("writer"),
        )
    )
    cost = priced.cost
    return Estimate(
        priced.low,
        priced.likely,
        priced.high,
        round(calls["program"].prompt_tokens.likely),
        None if cost is None else cost.likely,
        None if cost is None else (cost.low, cost.high),
        tokens=_ends(priced.tokens) or {},
        seconds=_ends(priced.seconds),
        phases=[_phase(phase, models) for phase in priced.phases],
        warnings=said,
    )


def _phase(phase: Phase, models: Mapping[Asked, str]) -> dict[str, Any]:
    return {
        "name": phase.name,
        "low": phase.low,
        "likely": phase.likely,
        "high": phase.high,
        "asks": phase.asks,
        "model": models.get(phase.asks, models["program"]),
        "tokens": _ends(phase.tokens),
        "cost": _ends(phase.cost),
        "seconds": _ends(phase.seconds),
    }


def _ends(amount: Amount | None) -> dict[str, float] | None:
    return None if amount is None else asdict(amount)
