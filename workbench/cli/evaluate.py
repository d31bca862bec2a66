"""`workbench eval`: score a program on a dataset.

Knows nothing about how rows are run.
"""

from __future__ import annotations

import argparse
import sys

from workbench.cli.common import (
    add_program_arguments,
    add_run_arguments,
    data_line,
    emit,
    model_of,
    open_home,
    resolve_program,
)
from workbench.cli.run_text import run_summary, run_text
from workbench.cli.waiting import exit_code, wait
from workbench.services import runs, starting

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_program_arguments(parser)
    parser.add_argument(
        "--split", default=None, help="train, validation, test or all (default: all for --data)"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N rows")
    parser.add_argument("--repeats", type=int, default=1, metavar="N", help="run every row N times")
    parser.add_argument("--fail-under", type=float, metavar="PERCENT", help="exit with 3 below this score")
    add_run_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Evaluate, print the score, and return the exit code."""
    ws = open_home(options)
    split = options.split or ("all" if options.data and not options.shares else "validation")
    asked = (model_of(ws, options), options.limit, options.repeats, options.concurrency)
    how = {"adapter": options.adapter, "temperature": options.temperature}
    starting.check_evaluation(ws, *asked, split=split, **how)
    version, dataset_id, metric_id = resolve_program(ws, options, () if split == "all" else (split,))
    if not options.json:
        print(f"data: {data_line(ws, dataset_id)}", file=sys.stderr)
    run_id = runs.start_evaluation(
        ws, version.id, dataset_id, split, metric_id, *asked, **how, name=options.name
    )
    if options.no_wait:
        emit(options, {"run": run_id, "status": "queued"}, run_id)
        return 0
    done = wait(ws, run_id, options)
    emit(options, run_summary(done), run_text(done))
    if done.status != "done":
        return exit_code(done)
    return 3 if options.fail_under is not None and (done.score or 0.0) < options.fail_under else 0
