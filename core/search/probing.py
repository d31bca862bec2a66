"""What single calls of a program take, from a few probe runs: tokens, money and time for an estimate.

Knows nothing about optimizers. Answers from the cache tell the tokens, and the price where it was kept, not the time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.data.example import Example
from core.foundation.drive import drive
from core.foundation.errors import BudgetExceeded, OptimizerError, WorkbenchError
from core.foundation.fingerprint import jsonable
from core.modules.module import Module
from core.search.estimate import Amount
from core.trace import MemorySink, sink_to

__all__ = ["Probe", "aprobe", "probe"]


@dataclass(frozen=True)
class Probe:
    """Figures of single calls, each with its least, mean and most.

    Attributes:
        runs: Rows that were run; `failures` of them ended in an error, whose calls count too.
        calls: Calls seen, those answered from the cache included.
        prompt_tokens, completion_tokens: Of one call.
        demo_tokens: What one demo would add to a call's prompt: the row's own message and its reply.
        seconds: Of one call that was sent; None where the cache answered all.
        cost: US dollars of one call; None where a price is unknown.
    """

    runs: int
    failures: int
    calls: int
    prompt_tokens: Amount
    completion_tokens: Amount
    demo_tokens: float
    seconds: Amount | None
    cost: Amount | None

    @property
    def calls_per_run(self) -> float:
        """How many calls one row took."""
        return self.calls / self.runs

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return jsonable(asdict(self))


def probe(student: Module, rows: Iterable[Example], n: int = 3) -> Probe:
    """Run the student on a few rows and measure its calls; the arguments are those of `aprobe`."""
    return drive(aprobe(student, rows, n))


async def aprobe(student: Module, rows: Iterable[Example], n: int = 3) -> Probe:
    """Run the student on a few rows, spread over all of them, and measure its calls.

    Args:
        student: The program; untouched.
        rows: Examples with their inputs set.
        n: How many of them to run, one after another, so that the time of a call is its own.

    Raises:
        OptimizerError: There are no rows, or no call was answered.
        BudgetExceeded: A budget around this code is used up.
    """
    every = list(rows)
    if not every or n < 1:
        raise OptimizerError("A probe needs rows.", hint="Give some examples, and n from 1 on.")
    count = min(n, len(every))
    drawn = [every[index * len(every) // count] for index in range(count)]
    program, failures, problem = student.deepcopy(), 0, ""
    with sink_to(MemorySink()) as sink:
        for example in drawn:
            try:
                await program.acall(**dict(example.inputs().items()))
            except BudgetExceeded:
                raise
            except WorkbenchError as error:
                failures, problem = failures + 1, str(error)
    calls = [span.attributes for span in sink.spans if span.kind == "lm" and "usage" in span.attributes]
    if not calls:
        said = f" The last error: {problem}" if problem else ""
        raise OptimizerError(
            f"None of {count} probe runs had an answer from a model.{said}",
            hint="Run the program once by hand and see that it works.",
        )
    return _measured(calls, count, failures)


def _measured(calls: Sequence[Mapping[str, Any]], runs: int, failures: int) -> Probe:
    prompts = [float(call["usage"]["prompt_tokens"]) for call in calls]
    replies = [float(call["usage"]["completion_tokens"]) for call in calls]
    costs = [(call.get("cost"), call.get("saved_cost") or 0.0) for call in calls]
    prices = [cost + saved for cost, saved in costs if cost is not None]
    known = len(prices) == len(calls) and (any(prices) or not any(call.get("cached") for call in calls))
    sent = [float(call["latency"]) for call in calls if not call.get("cached")]
    turns = [_last_turn(call) * prompt for call, prompt in zip(calls, prompts, strict=True)]
    return Probe(
        runs=runs,
        failures=failures,
        calls=len(calls),
        prompt_tokens=Amount.of(prompts),
        completion_tokens=Amount.of(replies),
        demo_tokens=(math.fsum(turns) + math.fsum(replies)) / len(calls),
        seconds=Amount.of(sent) if sent else None,
        cost=Amount.of(prices) if known else None,
    )


def _last_turn(call: Mapping[str, Any]) -> float:
    """Return the share of the prompt that its last message has: a demo says as much."""
    lengths = [len(str(message.get("content") or "")) for message in call.get("messages") or ()]
    return lengths[-1] / sum(lengths) if lengths and sum(lengths) else 0.0
