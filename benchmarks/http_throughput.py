"""Calls per second against a local server that answers at once, cache off.

Knows nothing about models. Beside DSPy and ours: the bare `openai` async client and a bare `aiohttp` loop, which
send the same messages and read the same answers with no program around them.
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

CALLS = {"fast": {1: 600, 16: 1500, 64: 2000, 256: 2000}, "slow": {1: 200, 16: 300, 64: 400, 256: 512}}


def main() -> None:
    """Compare and report."""
    parser = options(__doc__ or "", rounds=3)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 16, 64, 256])
    arguments = parser.parse_args()
    # name → (script, what it does, how many calls it can afford)
    contenders = {
        "bare aiohttp": ("bare", "aiohttp", "fast"),
        "bare openai": ("bare", "openai", "slow"),
        "ours, aforward as tasks": ("ours", "tasks", "fast"),
        "ours, aforward on a loop of one's own": ("ours", "gather", "fast"),
        "ours, Evaluate": ("ours", "async", "fast"),
        "ours, Evaluate of a sync forward": ("ours", "sync", "fast"),
    }
    sides = [worker(name, sys.executable, entry[0]) for name, entry in contenders.items()]
    if arguments.dspy_python:
        contenders["DSPy, Evaluate"] = ("theirs", "async", "slow")
        sides.append(worker("DSPy, Evaluate", arguments.dspy_python, "theirs"))
    before = machine()
    with server() as url:

        def measure(side: Side) -> dict[str, float]:
            _, how, speed = contenders[side.name]
            found: dict[str, float] = {}
            for concurrency in arguments.concurrency:
                task: dict[str, Any] = {"do": "http", "how": how, "url": url, "concurrency": concurrency}
                task["n"] = CALLS[speed].get(concurrency, 1000)
                for key, value in run(side, task).items():
                    found[f"{key} at {concurrency}"] = value
            return found

        samples = in_turns(sides, arguments.rounds, measure)
    finish(arguments, "http_throughput", samples, _report(medians(samples), arguments.concurrency), before)


def _report(found: dict[str, dict[str, float]], levels: list[int]) -> str:
    middle = 64 if 64 in levels else levels[-1]
    rows = [
        [
            name,
            *(figure(of[f"calls_per_second at {level}"]) for level in levels),
            figure(of[f"cpu_ms_per_call at {middle}"]),
        ]
        for name, of in found.items()
    ]
    columns = [
        "calls per second",
        *(f"{level} at once" for level in levels),
        f"client CPU ms a call at {middle}",
    ]
    return table(columns, rows) + "\n\n" + "\n".join(_verdicts(found, middle))


def _verdicts(found: dict[str, dict[str, float]], middle: int) -> list[str]:
    """Rates depend on what else the machine does; the CPU that a call takes hardly does, so both are said."""
    rate, cpu, lines = f"calls_per_second at {middle}", f"cpu_ms_per_call at {middle}", []
    bare, dspy = found["bare aiohttp"], found.get("DSPy, Evaluate")
    names = ("ours, aforward as tasks", "ours, Evaluate", "ours, Evaluate of a sync forward")
    for name, target in zip(names, (5, 5, 4), strict=True):
        own = found[name]
        line = f"- {name}, {middle} at once: {own[rate] / bare[rate]:.2f} of a bare aiohttp loop"
        line += f" ({bare[cpu] / own[cpu]:.2f} by CPU; target for aforward: at least 0.5)"
        if dspy is not None:
            line += f"; {own[rate] / dspy[rate]:.1f} times DSPy's"
            line += f" ({dspy[cpu] / own[cpu]:.1f} by CPU; target: at least {target})"
        lines.append(f"{line}.")
    return lines


if __name__ == "__main__":
    main()
