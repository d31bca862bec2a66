"""How an evaluation calls what it was given: any program and any metric, sync or async, without stopping the loop.

Knows nothing about rows or outcomes. Async code runs where it is awaited. Plain sync programs run on threads. A sync
metric is first tried in place, which costs nothing; once it had to wait (`WouldBlock`) or took more than 5 ms, it
runs on threads.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import Executor
from functools import partial
from time import perf_counter
from typing import Any

from core.evaluate.score import Score, as_score
from core.foundation.errors import BudgetExceeded, MetricError, WouldBlock
from core.foundation.overrides import means_call
from core.foundation.threads import run_in_thread, shares_context
from core.trace import MemorySink, Span, sink_to
from core.trace.collect import steps_so_far, take_back_steps

__all__ = ["SLOW_METRIC_SECONDS", "STEP_ARGUMENTS", "MetricCall", "ProgramCall", "may_take", "name_of"]

SLOW_METRIC_SECONDS = 0.005
STEP_ARGUMENTS = 5
"""(example, prediction, trace, name of a predictor, its part of the trace): what a metric for single steps takes."""

SLOW_CALLS = 3
"""In a row: one slow call may only have lost the processor to somebody else, a metric that waits is slow again."""


def name_of(thing: Any) -> str:
    """The name a person knows a metric or program by."""
    own = getattr(thing, "name", None)
    if isinstance(own, str) and own:
        return own
    return getattr(thing, "__name__", None) or type(thing).__name__


class ProgramCall:
    """Calls one program with the inputs of one example.

    Args:
        program: A module, or any callable that takes the inputs as keywords.
        threads: Where sync programs run.
    """

    def __init__(self, program: Callable[..., Any], threads: Executor) -> None:
        self.program = program
        self.name = name_of(program)
        self._threads = threads
        self._awaited = _async_form(program)

    async def __call__(
        self, inputs: Mapping[str, Any], elsewhere: Callable[[Span], None] | None = None
    ) -> Any:
        """Return what the program gave; its exceptions pass through.

        Args:
            inputs: The program's inputs by name.
            elsewhere: Told the spans of a program that ran in another process; here they reach every open sink.
        """
        if self._awaited is not None:
            before = steps_so_far()
            try:
                return await self._awaited(**inputs)
            except WouldBlock:  # it has an async form, yet waits in sync code inside: threads, from now on
                take_back_steps(before)
                self._awaited = None
        if shares_context(self._threads):
            return await run_in_thread(partial(self.program, **inputs), executor=self._threads)
        result, spans = await run_in_thread(
            call_elsewhere, self.program, dict(inputs), executor=self._threads
        )
        if elsewhere is not None:
            for span in spans:
                elsewhere(span)
        return result


def call_elsewhere(program: Callable[..., Any], inputs: dict[str, Any]) -> tuple[Any, list[Span]]:
    """Run a program in another process and bring its spans back as data; what runs there has its own settings."""
    with sink_to(MemorySink(), fresh=True) as sink:
        return program(**inputs), sink.spans


def _async_form(program: Any) -> Callable[..., Awaitable[Any]] | None:
    """The awaitable way into a program; None where it only has a sync one.

    Of `forward` and `aforward`, that of the most derived class counts: a subclass that overrides only
    `forward`, or the call itself, means it.
    """
    if inspect.iscoroutinefunction(program):
        return program
    acall = getattr(program, "acall", None)
    if acall is None:
        return program if inspect.iscoroutinefunction(type(program).__call__) else None
    if means_call(type(program), "acall", "aforward") or _most_derived(program) == "forward":
        return None
    return acall


def _most_derived(module: Any) -> str | None:
    """Which of `forward` and `aforward` a module means; None for objects that have neither."""
    for owner in type(module).__mro__:
        for name in ("aforward", "forward"):
            if name in vars(owner):
                return name
    return None


class MetricCall:
    """Calls one metric and gives a `Score`.

    Args:
        metric: `metric(example, prediction)`, `metric(example, prediction, trace)`, sync or async, or a
            module; further required parameters (feedback metrics have five) get None.
        threads: Where a sync metric runs that has to wait.
        may_block: False where a deadline must hold: then a sync metric is not tried in place, unless it
            says `inline = True` of itself.
    """

    def __init__(self, metric: Callable[..., Any], threads: Executor, *, may_block: bool = True) -> None:
        self.metric = metric
        self.name = name_of(metric)
        self._threads = threads
        self._awaited = _async_form(metric)
        self._arguments = _positional_count(metric)
        self.judges_steps = may_take(metric, STEP_ARGUMENTS)
        self._computes = bool(getattr(metric, "inline", False))
        self._inline = may_block or self._computes
        self._slow = 0

    def __call__(self, example: Any, prediction: Any, trace: Any = None) -> Coroutine[Any, Any, Score]:
        """Return the score of one prediction.

        Raises:
            MetricError: The metric raised, or gave no finite number; the cause is attached.
        """
        return self._scored((example, prediction, trace, None, None)[: self._arguments])

    def of_step(
        self, example: Any, prediction: Any, trace: Any, name: str, own: Any
    ) -> Coroutine[Any, Any, Score]:
        """Return what a metric of five arguments (`judges_steps`) says of one predictor.

        Args:
            name: Of the predictor.
            own: The part of the trace that is the predictor's.

        Raises:
            MetricError: As above.
        """
        return self._scored((example, prediction, trace, name, own))

    async def _scored(self, arguments: tuple[Any, ...]) -> Score:
        try:
            if self._inline and self._awaited is None:
                try:
                    returned = self._in_place(arguments)
                except WouldBlock:
                    self._inline = False
                else:
                    return as_score(returned if type(returned) in _PLAIN else await _result(returned))
            return as_score(await self._waiting(arguments))
        except (MetricError, BudgetExceeded):
            raise
        except Exception as error:
            raise MetricError(f"The metric '{self.name}' raised {type(error).__name__}: {error}") from error

    def _in_place(self, arguments: tuple[Any, ...]) -> Any:
        started = perf_counter()
        returned = self.metric(*arguments)
        self._slow = self._slow + 1 if perf_counter() - started > SLOW_METRIC_SECONDS else 0
        self._inline = self._computes or self._slow < SLOW_CALLS
        return returned

    async def _waiting(self, arguments: tuple[Any, ...]) -> Any:
        if self._awaited is not None:
            try:
                return await self._awaited(*arguments)
            except WouldBlock:
                self._awaited, self._inline = None, False
        returned = await run_in_thread(self.metric, *arguments, executor=self._threads)
        return await _result(returned)


_PLAIN = (bool, float, int)


async def _result(returned: Any) -> Any:
    return await returned if inspect.isawaitable(returned) else returned


def _positional_count(metric: Any) -> int:
    """How many of (example, prediction, trace, name, trace of it) to pass: two, or as many as are required."""
    try:
        entry = _most_derived(metric)
        parameters = inspect.signature(getattr(metric, entry) if entry else metric).parameters.values()
    except (TypeError, ValueError):
        return 2
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return 3
    required = sum(1 for p in positional if p.default is p.empty)
    return min(5, max(2, required, min(3, len(positional))))


def may_take(metric: Any, count: int) -> bool:
    """Return whether a metric has that many positional parameters, with defaults or without."""
    try:
        entry = _most_derived(metric)
        parameters = inspect.signature(getattr(metric, entry) if entry else metric).parameters.values()
    except (TypeError, ValueError):
        return False
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters) >= count
