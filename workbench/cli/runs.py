"""`workbench runs`: list runs, look at one, stop, resume, or take its rows or its report away.

Knows nothing about how runs are carried out.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from core.foundation.errors import ConfigurationError
from core.foundation.files import atomic_write
from workbench.cli.common import emit, open_home, pairs
from workbench.cli.run_text import run_summary, run_text, table, warning_text
from workbench.cli.waiting import exit_code, wait
from workbench.jobs.base import RunState
from workbench.services import compile_report, downloads, runs, tasks
from workbench.services.workspace import Workspace

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "action", nargs="?", default="list", choices=("list", "show", "rows", "events", "report", "stop", "resume"),
        help="what to do (default: list)",
    )  # fmt: skip
    parser.add_argument("run_id", nargs="?", metavar="RUN", help="id or name; for all but list")
    parser.add_argument("--task", metavar="ID", help="list: only of this task")
    parser.add_argument("--kind", choices=("evaluate", "compile", "ablation"), help="list: only of this kind")
    parser.add_argument("--status", choices=get_args(RunState), help="list: only in this state")
    parser.add_argument("--all", action="store_true", help="list: also those put away")
    parser.add_argument(
        "--budget", action="append", metavar="WHAT=CAP", help="resume: new caps of a compile or an ablation"
    )
    parser.add_argument("--out", metavar="FILE", help="report: write the page there and not to the output")
    parser.add_argument("--worker", action="store_true", help="resume: leave it to the worker process")


def run(options: argparse.Namespace) -> int:
    """Do what was asked."""
    if options.action == "list":
        return _list(options)
    if not options.run_id:
        raise ConfigurationError("Which run?", hint="Give its id or name: workbench runs lists them.")
    return {
        "show": _show, "rows": _rows, "events": _events, "report": _report, "stop": _stop, "resume": _resume,
    }[options.action](options)  # fmt: skip


def _list(options: argparse.Namespace) -> int:
    ws = open_home(options)
    if options.task is not None:
        tasks.get_task(ws, options.task)  # of a task that is not there the list would be empty, too
    found = runs.list_runs(ws, options.task, kind=options.kind, status=options.status, archived=options.all)
    rows = [
        (
            run.id,
            run.kind,
            run.status,
            "" if run.score is None else f"{run.score:.2f}",
            datetime.fromtimestamp(run.created, UTC).strftime("%Y-%m-%d %H:%M"),
            run.name,
        )
        for run in found
    ]
    text = (
        table(rows, ("run", "kind", "status", "score", "created (UTC)", "name")) if rows else _none(options)
    )
    emit(options, {"runs": [run_summary(item) for item in found]}, text)
    return 0


def _none(options: argparse.Namespace) -> str:
    """Return what to say where there are none, of those asked for or at all."""
    asked = [f"--{name}" for name in ("task", "kind", "status") if getattr(options, name) is not None]
    return f"No runs with this {' and '.join(asked)}." if asked else "No runs yet."


def _place(options: argparse.Namespace) -> tuple[Workspace, str]:
    """Return the workspace and the id of the run that was named."""
    ws = open_home(options)
    return ws, runs.find_run(ws, options.run_id).id


def _show(options: argparse.Namespace) -> int:
    run = runs.get_run(*_place(options))
    emit(options, run_summary(run), "\n".join([run_text(run), *map(warning_text, run.budget_warnings)]))
    return 0


def _rows(options: argparse.Namespace) -> int:
    items = [asdict(item) for item in runs.run_rows(*_place(options))]
    emit(options, {"rows": items}, downloads.csv_bytes(items).decode("utf-8-sig").rstrip())
    return 0


def _events(options: argparse.Namespace) -> int:
    events = runs.run_events(*_place(options))
    emit(options, {"events": events}, downloads.jsonl_bytes(events).decode().rstrip())
    return 0


def _report(options: argparse.Namespace) -> int:
    ws, run_id = _place(options)
    page = compile_report.report_html(ws, run_id)
    if options.out:
        atomic_write(Path(options.out), page)
    written = {"run": run_id, "file": options.out} if options.out else {"run": run_id, "html": page}
    emit(options, written, options.out or page)
    return 0


def _stop(options: argparse.Namespace) -> int:
    run = runs.stop_run(*_place(options))
    emit(options, run_summary(run), f"{run.id}: {run.status}")
    return 0


def _resume(options: argparse.Namespace) -> int:
    ws, run_id = _place(options)
    with options.watcher.listening():
        runs.resume_run(ws, run_id, budget=pairs(options.budget) or None)
        run = wait(ws, run_id, options)
    emit(options, run_summary(run), run_text(run, options.watcher.said))
    return exit_code(run)
