"""Our side of `search_overhead`: a random search over a model that answers at once, its log on disk.

Knows nothing about the other benchmarks. Prints CPU milliseconds per call, with and without the program's own calls,
and how resident memory grows between the first and the last quarter of the search.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import core
from core.search import JsonLinesRunLog

PAGE = resource.getpagesize()
REPLY = "[[ ## answer ## ]]\nyes\n[[ ## completed ## ]]"


class NoOp(core.BaseLM):
    """Answers every request with the same text."""

    local = True

    async def complete(self, request: Any) -> Any:
        """Answer."""
        from core.messages import LMOutput, LMResponse, Usage

        return LMResponse([LMOutput(REPLY)], Usage(10, 2), cost=0.0)


def resident() -> int:
    """Bytes of this process in memory now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def half(example: Any, prediction: Any, trace: Any = None) -> float:
    """A score that never ends a search."""
    return 0.5


def bare(program: Any, rows: list[Any], calls: int) -> float:
    """CPU seconds of one call of the program and the metric alone, with four demos."""
    program = core.LabeledFewShot(k=4).compile(program, trainset=rows)
    started = time.process_time()
    for number in range(calls):
        example = rows[number % len(rows)]
        half(example, program(question=example.question))
    return (time.process_time() - started) / calls


def main() -> None:
    """Measure."""
    task = json.loads(sys.argv[1])
    rows = [
        core.Example(question=f"q {i}", answer="yes").with_inputs("question") for i in range(task["rows"])
    ]
    train = [core.Example(question=f"t {i}", answer="yes").with_inputs("question") for i in range(400)]
    program, memory = core.Predict("question -> answer"), []

    def watch(event: dict[str, Any]) -> None:
        if event["type"] == "score":
            memory.append(resident())

    optimizer = core.BootstrapFewShotWithRandomSearch(
        half, num_candidate_programs=task["candidates"] - 3, max_bootstrapped_demos=2, max_labeled_demos=4
    )
    with core.context(lm=NoOp("noop", cache=False)), tempfile.TemporaryDirectory() as folder:
        one_call = bare(program, train, 2_000)
        started, wall = time.process_time(), time.perf_counter()
        made = optimizer.compile(
            program,
            trainset=train,
            valset=rows,
            racing=False,
            num_threads=16,
            budget={"calls": 10**9} if task.get("capped") else None,
            run_log=JsonLinesRunLog(Path(folder) / "run.jsonl"),
            on_event=watch,
        )
        cpu, wall = time.process_time() - started, time.perf_counter() - wall
        size = (Path(folder) / "run.jsonl").stat().st_size
    calls, quarter = made.report.calls, len(memory) // 4
    found = {
        "CPU ms per call, all": 1000 * cpu / calls,
        "CPU ms per call, the program alone": 1000 * one_call,
        "CPU ms per call, bookkeeping": 1000 * (cpu / calls - one_call),
        "calls": float(calls),
        "calls per second": calls / wall,
        "resident MB at the end of the search": memory[-1] / 2**20,
        "bytes per call, first to last quarter": (memory[-1] - memory[quarter]) / (calls * 3 / 4),
        "log bytes per call": size / calls,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
