"""What single calls of a program take, from a few probe runs: tokens, money and time for an estimate.

Knows nothing about optimizers. Answers from the cache tell the tokens, and the price where it was kept, not the time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from core.data.example import Example
from core.evaluate.call import MetricCall
from core.foundation.drive import drive
from core.foundation.errors import BudgetExceeded, OptimizerError, WorkbenchError
from core.foundation.fingerprint import jsonable
from core.foundation.threads import DaemonThreads
from core.modules.module import Module
from core.modules.predict import Predict
from core.search.estimate import Amount
from core.signature import Signature
from core.trace import MemorySink, sink_to

__all__ = ["Probe", "aprobe", "aprobe_writer", "probe", "probe_writer", "writing"]

_Call = Mapping[str, Any]
"""What a span says of one call to a model."""

ROWS_SHOWN = 20
"""Rows that a question to a model that writes instructions usually shows."""


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
        judge: The same of the calls that the metric sent; None where it sent none, or no metric was given.
        judge_calls: How many of those there were for one call of the program; None where no metric was given.
    """

    runs: int
    failures: int
    calls: int
    prompt_tokens: Amount
    completion_tokens: Amount
    demo_tokens: float
    seconds: Amount | None
    cost: Amount | None
    judge: Probe | None = None
    judge_calls: Amount | None = None

    @property
    def calls_per_run(self) -> float:
        """How many calls one row took."""
        return self.calls / self.runs

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return jsonable(asdict(self))


def probe(
    student: Module, rows: Iterable[Example], n: int = 3, metric: Callable[..., Any] | None = None
) -> Probe:
    """Run the student on a few rows and measure its calls; the arguments are those of `aprobe`."""
    return drive(aprobe(student, rows, n, metric))


async def aprobe(
    student: Module, rows: Iterable[Example], n: int = 3, metric: Callable[..., Any] | None = None
) -> Probe:
    """Run the student on a few rows, spread over all of them, and measure its calls.

    Args:
        student: The program; untouched.
        rows: Examples with their inputs set.
        n: How many of them to run, one after another, so that the time of a call is its own.
        metric: Scores what the rows gave, where it asks a model itself: its calls are measured apart, and counted by
            `Estimate.priced`.

    Raises:
        OptimizerError: There are no rows, or no call was answered.
        BudgetExceeded: A budget around this code is used up.
    """
    every = list(rows)
    if not every or n < 1:
        raise OptimizerError("A probe needs rows.", hint="Give some examples, and n from 1 on.")
    count = min(n, len(every))
    drawn = [every[index * len(every) // count] for index in range(count)]
    runs = _Runs(student.deepcopy(), metric)
    try:
        for example in drawn:
            await runs.add(example)
    finally:
        runs.close()
    if not runs.calls:
        said = f" The last error: {runs.problem}" if runs.problem else ""
        raise OptimizerError(
            f"None of {count} probe runs had an answer from a model.{said}",
            hint="Run the program once by hand and see that it works.",
        )
    return runs.found(count)


class _Runs:
    """The runs of one probe: what the program asked, and apart from it what the metric did."""

    def __init__(self, program: Module, metric: Callable[..., Any] | None) -> None:
        self.calls: list[_Call] = []
        self.failures, self.problem = 0, ""
        self._program, self._threads = program, DaemonThreads("probe")
        self._metric = None if metric is None else MetricCall(metric, self._threads)
        self._judging: list[_Call] = []
        self._shares: list[float] = []

    async def add(self, example: Example) -> None:
        """Run one row, and score it."""
        prediction = None
        with sink_to(MemorySink()) as sink:
            try:
                prediction = await self._program.acall(**dict(example.inputs().items()))
            except BudgetExceeded:
                raise
            except WorkbenchError as error:
                self.failures, self.problem = self.failures + 1, str(error)
        asked = _answered(sink)
        self.calls += asked
        if prediction is not None and self._metric is not None and asked:
            judging = await self._asked_by(self._metric, example, prediction)
            self._judging += judging
            self._shares.append(len(judging) / len(asked))

    async def _asked_by(self, metric: MetricCall, example: Example, prediction: Any) -> list[_Call]:
        """Return the calls of the metric; one that raises is a matter of the compile, not of what it takes."""
        with sink_to(MemorySink()) as sink:
            try:
                await metric(example, prediction)
            except BudgetExceeded:
                raise
            except WorkbenchError as error:
                self.problem = str(error)
        return _answered(sink)

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown()

    def found(self, runs: int) -> Probe:
        """Return the figures."""
        made = _measured(self.calls, runs, self.failures)
        if self._metric is None or not self._shares:
            return made
        judge = _measured(self._judging, len(self._shares), 0) if self._judging else None
        return replace(made, judge=judge, judge_calls=Amount.of(self._shares))


def probe_writer(student: Module, rows: Iterable[Example]) -> Probe:
    """Ask once for a better instruction and measure that call; the arguments are those of `aprobe_writer`."""
    return drive(aprobe_writer(student, rows))


async def aprobe_writer(student: Module, rows: Iterable[Example]) -> Probe:
    """Ask the model in force once for a better instruction, as optimizers do, and measure that call.

    Args:
        student: The program whose first step the question is about; untouched.
        rows: Examples with their inputs set; a few of them are shown.

    Raises:
        OptimizerError: There are no rows, no step, or no call was answered.
        BudgetExceeded: A budget around this code is used up.
    """
    writer, question = writing(student, list(rows))
    return await aprobe(writer, [question], 1)


def writing(student: Module, rows: Sequence[Example]) -> tuple[Predict, Example]:
    """Return a program that asks for a better instruction, and a question to it: of the size that is usual.

    Raises:
        OptimizerError: There are no rows, or no step whose instructions could be written.
    """
    steps = student.named_predictors()
    if not steps or not rows:
        raise OptimizerError(
            "A question about instructions needs a step and rows.",
            hint="Give a program with a step, and rows.",
        )
    shown = "\n\n".join(
        "\n".join(f"{name}: {value}" for name, value in row.items()) for row in rows[:ROWS_SHOWN]
    )
    program = Predict(Signature("current_instruction, examples -> proposed_instruction", _ASKED))
    question = Example(current_instruction=steps[0][1].signature.instructions, examples=shown)
    return program, question.with_inputs("current_instruction", "examples")


_ASKED = "Read what a language model is told to do and examples of the task, and write a better instruction for it."


def _answered(sink: MemorySink) -> list[_Call]:
    return [span.attributes for span in sink.spans if span.kind == "lm" and "usage" in span.attributes]


def _measured(calls: Sequence[_Call], runs: int, failures: int) -> Probe:
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
