"""`workbench compare`: two evaluations of the same rows, side by side.

Knows nothing about statistics.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from workbench.cli.common import emit, open_home
from workbench.services import compare, runs

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("run_a", metavar="RUN_A", help="the evaluation before: id or name")
    parser.add_argument("run_b", metavar="RUN_B", help="the evaluation after: id or name")
    parser.add_argument("--diff", action="store_true", help="show how the prompts differ")


def run(options: argparse.Namespace) -> int:
    """Compare and print the verdict."""
    ws = open_home(options)
    result = compare.compare_runs(
        ws, runs.find_run(ws, options.run_a).id, runs.find_run(ws, options.run_b).id
    )
    emit(options, _data(result), _text(result, options.diff))
    return 0


def _data(result: compare.CompareResult) -> dict[str, Any]:
    sides = {
        name: {
            "run": side.run.id,
            "version": side.version.id,
            "score": side.score,
            "interval": list(side.interval),
            "tokens_per_row": side.tokens_per_row,
            "cost": side.cost,
        }
        for name, side in (("a", result.a), ("b", result.b))
    }
    plain = {
        name: value for name, value in asdict(result).items() if name not in ("a", "b", "rows", "prompts")
    }
    return {**sides, **plain, "prompts": {diff.step: diff.lines for diff in result.prompts}}


def _text(result: compare.CompareResult, with_diff: bool) -> str:
    lines = [
        f"{name}: {side.run.name} ({side.run.id})  {side.score:.2f} %  "
        f"({side.interval[0]:.1f} to {side.interval[1]:.1f})"
        for name, side in (("A", result.a), ("B", result.b))
    ]
    lines += [
        f"fixed {len(result.fixed)}, broken {len(result.broken)}, same {len(result.same)}",
        result.verdict,
    ]
    lines += [f"note: {note}" for note in result.notes]
    if with_diff:
        for diff in result.prompts:
            lines += [f"── step {diff.step}", *(diff.lines or ["(no difference)"])]
    return "\n".join(lines)
