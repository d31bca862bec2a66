"""What the command line says of runs and estimates: in a few lines for people, as plain data for programs.

Knows nothing about any single command.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from core.foundation.words import counted
from workbench.services import runs
from workbench.services.ablations import AblationPlan, ablation_of, parts_name, rows_text, warning_of
from workbench.services.estimates import Estimate
from workbench.services.spending import cap_text, digits_of, higher_caps

__all__ = [
    "ablation_plan_text",
    "estimate_line",
    "estimate_text",
    "kind_of",
    "run_summary",
    "run_text",
    "score_line",
    "table",
    "warning_text",
]


def run_summary(run: runs.Run) -> dict[str, Any]:
    """Return what --json says of a run."""
    return {
        "run": run.id,
        "task": run.task_id,
        "kind": run.kind,
        "name": run.name,
        "status": run.status,
        "version": run.version_id,
        "dataset": run.dataset_id,
        "metric": run.metric_id,
        "split": run.split,
        "model": run.model,
        "settings": run.settings,
        "score": run.score,
        "interval": list(run.interval) if run.interval else None,
        "result_version": run.result_version_id,
        "seconds": run.seconds,
        "budget_warnings": run.budget_warnings,
        "result": {key: value for key, value in (run.result or {}).items() if key != "report"} or None,
        "error": run.error,
    }


def run_text(run: runs.Run, said: Sequence[str] = ()) -> str:
    """Return a run's outcome in a few lines; of a compile also what it was measured against and what to do next.

    Args:
        run: The run.
        said: Warnings that stand above already, and are not said again.
    """
    result = run.result or {}
    lines = [score_line(run)]
    if run.kind == "ablation":
        lines += _ablation(run)
    baseline = result.get("baseline") or {}
    if baseline.get("score") is not None:
        lines.append(
            f"before: {baseline['score']:.2f} % on the same {counted(baseline['rows'], baseline['on'] + ' row')}"
        )
    if result.get("summary"):
        lines += _once_each(result["summary"].splitlines(), said)
    if run.result_version_id:
        lines.append(f"compiled version: {run.result_version_id}")
    if (command := _go_on(run)) is not None:
        lines.append(f"to go on: {command}")
    return "\n".join(lines)


_NOTE = "Note: "


def _once_each(lines: Sequence[str], said: Sequence[str]) -> list[str]:
    """Return the lines of a summary, of notes that differ only in their numbers the first with how many there are."""
    kinds = Counter(kind_of(line) for line in lines if line.startswith(_NOTE))
    kept, seen = list[str](), {kind_of(f"{_NOTE}{text}") for text in said}
    for line in lines:
        kind = kind_of(line)
        if line.startswith(_NOTE) and kind in seen:
            continue
        seen.add(kind)
        more = kinds[kind] - 1 if line.startswith(_NOTE) else 0
        kept.append(f"{line} (And {counted(more, 'note')} like it.)" if more > 0 else line)
    return kept


def kind_of(text: str) -> str:
    """Return a warning without its numbers: what those that say the same have in common."""
    return re.sub(r"\b[a-z]?\d[\d,.]*", "#", text)


def _ablation(run: runs.Run) -> list[str]:
    """Return what an ablation found: on which rows, a line a variant, why some have no score, what to conclude."""
    found = ablation_of(run)
    if found is None:
        return []
    rows = [(parts_name(cells[0]), *cells[1:]) for cells in found.cells()]
    notes = [f"{parts_name(item.name)}: {item.note}" for item in found.variants if item.note]
    head = ("program", "score", "95 % interval", "against the program as given", "rows")
    warning = warning_of(run)
    on = f"on {rows_text(run.split, found.of, warning)}"
    result = run.result or {}
    ended = [str(result["stop_reason"])] if result.get("stop_code") in ("budget", "stopped") else []
    return [on, *([warning] if warning else []), table(rows, head), *notes, found.verdict, *ended]


def ablation_plan_text(plan: AblationPlan) -> str:
    """Return what an ablation would run."""
    names = {name: parts_name(name) for name in plan.names}
    same = [name for name in plan.names if name not in plan.runs]
    equal = f"\nequal to one of these, at no cost: {', '.join(names[name] for name in same)}" if same else ""
    programs = "\n".join(f"  {names[name]}" for name in plan.runs)
    on = rows_text(plan.split, plan.rows, plan.warning)
    warning = f"\n{plan.warning}" if plan.warning else ""
    return f"{counted(len(plan.runs), 'program')}, each on {on}:\n{programs}{equal}{warning}"


def _go_on(run: runs.Run) -> str | None:
    """Return the command that goes on with a run; None where nothing is left to do."""
    command = f"workbench runs resume {run.id}"
    if not run.active and (run.result or {}).get("stop_code") in ("budget", "seconds"):
        caps = higher_caps(run)
        return " ".join([command, *(f"--budget {name}={_typed(cap)}" for name, cap in caps.items())])
    return command if run.can_resume and run.status != "failed" else None


def _typed(cap: float) -> str:
    """Return a cap as it is typed: without the separators and powers of ten that nobody reads back."""
    return str(int(cap)) if float(cap).is_integer() else f"{cap:.10f}".rstrip("0")


def warning_text(warning: Mapping[str, Any]) -> str:
    """Return a warning of the budget in words."""
    name = str(warning["resource"])
    used, cap = digits_of(name, float(warning["used"])), cap_text(name, float(warning["cap"]))
    return f"{warning['share']:.0%} of the budget is used: {used} of {cap}"


def score_line(run: runs.Run) -> str:
    """Return a run's outcome in a few lines."""
    if run.error:
        return f"{run.name} ({run.id}): {run.status}\n{run.error['message']}\n{run.error['hint']}".rstrip()
    result = run.result or {}
    if run.active or not result:
        return f"{run.name} ({run.id}): {run.status}\n{_so_far(run)}".rstrip()
    if run.kind == "ablation":
        return f"{run.name} ({run.id}): {run.status}"
    lines = [f"{run.name} ({run.id}): {run.status}", _score(run)]
    if run.kind == "evaluate" and result:
        failed = result["n_model_failures"], result["n_infrastructure_failures"], result["n_metric_failures"]
        lines.append(
            f"{result['rows']} of {result['expected']} rows; failures: model {failed[0]}, "
            f"infrastructure {failed[1]}, metric {failed[2]}"
        )
    return "\n".join(lines)


def _score(run: runs.Run) -> str:
    """Return the score with its interval, or that of the rows that were run before a search ended."""
    interval, part = run.interval, (run.result or {}).get("part")
    if run.score is not None and interval is not None:
        return f"{run.score:.2f} %  (95 % interval {interval[0]:.1f} to {interval[1]:.1f})"
    if not part:
        return "no score"
    low, high = (100 * float(end) for end in part["interval"])
    rows = counted(part["of"], f"{part['on']} row", grouped=True)
    on = rows if part["rows"] == part["of"] else f"only {part['rows']:,} of {rows}"
    return f"{part['score']:.2f} % on {on}  (95 % interval {low:.1f} to {high:.1f})"


def _so_far(run: runs.Run) -> str:
    """Return how far a run is."""
    known, score = run.progress, run.progress.get("score")
    rows = f"{run.done:,} of {run.total:,} rows" if run.total else counted(run.done, "row", grouped=True)
    parts = [
        str(known.get("phase") or ""),
        rows if run.done else "",
        counted(known["candidates"], "candidate") if known.get("candidates") else "",
        counted(known["calls"], "call", grouped=True) if known.get("calls") else "",
        "" if score is None else f"{'best so far' if run.kind == 'compile' else 'score'} {score:g} %",
    ]
    return " · ".join(part for part in parts if part)


def estimate_line(estimate: Estimate) -> str:
    """Return what a run will take in one line."""
    if not estimate.high:
        return "no calls"
    cost = {"low": estimate.cost_range[0], "likely": estimate.cost, "high": estimate.cost_range[1]} if (
        estimate.cost_range and estimate.cost is not None
    ) else None  # fmt: skip
    parts = [
        f"about {_span({'low': estimate.low, 'likely': estimate.likely, 'high': estimate.high})} calls",
        f"{_span(estimate.tokens)} tokens",
        "price unknown" if cost is None else "free" if not cost["high"] else f"${_span(cost, 4)}",
        "time unknown" if estimate.seconds is None else f"{_span(estimate.seconds, 1)} s",
    ]
    return " · ".join(parts)


def estimate_text(estimate: Estimate) -> str:
    """Return what a compile will take, phase by phase and in all."""
    rows = [
        (
            phase["name"],
            _span(phase),
            _span(phase["tokens"]),
            "unknown" if phase["cost"] is None else _span(phase["cost"], 4),
            "unknown" if phase["seconds"] is None else _span(phase["seconds"], 1),
            phase["model"],
        )
        for phase in estimate.phases
    ]
    head = ("phase", "calls", "tokens", "US dollars", "seconds", "asks")
    lines = [table(rows, head), estimate_line(estimate), "fewer where answers are cached"]
    return "\n".join([*lines, *(f"note: {warning}" for warning in estimate.warnings)])


def _span(ends: Mapping[str, Any] | None, digits: int = 0) -> str:
    """Return a range as "likely (low to high)"."""
    if not ends:
        return "unknown"
    low, likely, high = (_number(float(ends[name]), digits) for name in ("low", "likely", "high"))
    return likely if low == high else f"{likely} ({low} to {high})"


def _number(value: float, digits: int) -> str:
    """Return a number with so many places, or as many as a small one needs to be told from nothing."""
    if digits and 0 < abs(value) < 10**-digits:
        digits = 1 - math.floor(math.log10(abs(value)))
    return f"{value:,.{digits}f}"


def table(rows: Any, head: Any) -> str:
    """Return rows as aligned text."""
    cells = [[str(cell) for cell in row] for row in [head, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
