"""Ablations of a finished compile's winner: what they would take, starting one, and what those that were run found.

Knows nothing about how they are carried out, nor about how the winner was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.foundation.errors import ConfigurationError
from core.foundation.words import counted
from workbench.jobs.engine import checked_split, load_examples, load_program
from workbench.services.datasets import get_dataset
from workbench.services.estimates import Estimate, estimate_programs
from workbench.services.metrics import asks_a_model, get_metric
from workbench.services.run_records import Run
from workbench.services.runs import get_run, list_runs
from workbench.services.starting import checked_budget, checked_number, write_run
from workbench.services.tasks import Version, get_version
from workbench.services.workspace import Workspace
from workbench.store import require
from workbench.store.tables import DatasetRow, RunRow

if TYPE_CHECKING:
    from core.search.ablation import Ablation

__all__ = [
    "ABLATION",
    "CHOSE",
    "AblationPlan",
    "ablation_of",
    "ablations_of",
    "can_be_ablated",
    "check_plan",
    "parts_name",
    "plan_ablation",
    "rows_text",
    "start_ablation",
    "warning_of",
]

ABLATION = "ablation"
"""The kind of run."""

CHOSE = {
    "test": "that chose nothing",
    "validation": "that also chose the winner, which flatters it",
    "train": "that it learned from, which flatters it",
    "all": "of which some chose the winner, which flatters it",
}
"""What the rows of a split had to do with the winner, in words."""

CHANGED = "The dataset was changed after this compile: rows that made or chose the winner may be among these."

_NAMES = {
    "as given": "The program as given",
    "instructions only": "New instructions only",
    "demos only": "Examples (demos) only",
    "both": "Both: the compiled program",
}


@dataclass(frozen=True)
class AblationPlan:
    """What an ablation would run, and what that takes."""

    names: list[str]
    """Every variant."""
    runs: list[str]
    """Those that are programs of their own; the others are equal to one of these and cost nothing."""
    steps: int
    """Steps of the program that ask a model."""
    split: str
    rows: int
    estimate: Estimate
    warning: str = ""
    """What to know before it is run; empty: nothing."""

    @property
    def empty(self) -> bool:
        """Whether the winner is the program as given, so that nothing can be taken away."""
        return len(self.runs) < 2


def can_be_ablated(run: Run) -> bool:
    """Whether a run is a compile that made a version and will not go on by itself."""
    return run.kind == "compile" and not run.active and run.result_version_id is not None


def plan_ablation(
    ws: Workspace, compile_id: str, split: str | None = None, limit: int | None = None, *, steps: bool = True
) -> AblationPlan:
    """Return what an ablation would run; asks no model. The arguments are those of `start_ablation`.

    Raises:
        WorkbenchError: It cannot be run; says why.
    """
    from core.search.ablation import variations

    run, compiled, given = _versions(ws, compile_id)
    counts = get_dataset(ws, run.dataset_id).counts
    chosen = split or ("test" if counts.get("test") else "validation")
    checked_number("limit", limit, 1, None)
    rows = load_examples(ws.store, run.dataset_id, checked_split(chosen), limit)
    student = load_program(given.spec, given.state)
    arms = variations(load_program(compiled.spec, compiled.state), student, steps=steps)
    own = [arm.name for number, arm in enumerate(arms) if arm.same_as == number]
    estimate = estimate_programs(
        ws,
        compiled,
        rows,
        len(own),
        run.model,
        adapter=run.settings.get("adapter") or "chat",
        concurrency=int(run.settings.get("concurrency") or 8),
        judged=asks_a_model(get_metric(ws, run.metric_id).spec),
    )
    asking = len(list(student.named_predictors()))
    names = [arm.name for arm in arms]
    return AblationPlan(names, own, asking, chosen, len(rows), estimate, _warning(ws, run))


def check_plan(plan: AblationPlan) -> None:
    """Refuse a plan that has nothing to take away.

    Raises:
        ConfigurationError: The winner is the program as given.
    """
    if plan.empty:
        raise ConfigurationError(
            "The winner of this compile is the program as given: nothing can be taken away from it.",
            hint="Compile with another optimizer or more rows first.",
        )


def start_ablation(
    ws: Workspace,
    compile_id: str,
    split: str | None = None,
    limit: int | None = None,
    *,
    steps: bool = True,
    budget: Mapping[str, float | None] | None = None,
    name: str | None = None,
) -> str:
    """Start scoring a compile's winner with parts of it taken away; return the run's id at once.

    It runs with the compile's model, adapter and metric; what was run before comes from the cache.

    Args:
        compile_id: A finished compile.
        split: Rows to score on: the test split, whose rows chose nothing, or without one the validation split.
        limit: Only the first so many.
        steps: Also each step alone, and everything but it, where the program has several.
        budget: Caps, as of a compile; the most calls that the plan names where not given.

    Raises:
        WorkbenchError: It cannot be run, or there is nothing to take away; nothing was started.
    """
    plan = plan_ablation(ws, compile_id, split, limit, steps=steps)
    check_plan(plan)
    run, compiled, given = _versions(ws, compile_id)
    caps = {"calls": plan.estimate.high} if budget is None else budget
    settings = {
        "compile": run.id,
        "given": given.id,
        "limit": limit,
        "steps": steps,
        "budget": checked_budget(caps),
        **({"warning": plan.warning} if plan.warning else {}),
        **{key: run.settings.get(key) for key in ("adapter", "temperature", "concurrency")},
    }
    run_id = write_run(
        ws, ABLATION, compiled.id, run.dataset_id, run.metric_id, run.model, plan.split, settings, name,
        needs=(checked_split(plan.split),),
    )  # fmt: skip
    ws.jobs.start(run_id)
    return run_id


def ablations_of(ws: Workspace, compile_id: str) -> list[Run]:
    """Return the ablations of a compile's winner, newest first; those put away are left out."""
    task = get_run(ws, compile_id).task_id
    return [run for run in list_runs(ws, task, kind=ABLATION) if run.settings.get("compile") == compile_id]


def ablation_of(run: Run) -> Ablation | None:
    """Return what an ablation found; None while it has found nothing."""
    from core.search.ablation import Ablation

    kept = (run.result or {}).get("ablation")
    return Ablation.from_dict(kept) if kept else None


def parts_name(variant: str) -> str:
    """Return what a person calls a variant."""
    kind, _, step = variant.partition(" ")
    if variant not in _NAMES and kind in ("only", "without"):
        return f"Only step {step} compiled" if kind == "only" else f"All but step {step} compiled"
    return _NAMES.get(variant, variant)


def rows_text(split: str, rows: int, warning: str = "") -> str:
    """Return on which rows an ablation is, and what they had to do with the winner.

    Args:
        warning: Why that is not known; empty: it is.
    """
    kind = "" if split == "all" else f"{split} "
    named = counted(rows, f"{kind}row", grouped=True)
    return named if warning else f"{named} {CHOSE.get(split, '')}".rstrip()


def warning_of(run: Run) -> str:
    """Return what an ablation was warned of when it was started; empty: nothing."""
    return str(run.settings.get("warning") or "")


def _warning(ws: Workspace, run: Run) -> str:
    """Return what to know of a compile's data: whether they are still those that it was run on."""
    with ws.store.read() as session:
        then = require(session, RunRow, run.id, "run").dataset_fingerprint
        now = require(session, DatasetRow, run.dataset_id, "dataset").fingerprint
    return "" if then == now else CHANGED


def _versions(ws: Workspace, compile_id: str) -> tuple[Run, Version, Version]:
    """Return the compile, the version that it made and the one that it was given."""
    run = get_run(ws, compile_id)
    if not can_be_ablated(run) or run.result_version_id is None:
        raise ConfigurationError(
            f"'{run.name}' is {'still going' if run.active else 'no compile that made a program'}.",
            hint="Choose a compile that has ended with a program: workbench runs --kind compile lists them.",
        )
    return run, get_version(ws, run.result_version_id), get_version(ws, run.version_id)
