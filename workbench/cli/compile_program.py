"""`workbench compile`: improve a program with an optimizer.

Knows nothing about optimizers beyond their names and parameters.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from core.foundation.files import atomic_write
from workbench.cli.common import (
    add_program_arguments,
    add_run_arguments,
    emit,
    exit_code,
    model_of,
    open_home,
    pairs,
    resolve_program,
    run_summary,
    wait,
)
from workbench.cli.evaluate import score_line
from workbench.services import export, runs
from workbench.services.workspace import Workspace

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_program_arguments(parser)
    parser.add_argument(
        "--optimizer",
        default="auto",
        help="`workbench optimizers` lists them (default auto)",
    )
    parser.add_argument("--param", action="append", metavar="NAME=VALUE", help="parameter of it; repeatable")
    parser.add_argument(
        "--budget", action="append", metavar="WHAT=CAP", help="cap on calls, tokens, cost or seconds"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of everything random (default 0)")
    parser.add_argument("--teacher-model", metavar="MODEL", help="model of the teacher program")
    parser.add_argument("--prompt-model", metavar="MODEL", help="model that writes the instructions")
    parser.add_argument("--out", metavar="FILE", help="write the compiled state there")
    add_run_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Compile, print the score, write the state, and return the exit code."""
    ws = open_home(options)
    if options.data and not options.shares:
        options.shares = "train=0.5,validation=0.5"
    version, dataset_id, metric_id = resolve_program(ws, options)
    run_id = runs.start_compile(
        ws,
        version.id,
        dataset_id,
        metric_id,
        options.optimizer,
        pairs(options.param),
        model_of(ws, options),
        pairs(options.budget),
        options.seed,
        adapter=options.adapter,
        temperature=options.temperature,
        concurrency=options.concurrency,
        teacher_model=options.teacher_model,
        prompt_model=options.prompt_model,
        name=options.name,
    )
    if options.no_wait:
        emit(options, {"run": run_id, "status": "queued"}, run_id)
        return 0
    done = wait(ws, run_id, options)
    if options.out and done.result_version_id:
        _write_state(ws, done.result_version_id, Path(options.out))
    emit(options, run_summary(done), _text(done))
    return exit_code(done)


def _write_state(ws: Workspace, version_id: str, path: Path) -> None:
    _, content = export.export_version(ws, version_id, "state_json")[0]
    json.loads(content)
    atomic_write(path, content)


def _text(run: runs.Run) -> str:
    result = run.result or {}
    lines = [score_line(run)]
    baseline = result.get("baseline") or {}
    if baseline.get("score") is not None:
        lines.append(f"before: {baseline['score']:.2f} % on the same {baseline['rows']} validation rows")
    if result.get("summary"):
        lines.append(result["summary"])
    if run.result_version_id:
        lines.append(f"compiled version: {run.result_version_id}")
    return "\n".join(lines)
