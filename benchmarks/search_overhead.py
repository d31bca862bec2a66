"""What the search loop itself costs per call, and whether its memory stays flat: a model that answers at once.

Knows nothing about scores. DSPy's own bookkeeping, measured the same way on a quiet machine, is 9 to 13 ms per call.
"""

from __future__ import annotations

import sys

from benchmarks.harness import Side, figure, finish, in_turns, machine, medians, options, run, table, worker

TARGETS = {"CPU ms per call, bookkeeping": "1", "bytes per call, first to last quarter": "1024"}


def main() -> None:
    """Measure and report."""
    parser = options(__doc__ or "", rounds=1)
    parser.add_argument("--candidates", type=int, default=500)
    parser.add_argument("--rows", type=int, default=300)
    parser.add_argument(
        "--capped", action="store_true", help="with a cap on calls, so that each is written down"
    )
    arguments = parser.parse_args()
    before = machine()
    task = {"candidates": arguments.candidates, "rows": arguments.rows, "capped": arguments.capped}

    def measure(side: Side) -> dict[str, float]:
        return run(side, task, timeout=3_600)

    samples = in_turns([worker("ours", sys.executable, "search")], arguments.rounds, measure)
    found = medians(samples)["ours"]
    rows = [[name, figure(value), TARGETS.get(name, "")] for name, value in found.items()]
    columns = [f"{arguments.candidates} candidates on {arguments.rows} rows", "ours", "target, at most"]
    finish(arguments, "search_overhead", samples, table(columns, rows), before)


if __name__ == "__main__":
    main()
