"""Two evaluations of the same rows, side by side: scores, fixed and broken rows, prompts before and after, a verdict.

Knows nothing about how the runs came about. It refuses to compare what cannot be compared.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.foundation.errors import ConfigurationError
from core.foundation.words import counted
from core.messages import Usage
from workbench.services.previews import predict_steps, preview_messages
from workbench.services.runs import Run, RunItem, get_run, run_rows
from workbench.services.tasks import Version, get_version
from workbench.services.workspace import Workspace

__all__ = ["CompareResult", "PromptDiff", "RowChange", "Side", "comparable", "compare_runs"]


@dataclass(frozen=True)
class Side:
    """One of the two runs."""

    run: Run
    version: Version
    score: float
    """Percent, over the rows that count in both runs."""
    interval: tuple[float, float]
    """95 % interval of the score, in percent."""
    seconds_per_row: float
    tokens_per_row: float
    cost: float | None


@dataclass(frozen=True)
class RowChange:
    """One example in both runs."""

    example_id: str
    a: RunItem
    b: RunItem
    change: str
    """"fixed", "broken", "same", or "not compared" (no score in one of them)."""


@dataclass(frozen=True)
class PromptDiff:
    """The messages of one step before and after."""

    step: str
    before: list[dict[str, Any]]
    after: list[dict[str, Any]]
    lines: list[str]
    """Unified diff of the two; empty where nothing changed."""


@dataclass(frozen=True)
class CompareResult:
    """What changed from run a to run b."""

    a: Side
    b: Side
    verdict: str
    """What can be concluded, in words; "no detectable difference" is a result."""
    detectable: bool
    difference: float | None
    """Percent points, b minus a."""
    interval: tuple[float, float] | None
    p_value: float | None
    method: str
    fixed: list[str]
    """Example ids, as in the next two."""
    broken: list[str]
    same: list[str]
    rows: list[RowChange]
    prompts: list[PromptDiff]
    notes: list[str]


def comparable(ws: Workspace, run_id: str) -> list[Run]:
    """Return the other evaluations that a run can be compared with, newest first."""
    from workbench.services.runs import list_runs

    run = get_run(ws, run_id)
    return [
        other
        for other in list_runs(ws, run.task_id, kind="evaluate")
        if other.id != run.id and other.result and not _differences(ws, run, other)
    ]


def compare_runs(ws: Workspace, run_a: str, run_b: str) -> CompareResult:
    """Compare two evaluations row by row; a is the one before.

    Raises:
        ConfigurationError: They are not evaluations of the same dataset, split and metric; says what differs.
    """
    from core.evaluate.compare import compare

    first, second = get_run(ws, run_a), get_run(ws, run_b)
    differences = _differences(ws, first, second)
    if differences:
        raise ConfigurationError(
            f"These runs cannot be compared: {'; '.join(differences)}.",
            hint="Evaluate both programs on the same dataset, split and metric.",
        )
    items_a, items_b = _by_example(run_rows(ws, run_a)), _by_example(run_rows(ws, run_b))
    shared = [key for key in items_a if key in items_b]
    if not shared:
        raise ConfigurationError("These runs have no finished row in common.", hint="Let them finish first.")
    result = compare(
        [_core_row(items_a[key]) for key in shared],
        [_core_row(items_b[key]) for key in shared],
        name_a=_name(first),
        name_b=_name(second),
    )
    version_a, version_b = get_version(ws, first.version_id), get_version(ws, second.version_id)
    groups = {
        word: [pair.example_id for pair in pairs]
        for word, pairs in (("fixed", result.fixed), ("broken", result.broken), ("same", result.same))
    }
    change = {key: word for word, keys in groups.items() for key in keys}
    test = result.test
    return CompareResult(
        a=_side(first, version_a, list(items_a.values()), result.mean_a, result.interval_a),
        b=_side(second, version_b, list(items_b.values()), result.mean_b, result.interval_b),
        verdict=result.verdict,
        detectable=result.detectable,
        difference=100 * test.difference if test else None,
        interval=(100 * test.interval[0], 100 * test.interval[1]) if test else None,
        p_value=test.p_value if test else None,
        method=test.method if test else "",
        fixed=groups["fixed"],
        broken=groups["broken"],
        same=groups["same"],
        rows=[
            RowChange(key, items_a[key][0], items_b[key][0], change.get(key, "not compared"))
            for key in shared
        ],
        prompts=_prompts(first, version_a, second, version_b),
        notes=_notes(
            first,
            second,
            len(items_a),
            len(items_b),
            len(shared),
            compiled=version_a.compiled or version_b.compiled,
        ),
    )


def _differences(ws: Workspace, a: Run, b: Run) -> list[str]:
    from workbench.store import require
    from workbench.store.tables import RunRow

    if a.kind != "evaluate" or b.kind != "evaluate":
        return ["one of them is no evaluation"]
    with ws.store.read() as session:
        rows = [require(session, RunRow, run.id, "run") for run in (a, b)]
        data, metric = ({(row.dataset_fingerprint) for row in rows}, {row.metric_fingerprint for row in rows})
    found: list[str] = []
    if a.dataset_id != b.dataset_id:
        found.append("they used different datasets")
    elif len(data) > 1:
        found.append("the dataset was changed between them")
    if a.split != b.split:
        found.append(f"one used the split {a.split}, the other {b.split}")
    if len(metric) > 1:
        found.append("they used different metrics")
    return found


def _by_example(items: Sequence[RunItem]) -> dict[str, list[RunItem]]:
    grouped: dict[str, list[RunItem]] = {}
    for item in items:
        grouped.setdefault(item.example_id, []).append(item)
    return grouped


def _core_row(items: list[RunItem]) -> Any:
    """One row per example: where it was run several times, its score is the mean of those that count."""
    from core.evaluate.row import Row

    first = items[0]
    scores = [item.score for item in items if item.score is not None]
    return Row(
        index=first.position,
        example_id=first.example_id,
        inputs=first.inputs,
        labels=first.labels,
        outputs=first.outputs,
        score=sum(scores) / len(scores) if scores else None,
        outcome=first.outcome,  # type: ignore[arg-type]
        usage=Usage(first.prompt_tokens, first.completion_tokens),
    )


def _side(
    run: Run, version: Version, groups: list[list[RunItem]], mean: float, interval: tuple[float, float]
) -> Side:
    items = [item for group in groups for item in group]
    costs = [item.cost for item in items if item.cost is not None]
    return Side(
        run=run,
        version=version,
        score=round(100 * mean, 2),
        interval=(100 * interval[0], 100 * interval[1]),
        seconds_per_row=sum(item.latency for item in items) / len(items),
        tokens_per_row=sum(item.prompt_tokens + item.completion_tokens for item in items) / len(items),
        cost=sum(costs) if len(costs) == len(items) else None,
    )


def _prompts(run_a: Run, version_a: Version, run_b: Run, version_b: Version) -> list[PromptDiff]:
    steps = list(dict.fromkeys([*predict_steps(version_a.spec), *predict_steps(version_b.spec)]))
    diffs: list[PromptDiff] = []
    for step in steps:
        before, after = (
            preview_messages(version.spec, step, None, run.settings.get("adapter", "chat"), version.state)
            if step in predict_steps(version.spec)
            else []
            for run, version in ((run_a, version_a), (run_b, version_b))
        )
        lines = list(
            difflib.unified_diff(
                _lines(before), _lines(after), version_a.name, version_b.name, lineterm="", n=2
            )
        )
        diffs.append(PromptDiff(step, before, after, lines))
    return diffs


def _lines(messages: list[dict[str, Any]]) -> list[str]:
    lines: list[str] = []
    for message in messages:
        lines += [f"── {message['role']}", *str(message.get("content", "")).splitlines()]
    return lines


def _name(run: Run) -> str:
    return f"'{run.name}'"


def _notes(a: Run, b: Run, rows_a: int, rows_b: int, shared: int, *, compiled: bool) -> list[str]:
    notes: list[str] = []
    if rows_a != shared or rows_b != shared:
        notes.append(f"Compared on the {counted(shared, 'example')} finished in both runs.")
    if a.model != b.model:
        notes.append(f"The models differ: {a.model} and {b.model}.")
    if a.settings.get("adapter") != b.settings.get("adapter"):
        notes.append("The adapters differ.")
    notes += [f"{_name(run)} is {run.status}." for run in (a, b) if run.status != "done"]
    if a.split in ("train", "all"):
        notes.append(
            "These rows include ones that compiling may have learned from; compare on the test split."
        )
    if a.split == "validation" and compiled:
        notes.append(
            "A compiled program may have been chosen by these very rows, which flatters it; "
            "compare on the test split."
        )
    return notes
