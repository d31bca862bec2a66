"""`workbench eval`: score a program on a dataset.

Knows nothing about how rows are run.
"""

from __future__ import annotations

import argparse

from workbench.cli.common import (
    add_program_arguments,
    add_run_arguments,
    emit,
    exit_code,
    model_of,
    open_home,
    resolve_program,
    run_summary,
    wait,
)
from workbench.services import runs

__all__ = ["arguments", "run", "score_line"]


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
    version, dataset_id, metric_id = resolve_program(ws, options)
    split = options.split or ("all" if options.data and not options.shares else "validation")
    run_id = runs.start_evaluation(
        ws,
        version.id,
        dataset_id,
        split,
        metric_id,
        model_of(ws, options),
        options.limit,
        options.repeats,
        options.concurrency,
        adapter=options.adapter,
        temperature=options.temperature,
        name=options.name,
    )
    if options.no_wait:
        emit(options, {"run": run_id, "status": "queued"}, run_id)
        return 0
    done = wait(ws, run_id, options)
    emit(options, run_summary(done), score_line(done))
    if done.status != "done":
        return exit_code(done)
    return 3 if options.fail_under is not None and (done.score or 0.0) < options.fail_under else 0


def score_line(run: runs.Run) -> str:
    """Return a run's outcome in a few lines."""
    if run.error:
        return f"{run.name} ({run.id}): {run.status}\n{run.error['message']}\n{run.error['hint']}".rstrip()
    result, interval = run.result or {}, run.interval
    score = (
        "no score"
        if run.score is None or interval is None
        else (f"{run.score:.2f} %  (95 % interval {interval[0]:.1f} to {interval[1]:.1f})")
    )
    lines = [f"{run.name} ({run.id}): {run.status}", score]
    if run.kind == "evaluate" and result:
        failed = result["n_model_failures"], result["n_infrastructure_failures"], result["n_metric_failures"]
        lines.append(
            f"{result['rows']} of {result['expected']} rows; failures: model {failed[0]}, "
            f"infrastructure {failed[1]}, metric {failed[2]}"
        )
    return "\n".join(lines)
