"""`workbench ablate`: say which part of a compiled program does the work.

Knows nothing about how the parts are taken away.
"""

from __future__ import annotations

import argparse
import sys

from workbench.cli.common import emit, open_home, pairs
from workbench.cli.run_text import ablation_plan_text, estimate_line, run_summary, run_text
from workbench.cli.waiting import exit_code, wait
from workbench.services import ablations, runs

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("run_id", metavar="RUN", help="a finished compile: id or name")
    parser.add_argument(
        "--split", help="rows to score on: test (default where there are some), validation, train or all"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N rows")
    parser.add_argument(
        "--steps",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also each step alone, and everything but it (the default)",
    )
    parser.add_argument(
        "--budget",
        action="append",
        metavar="WHAT=CAP",
        help="cap on calls, tokens, cost or seconds (default: the most calls that the estimate names)",
    )
    parser.add_argument(
        "--estimate", action="store_true", help="print what would be run and what it takes, and start nothing"
    )
    parser.add_argument("--name", help="name of the run")
    parser.add_argument("--worker", action="store_true", help="leave the run to the worker process")
    parser.add_argument(
        "--no-wait", action="store_true", help="leave it to the worker, print the run's id and end"
    )


def run(options: argparse.Namespace) -> int:
    """Run the ablation, print its table, and return the exit code; or print what it would take."""
    ws = open_home(options)
    compiled = runs.find_run(ws, options.run_id).id
    asked = {"split": options.split, "limit": options.limit, "steps": options.steps}
    plan = ablations.plan_ablation(ws, compiled, **asked)
    ablations.check_plan(plan)  # an estimate is of what could be started
    planned = {"variants": plan.names, "runs": plan.runs, "split": plan.split, "rows": plan.rows}
    planned |= {"warning": plan.warning} if plan.warning else {}
    expected = {"plan": planned, "estimate": plan.estimate.to_dict()}
    if options.estimate:
        emit(options, expected, f"{ablation_plan_text(plan)}\n{estimate_line(plan.estimate)}")
        return 0
    if not options.json:
        print(f"expected: {estimate_line(plan.estimate)}", file=sys.stderr)
        if plan.warning:
            print(f"warning: {plan.warning}", file=sys.stderr)
    budget = pairs(options.budget) if options.budget else None
    run_id = ablations.start_ablation(ws, compiled, **asked, budget=budget, name=options.name)
    if options.no_wait:
        emit(options, {"run": run_id, "status": "queued", **expected}, run_id)
        return 0
    done = wait(ws, run_id, options)
    emit(options, {**run_summary(done), **expected}, run_text(done))
    return exit_code(done)
