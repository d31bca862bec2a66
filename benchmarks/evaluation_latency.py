"""Seconds to evaluate 1,000 rows when every answer takes 100 ms, against the ideal of nothing but waiting.

Knows nothing about models.
"""

from __future__ import annotations

import sys
from typing import Any

from benchmarks.harness import (
    Side,
    figure,
    finish,
    in_turns,
    machine,
    medians,
    options,
    run,
    server,
    table,
    worker,
)

TARGETS = {16: 1.05, 64: 1.2, 256: 2.0}


def main() -> None:
    """Compare and report."""
    parser = options(__doc__ or "", rounds=3)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--threads", type=int, nargs="+", default=[16, 64, 256])
    arguments = parser.parse_args()
    sides = [worker("ours", sys.executable, "ours"), worker("bare aiohttp", sys.executable, "bare")]
    if arguments.dspy_python:
        sides.append(worker("DSPy", arguments.dspy_python, "theirs"))
    before = machine()
    with server(arguments.latency) as url:

        def measure(side: Side) -> dict[str, float]:
            found: dict[str, float] = {}
            for threads in arguments.threads:
                task: dict[str, Any] = {"do": "latency", "url": url, "n": arguments.rows, "threads": threads}
                for key, value in run(side, task).items():
                    found[f"{key} at {threads}"] = value
            return found

        samples = in_turns(sides, arguments.rounds, measure)
    found = medians(samples)
    rows = []
    for threads in arguments.threads:
        ideal = arguments.latency * -(-arguments.rows // threads)
        cells = [f"{threads}", figure(ideal)]
        for side in ("DSPy", "bare aiohttp", "ours"):
            seconds = found.get(side, {}).get(f"seconds at {threads}")
            cells.append(f"{figure(seconds)} ({seconds / ideal:.2f})" if seconds else "–")
        whole = found["ours"][f"with_model at {threads}"]
        cells.append(f"{figure(whole)} ({whole / ideal:.2f})")
        rows.append([*cells, f"{TARGETS.get(threads, 2.0)}", figure(found["ours"][f"peak_mb at {threads}"])])
    columns = [
        "in flight",
        "ideal s",
        "DSPy s (times ideal)",
        "bare aiohttp s (times ideal)",
        "ours s (times ideal)",
        "with the making of the model",
        "target",
        "our peak MB",
    ]
    finish(arguments, "evaluation_latency", samples, table(columns, rows), before)


if __name__ == "__main__":
    main()
