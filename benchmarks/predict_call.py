"""CPU milliseconds of one `Predict` call on a model that answers at once, of its construction, of cache hits.

Knows nothing about networks: the local server only fills the caches.
"""

from __future__ import annotations

import sys

from benchmarks.harness import (
    figure,
    finish,
    in_turns,
    machine,
    medians,
    options,
    ratio,
    run,
    server,
    table,
    worker,
)

TARGETS = {
    "no-op, 0 demos": "1/8",
    "no-op, 8 demos": "1/8",
    "construction": "1/8",
    "memory hit, LM": "–",
    "memory hit, Predict": "1/8",
    "disk hit, LM": "–",
    "disk hit, Predict": "1/3",
}


def main() -> None:
    """Compare and report."""
    arguments = options(__doc__ or "").parse_args()
    sides = [worker("ours", sys.executable, "ours")]
    if arguments.dspy_python:
        sides.append(worker("DSPy", arguments.dspy_python, "theirs"))
    before = machine()
    with server() as url:
        samples = in_turns(
            sides, arguments.rounds, lambda side: run(side, {"do": "predict_call", "url": url})
        )
    found = medians(samples)
    rows = []
    for name, target in TARGETS.items():
        ours, theirs = found["ours"][name], found.get("DSPy", {}).get(name)
        rows.append([name, figure(theirs), figure(ours), ratio(ours, theirs), target])
    columns = ["CPU ms", "DSPy", "ours", "ours / DSPy", "target"]
    finish(arguments, "predict_call", samples, table(columns, rows), before)


if __name__ == "__main__":
    main()
