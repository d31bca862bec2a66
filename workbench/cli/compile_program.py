"""`workbench compile`: improve a program with an optimizer.

Knows nothing about optimizers beyond their names and parameters.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from core.foundation.files import atomic_write
from workbench.cli.common import (
    add_program_arguments,
    add_run_arguments,
    data_line,
    emit,
    model_of,
    open_home,
    pairs,
    resolve_program,
)
from workbench.cli.run_text import estimate_line, estimate_text, run_summary, run_text
from workbench.cli.waiting import exit_code, wait
from workbench.services import estimates, export, runs, starting
from workbench.services.workspace import Workspace

__all__ = ["arguments", "run", "share"]


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
    parser.add_argument(
        "--estimate", action="store_true", help="print what it would take, phase by phase, and start nothing"
    )
    parser.add_argument(
        "--probe",
        type=int,
        default=3,
        metavar="N",
        help="with --estimate: measure tokens and time on N train rows (default 3); 0 asks no model",
    )
    _search_arguments(parser)
    add_run_arguments(parser)


def _search_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how the search ends and how its winner is confirmed."""
    search = parser.add_argument_group("when the search ends, and how its winner is confirmed")
    search.add_argument(
        "--racing",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="stop scoring candidates that will hardly win (the default); --no-racing: the published algorithm exactly",
    )
    search.add_argument(
        "--target",
        type=share,
        metavar="MEAN",
        help="end at a candidate whose score reaches this: 0.9 or 90%%",
    )
    search.add_argument(
        "--plateau", type=int, metavar="N", help="end once N candidates in a row did not beat the best"
    )
    search.add_argument(
        "--testset",
        action="store_true",
        help="compare the winner and the given program on the test split, whose rows chose nothing",
    )
    search.add_argument(
        "--confirm",
        type=share,
        metavar="SHARE|ROWS",
        help="the same on a share (0.2 or 20%%) or a number of validation rows, which then choose nothing",
    )


def run(options: argparse.Namespace) -> int:
    """Compile, print the score, write the state, and return the exit code; or print what it would take."""
    ws = open_home(options)
    if options.data and not options.shares:
        options.shares = (
            "train=0.4,validation=0.4,test=0.2" if options.testset else "train=0.5,validation=0.5"
        )
    asked = _asked(ws, options)
    starting.checked_compile(ws, **asked, temperature=options.temperature)
    needs = ("train", "test") if options.testset else ("train",)
    version, dataset_id, metric_id = resolve_program(ws, options, needs)
    estimate = estimates.estimate_compile(
        ws,
        version.id,
        dataset_id,
        **asked,
        metric_id=metric_id,
        probe_rows=options.probe if options.estimate else 0,
    )
    if options.estimate:
        said = f"{estimate_text(estimate)}\non {data_line(ws, dataset_id)}"
        emit(options, {"estimate": estimate.to_dict()}, said)
        return 0
    if not options.json:
        print(f"expected: {estimate_line(estimate)} · {data_line(ws, dataset_id)}", file=sys.stderr)
    with options.watcher.listening():
        run_id = runs.start_compile(
            ws, version.id, dataset_id, metric_id, **asked, temperature=options.temperature, name=options.name
        )
        if options.no_wait:
            emit(options, {"run": run_id, "status": "queued", "estimate": estimate.to_dict()}, run_id)
            return 0
        done = wait(ws, run_id, options)
    if options.out and done.result_version_id:
        _write_state(ws, done.result_version_id, Path(options.out))
    emit(options, {**run_summary(done), "estimate": estimate.to_dict()}, run_text(done, options.watcher.said))
    return exit_code(done)


def _asked(ws: Workspace, options: argparse.Namespace) -> dict[str, Any]:
    """Return what the arguments ask for, by the names that starting and estimating share."""
    return {
        "optimizer": options.optimizer,
        "params": pairs(options.param),
        "model": model_of(ws, options),
        "budget": pairs(options.budget),
        "seed": options.seed,
        "adapter": options.adapter,
        "concurrency": options.concurrency,
        "teacher_model": options.teacher_model,
        "prompt_model": options.prompt_model,
        "racing": options.racing,
        "target": options.target,
        "plateau": options.plateau,
        "testset": options.testset,
        "confirm": options.confirm,
    }


def share(text: str) -> float:
    """Return a share or a number as it is typed: "0.9", "90%" or "30".

    Raises:
        ValueError: It is neither, which argparse turns into a usage error.
    """
    number = text.strip()
    return float(number[:-1]) / 100 if number.endswith("%") else float(number)


def _write_state(ws: Workspace, version_id: str, path: Path) -> None:
    _, content = export.export_version(ws, version_id, "state_json")[0]
    json.loads(content)
    atomic_write(path, content)
