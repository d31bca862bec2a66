"""Whether memory stays flat over 100,000 calls on a model that answers at once.

Knows nothing about models. The slope is the least-squares line through the resident size after the warm-up, in which
the history fills its ring and the allocator its pools.
"""

from __future__ import annotations

import sys

from benchmarks.harness import Side, finish, in_turns, machine, medians, options, run, table, worker

TARGETS = {"bytes per call after the warm-up": "1024"}
WAYS = {"sync": "one after another", "tasks": "64 tasks, collecting"}
WARM_UP = 0.25


def main() -> None:
    """Measure and report."""
    parser = options(__doc__ or "", rounds=1)
    parser.add_argument("--calls", type=int, default=100_000)
    arguments = parser.parse_args()
    before = machine()

    def measure(side: Side) -> dict[str, float]:
        found: dict[str, float] = {}
        for how in WAYS:
            task = {"calls": arguments.calls, "how": how, "warm_up": WARM_UP}
            found |= {f"{how}: {name}": value for name, value in run(side, task).items()}
        return found

    samples = in_turns([worker("ours", sys.executable, "memory")], arguments.rounds, measure)
    found = medians(samples)["ours"]
    names = [name.removeprefix("sync: ") for name in found if name.startswith("sync: ")]
    rows = [
        [name, *(f"{found[f'{how}: {name}']:.3g}" for how in WAYS), TARGETS.get(name, "")] for name in names
    ]
    columns = [f"{arguments.calls:,} calls", *WAYS.values(), "target, at most"]
    finish(arguments, "memory", samples, table(columns, rows), before)


if __name__ == "__main__":
    main()
