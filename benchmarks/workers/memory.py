"""Our side of `memory`: many calls of one program on a model that answers at once, resident size watched.

Knows nothing about the other benchmarks. Every call is another question; the history is kept as by default.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import core

PAGE = resource.getpagesize()
REPLY = "[[ ## answer ## ]]\nyes {}\n\n[[ ## completed ## ]]"
QUESTION = "What is the answer to question number {}, and why would anybody want to know it?"
SAMPLES = 40


class NoOp(core.BaseLM):
    """Answers every request at once, each time with another text."""

    local = True
    answered = 0

    async def complete(self, request: Any) -> Any:
        """Answer."""
        from core.messages import LMOutput, LMResponse, Usage

        self.answered += 1
        return LMResponse([LMOutput(REPLY.format(self.answered))], Usage(10, 2), cost=0.0)


class Chain(core.Module):
    """Two steps, so that there are paths and a trace."""

    def __init__(self) -> None:
        super().__init__()
        self.first = core.Predict("question -> answer")
        self.second = core.Predict("question, context -> answer")

    async def aforward(self, question: str) -> Any:
        found = await self.first.acall(question=question)
        return await self.second.acall(question=question, context=found.answer)


def resident() -> int:
    """Bytes of this process in memory now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def slope(points: list[tuple[int, int]]) -> float:
    """Bytes per call: the least-squares line through (calls, bytes)."""
    n = len(points)
    x, y = sum(p[0] for p in points) / n, sum(p[1] for p in points) / n
    return sum((p[0] - x) * (p[1] - y) for p in points) / sum((p[0] - x) ** 2 for p in points)


def one_after_another(program: Any, numbers: range) -> None:
    """From sync code."""
    for number in numbers:
        program(question=QUESTION.format(number))


def tasks(program: Any, numbers: range) -> None:
    """From async code, 64 tasks, traced."""
    left = iter(numbers)

    async def work() -> None:
        for number in left:
            with core.collect():
                await program.acall(question=QUESTION.format(number))
            await asyncio.sleep(0)

    async def all_of_them() -> None:
        await asyncio.gather(*(work() for _ in range(64)))

    asyncio.run(all_of_them())


def main() -> None:
    """Measure."""
    task = json.loads(sys.argv[1])
    ways: dict[str, Callable[[Any, range], None]] = {"sync": one_after_another, "tasks": tasks}
    lm = NoOp("noop", cache=False)
    core.configure(lm=lm)
    program, per_run = (Chain(), 2) if task["how"] == "tasks" else (core.Predict("question -> answer"), 1)
    run, step = ways[task["how"]], task["calls"] // per_run // SAMPLES
    points: list[tuple[int, int]] = []
    started = time.process_time()
    for number in range(SAMPLES):
        run(program, range(number * step, (number + 1) * step))
        points.append((lm.answered, resident()))
    settled = [point for point in points if point[0] > lm.answered * task["warm_up"]]
    print(
        json.dumps(
            {
                "resident MB after the warm-up": settled[0][1] / 2**20,
                "resident MB at the end": settled[-1][1] / 2**20,
                "bytes per call after the warm-up": slope(settled),
                "CPU ms per call": (time.process_time() - started) / lm.answered * 1000,
            }
        )
    )


if __name__ == "__main__":
    main()
