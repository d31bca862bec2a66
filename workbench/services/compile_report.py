"""The report of a finished compile, as the engine's own object again: for its page of HTML.

Knows nothing about searching. Runs keep reports as JSON data; what labelled demos say is read from the dataset.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any, TypeVar

from core.foundation.errors import DataError, JobError
from core.foundation.fingerprint import canonical_json, jsonable
from core.foundation.html import details, table
from workbench.jobs.engine import load_examples
from workbench.services.ablations import ablation_of, ablations_of, rows_text, warning_of
from workbench.services.datasets import SPLITS, get_dataset
from workbench.services.metrics import get_metric
from workbench.services.optimizers import optimizer_title
from workbench.services.run_records import Run
from workbench.services.runs import get_run
from workbench.services.tasks import get_task, get_version
from workbench.services.workspace import Workspace

if TYPE_CHECKING:
    from core.search.result import CompileReport

__all__ = ["has_report", "report_html", "report_of"]

T = TypeVar("T")
_END = "</body></html>"
LONGEST_DEMO = 400
"""Characters of a labelled demo on the page."""


def has_report(run: Run) -> bool:
    """Whether a run is a compile that left a report."""
    return run.kind == "compile" and bool((run.result or {}).get("report"))


def report_html(ws: Workspace, run_id: str) -> str:
    """Return a compile's report as one page of HTML, self-contained; the newest ablation of its winner stands below.

    Raises:
        JobError: The run left no report.
    """
    run = get_run(ws, run_id)
    if not has_report(run):
        raise JobError("The run has no report.", hint="A compile has one once it has ended.")
    page = report_of(run, _demo_texts(ws, run)).to_html()
    about = details("What was compiled, and on what", table(("what", "which"), _about(ws, run)), open_=True)
    return _with_ablation(ws, run, page.replace("<body>", f'<body><div class="wb">{about}</div>', 1))


def _about(ws: Workspace, run: Run) -> list[tuple[str, str]]:
    """Return what a reader of the page cannot know otherwise: task, program, data, metric, model, date, seed."""
    data, kept = get_dataset(ws, run.dataset_id), run.settings
    rows = ", ".join(f"{data.counts[name]:,} {name}" for name in SPLITS if data.counts.get(name))
    found = {
        "task": get_task(ws, run.task_id).name,
        "program": f"version {get_version(ws, run.version_id).number}",
        "data": f"{data.name}: {rows} rows",
        "metric": get_metric(ws, run.metric_id).name,
        "model": run.model,
        "model that writes": kept.get("prompt_model"),
        "model of the teacher": kept.get("teacher_model"),
        "adapter": kept.get("adapter"),
        "temperature": kept.get("temperature"),
        "seed": kept.get("seed"),
        "started": datetime.fromtimestamp(run.started or run.created, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "run": f"{run.name} ({run.id})",
    }
    return [(name, escape(str(value))) for name, value in found.items() if value is not None]


def _with_ablation(ws: Workspace, run: Run, page: str) -> str:
    for item in ablations_of(ws, run.id):
        found = ablation_of(item)
        if found is not None:
            warning = warning_of(item)
            about = f"On {rows_text(item.split, found.of, warning)}. {warning}".rstrip()
            section = found.to_html("Which part does the work", about)
            return f"{page.removesuffix(_END)}<hr>{section}{_END}"
    return page


def report_of(run: Run, demo_texts: Mapping[str, str] | None = None) -> CompileReport:
    """Return a compile's report.

    Args:
        demo_texts: {row: what a labelled demo of it says}.
    """
    from core.search.result import AttemptRecord, CandidateReport, CompileReport, Confirmation, ScoreReport

    kept: dict[str, Any] = dict((run.result or {})["report"])
    for name in ("score", "baseline"):
        kept[name] = _made(ScoreReport, kept.get(name))
    confirmed = _made(Confirmation, kept.get("confirmation"), parts=("score", "given"))
    candidates = [_made(CandidateReport, item, parts=("score",)) for item in kept.get("candidates") or ()]
    attempts = [_made(AttemptRecord, item) for item in kept.get("attempts") or ()]
    return _filled(
        CompileReport,
        {
            **kept,
            "optimizer": optimizer_title(str(kept.get("optimizer", ""))),
            "confirmation": confirmed,
            "candidates": tuple(candidates),
            "attempts": tuple(attempts),
            "warnings": tuple(kept.get("warnings") or ()),
            "demo_texts": dict(demo_texts or {}),
        },
    )


def _made(kind: type[T], data: Mapping[str, Any] | None, *, parts: tuple[str, ...] = ()) -> T | None:
    from core.search.result import ScoreReport

    if data is None:
        return None
    return _filled(kind, {**data, **{name: _made(ScoreReport, data.get(name)) for name in parts}})


def _filled(kind: type[T], data: Mapping[str, Any]) -> T:
    """Return a record of JSON data: lists are tuples again; names that it does not know are left out."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{
        name: tuple(value) if isinstance(value, list) else value
        for name, value in data.items()
        if name in known
    })  # fmt: skip


def _demo_texts(ws: Workspace, run: Run) -> dict[str, str]:
    try:
        rows = load_examples(ws.store, run.dataset_id, None)
    except DataError:
        return {}  # the rows are gone: demos are named only
    return {str(row.id): canonical_json(jsonable(dict(row.items())))[:LONGEST_DEMO] for row in rows}
