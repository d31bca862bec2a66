"""What the workers share: clocks and the bare loop of concurrent tasks. Standard library only, for any interpreter."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time


def task():
    return json.loads(sys.argv[1])


def report(values):
    print(json.dumps(values))


def cpu_ms(function, n, batches=5):
    """Least CPU milliseconds per call over batches, after a warm-up: what it costs without disturbance."""
    for _ in range(max(3, n // 10)):
        function()
    best = float("inf")
    for _ in range(batches):
        start = time.process_time()
        for _ in range(n):
            function()
        best = min(best, (time.process_time() - start) / n * 1000)
    return best


def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def many(call, n, concurrency):
    """Run `call(i)` n times, so many at once; return calls per second."""
    numbers = iter(range(n))

    async def work():
        for i in numbers:
            await call(i)

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(concurrency)))
    return n / (time.perf_counter() - start)


def rate(n, seconds, cpu):
    return {"calls_per_second": n / seconds, "cpu_ms_per_call": cpu / n * 1000}


QUESTION = "What is the answer to question number {}, and why would anybody want to know it?"
ANSWER = "[[ ## answer ## ]]\nforty-two\n\n[[ ## completed ## ]]"
