"""Seconds to evaluate 1,000 rows again when every answer is in the cache: same process, fresh process.

Knows nothing about models: the local server answers the first time.
"""

from __future__ import annotations

import sys
import tempfile
from typing import Any

from benchmarks.harness import (
    Side,
    figure,
    finish,
    in_turns,
    machine,
    medians,
    options,
    ratio,
    run_in,
    server,
    table,
    worker,
)


def main() -> None:
    """Compare and report."""
    parser = options(__doc__ or "", rounds=3)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 64])
    arguments = parser.parse_args()
    sides = [worker("ours", sys.executable, "ours")]
    if arguments.dspy_python:
        sides.append(worker("DSPy", arguments.dspy_python, "theirs"))
    before = machine()
    with server() as url:

        def measure(side: Side) -> dict[str, float]:
            found: dict[str, float] = {}
            for threads in arguments.threads:
                with tempfile.TemporaryDirectory(prefix="bench-") as home:
                    task: dict[str, Any] = {
                        "do": "cached",
                        "url": url,
                        "n": arguments.rows,
                        "threads": threads,
                    }
                    again = run_in(side, {**task, "fill": True}, home)
                    fresh = run_in(side, {**task, "fill": False}, home)
                for what in ("wall", "CPU"):
                    found[f"same process, {threads} in flight, {what}"] = again[what]
                    found[f"fresh process, {threads} in flight, {what}"] = fresh[what]
            return found

        samples = in_turns(sides, arguments.rounds, measure)
    found = medians(samples)
    rows = []
    for name, ours in found["ours"].items():
        theirs = found.get("DSPy", {}).get(name)
        rows.append([name, figure(theirs), figure(ours), ratio(ours, theirs), "1/8"])
    columns = [f"seconds for {arguments.rows:,} cached rows", "DSPy", "ours", "ours / DSPy", "target"]
    finish(arguments, "cached_evaluation", samples, table(columns, rows), before)


if __name__ == "__main__":
    main()
