"""Starts evaluations and compiles: checks what was asked, names the run, writes its row, hands it to a runner.

Knows nothing about how runs are carried out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.foundation.errors import ConfigurationError, StoreError
from workbench.jobs.engine import EMBEDDED, checked_split, open_model
from workbench.services.adapters import check_adapter
from workbench.services.optimizers import checked_params, optimizer_title, takes_prompt_model
from workbench.services.workspace import Workspace
from workbench.store import require
from workbench.store.tables import DataRow, DatasetRow, MetricRow, RunRow, VersionRow

__all__ = [
    "check_evaluation",
    "checked_budget",
    "checked_compile",
    "checked_number",
    "checked_search",
    "start_compile",
    "start_evaluation",
    "write_run",
]


def start_evaluation(
    ws: Workspace,
    version_id: str,
    dataset_id: str,
    split: str | None,
    metric_id: str,
    model: str = EMBEDDED,
    limit: int | None = None,
    repeats: int = 1,
    concurrency: int = 8,
    *,
    adapter: str = "chat",
    temperature: float | None = None,
    max_errors: int | None = None,
    name: str | None = None,
) -> str:
    """Start scoring a program version on a split and return the run's id at once.

    Args:
        split: "train", "validation", "test", or "all".
        limit: Only the first so many rows.
        repeats: Runs every row so often, each with samples of its own; the score is the mean.
        concurrency: Rows in flight.
        max_errors: So many rows that fail because of infrastructure or the metric end the run; a fifth of the
            rows, and at least ten, where not given.
        name: Made from what differs from other runs where not given.

    Raises:
        WorkbenchError: Something asked for does not exist or cannot work; nothing was started.
    """
    check_evaluation(
        ws, model, limit, repeats, concurrency, split=split, adapter=adapter, temperature=temperature
    )
    settings = {
        "limit": limit,
        "repeats": repeats,
        "concurrency": concurrency,
        "adapter": adapter,
        "temperature": temperature,
        "max_errors": max_errors,
    }
    wanted = checked_split(split)
    run_id = write_run(
        ws,
        "evaluate",
        version_id,
        dataset_id,
        metric_id,
        model,
        wanted or "all",
        settings,
        name,
        needs=(wanted,),
    )
    ws.jobs.start(run_id)
    return run_id


def check_evaluation(
    ws: Workspace,
    model: str = EMBEDDED,
    limit: int | None = None,
    repeats: int = 1,
    concurrency: int = 8,
    *,
    split: str | None = None,
    adapter: str = "chat",
    temperature: float | None = None,
) -> None:
    """See that an evaluation can be asked for; the arguments are those of `start_evaluation`.

    Raises:
        WorkbenchError: It cannot; says why.
    """
    checked_number("limit", limit, 1, None)
    checked_number("repeats", repeats, 1, 100)
    checked_number("concurrency", concurrency, 1, 1024)
    checked_split(split)
    check_adapter(adapter)
    open_model(ws.store, model, temperature=temperature)


def start_compile(
    ws: Workspace,
    version_id: str,
    dataset_id: str,
    metric_id: str,
    optimizer: str,
    params: Mapping[str, Any] | None = None,
    model: str = EMBEDDED,
    budget: Mapping[str, float | None] | None = None,
    seed: int = 0,
    *,
    adapter: str = "chat",
    temperature: float | None = None,
    concurrency: int = 8,
    teacher_model: str | None = None,
    prompt_model: str | None = None,
    racing: bool = True,
    target: float | None = None,
    plateau: int | None = None,
    testset: bool = False,
    confirm: float | None = None,
    name: str | None = None,
) -> str:
    """Start compiling a program version on the train and validation splits and return the run's id at once.

    The test split is touched only where `testset` asks for it, after the search. The result is saved as a new version.

    Args:
        params: The optimizer's parameters; its defaults where not given.
        budget: Caps: "calls", "tokens", "cost" (US dollars), "seconds".
        teacher_model: The model of the teacher program, for optimizers that have one.
        prompt_model: The model that writes instructions, for optimizers that ask for them; else `model` does.
        racing: Stop scoring candidates that will hardly win; False: the published algorithm exactly.
        target: End the search at a candidate whose mean score (0 to 1) reaches this.
        plateau: End the search once this many candidates in a row did not beat the best.
        testset: At the end compare the winner and the given program on the test split, which chose nothing.
        confirm: The same on this share (below 1), or this number, of the validation rows, which then choose nothing.

    Raises:
        WorkbenchError: Something asked for does not exist or cannot work; nothing was started.
    """
    settings = checked_compile(
        ws, optimizer, params, model, budget, seed, adapter=adapter, temperature=temperature,
        concurrency=concurrency, teacher_model=teacher_model, prompt_model=prompt_model, racing=racing,
        target=target, plateau=plateau, testset=testset, confirm=confirm,
    )  # fmt: skip
    needs = ("train", "test") if testset else ("train",)
    run_id = write_run(
        ws, "compile", version_id, dataset_id, metric_id, model, "train", settings, name, needs=needs
    )
    ws.jobs.start(run_id)
    return run_id


def checked_compile(
    ws: Workspace,
    optimizer: str,
    params: Mapping[str, Any] | None = None,
    model: str = EMBEDDED,
    budget: Mapping[str, float | None] | None = None,
    seed: int = 0,
    *,
    adapter: str = "chat",
    temperature: float | None = None,
    concurrency: int = 8,
    teacher_model: str | None = None,
    prompt_model: str | None = None,
    racing: bool = True,
    target: float | None = None,
    plateau: int | None = None,
    testset: bool = False,
    confirm: float | None = None,
) -> dict[str, Any]:
    """Return what a compile is asked for as its run keeps it; the arguments are those of `start_compile`.

    Raises:
        WorkbenchError: Something asked for does not exist or cannot work.
    """
    checked_number("concurrency", concurrency, 1, 1024)
    checked_number("seed", seed, 0, None)
    check_adapter(adapter)
    open_model(ws.store, model, temperature=temperature)
    _checked_models(ws, optimizer, teacher_model, prompt_model)
    return {
        "optimizer": optimizer,
        "params": checked_params(optimizer, params or {}),
        "budget": checked_budget(budget or {}),
        "seed": seed,
        "adapter": adapter,
        "temperature": temperature,
        "concurrency": concurrency,
        "teacher_model": teacher_model,
        **({"prompt_model": prompt_model} if prompt_model else {}),
        **checked_search(racing, target, plateau, testset, confirm),
    }


def checked_search(
    racing: bool, target: float | None, plateau: int | None, testset: bool, confirm: float | None
) -> dict[str, Any]:
    """Return how a search ends and how its winner is confirmed, as a run's settings keep it.

    Raises:
        ConfigurationError: A value cannot be meant, or two say different things.
    """
    if target is not None and not (not isinstance(target, bool) and 0 < target <= 1):
        raise ConfigurationError(
            f"The target is {target}.", hint="It is a mean score between 0 and 1: 0.9 is 90 %."
        )
    checked_number("plateau", plateau, 1, None)
    if confirm is not None and not (0 < confirm < 1 or (confirm >= 1 and float(confirm).is_integer())):
        raise ConfigurationError(
            f"confirm is {confirm}.", hint="Give a share of the rows below 1, or a number of rows."
        )
    if testset and confirm:
        raise ConfigurationError(
            "The winner can be confirmed on the test split or on rows set aside, not on both.",
            hint="Leave out one of testset and confirm.",
        )
    return {
        "racing": bool(racing),
        "target": target,
        "plateau": plateau,
        "testset": bool(testset),
        "confirm": confirm,
    }


def _checked_models(ws: Workspace, optimizer: str, teacher: str | None, prompt: str | None) -> None:
    """See that the other models are there, and that the optimizer has a use for one that writes."""
    for name in (teacher, prompt):
        if name is not None:
            open_model(ws.store, name)
    if prompt is not None and not takes_prompt_model(optimizer):
        raise ConfigurationError(
            f"'{optimizer}' asks no model for instructions, so it has no use for a prompt model.",
            hint="Leave it out, or choose an optimizer that writes instructions: copro, miprov2, gepa …",
        )


def write_run(
    ws: Workspace,
    kind: str,
    version_id: str,
    dataset_id: str,
    metric_id: str,
    model: str,
    split: str,
    settings: dict[str, Any],
    name: str | None,
    *,
    needs: tuple[str | None, ...],
) -> str:
    """Write a run's row and return its id; whoever calls it hands the run to a runner.

    Args:
        needs: Splits that must have rows; None: the dataset must.

    Raises:
        WorkbenchError: What it names does not exist, does not go together or has no rows.
    """
    with ws.store.write() as session:
        version = require(session, VersionRow, version_id, "version")
        dataset = require(session, DatasetRow, dataset_id, "dataset")
        metric = require(session, MetricRow, metric_id, "metric")
        for other, noun in ((dataset, "dataset"), (metric, "metric")):
            if other.task_id != version.task_id:
                raise StoreError(
                    f"The {noun} belongs to another task.", hint="Choose one of the program's task."
                )
        for needed in needs:
            _need_rows(session, dataset, needed)
        row = RunRow(
            task_id=version.task_id,
            kind=kind,
            version_id=version.id,
            dataset_id=dataset.id,
            metric_id=metric.id,
            split=split,
            model=model,
            settings=settings,
            progress={},
            dataset_fingerprint=dataset.fingerprint,
            metric_fingerprint=metric.fingerprint,
            worker=ws.jobs.holder,
        )
        row.name = (
            " ".join(name.split())[:200]
            if name and name.strip()
            else _auto_name(session, row, version, dataset)
        )
        session.add(row)
        session.flush()
        return row.id


def _need_rows(session: Session, dataset: DatasetRow, split: str | None) -> None:
    query = select(func.count()).select_from(DataRow).where(DataRow.dataset_id == dataset.id)
    if split is not None:
        query = query.where(DataRow.split == split)
    if not session.scalar(query):
        raise ConfigurationError(
            f"The dataset '{dataset.name}' has no rows in '{split or 'all'}'.",
            hint="Split it on the data page.",
        )


def _auto_name(session: Session, run: RunRow, version: VersionRow, dataset: DatasetRow) -> str:
    """Name a run after what tells it from the task's other runs; what is always the same is left out."""
    others = session.scalars(
        select(RunRow).where(RunRow.task_id == run.task_id, RunRow.kind == run.kind)
    ).all()
    if run.kind == "compile":
        parts = [optimizer_title(str(run.settings["optimizer"])), f"from v{version.number}"]
    elif run.kind == "ablation":
        parts = [f"Ablation of v{version.number}", run.split]
    else:
        parts = [f"v{version.number}" + (f" {version.label}" if version.label else ""), run.split]
    if any(other.dataset_id != run.dataset_id for other in others):
        parts.append(dataset.name)
    if any(other.metric_id != run.metric_id for other in others):
        parts.append(require(session, MetricRow, run.metric_id, "metric").name)
    if run.model != EMBEDDED or any(other.model != run.model for other in others):
        parts.append(run.model.removeprefix("embedded/"))
    defaults = {"limit": None, "repeats": 1, "seed": 0, "adapter": "chat", "temperature": None}
    for key, usual in defaults.items():
        value = run.settings.get(key, usual)
        if value != usual:
            parts.append(f"{key} {value}")
    name = " · ".join(parts)
    taken = {other.name for other in others}
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} #{number}"
    return free[:200]


def checked_number(name: str, value: float | None, least: float, most: float | None) -> None:
    """Refuse a number out of its span; None is no number.

    Raises:
        ConfigurationError: It is.
    """
    if value is None:
        return
    if isinstance(value, bool) or not value >= least or (most is not None and value > most):
        span = f"at least {least:g}" if most is None else f"between {least:g} and {most:g}"
        raise ConfigurationError(f"{name} is {value}.", hint=f"It must be {span}.")


def checked_budget(budget: Mapping[str, float | None]) -> dict[str, float]:
    """Return the caps that are set.

    Raises:
        ConfigurationError: One is unknown or no number that can be a cap.
    """
    from core.search.budget import Budget

    caps = Budget.of(dict(budget)).to_dict()
    return {name: cap for name, cap in caps.items() if cap is not None}
