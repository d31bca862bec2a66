"""`Evaluate`: run a program over examples and score it.

Knows nothing about how a row is run or counted; it takes the arguments, starts the run and writes the report.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, fields, replace
from typing import Any

from core.callbacks import reported
from core.data.example import Example
from core.data.prediction import Prediction
from core.evaluate.call import MetricCall, ProgramCall, name_of
from core.evaluate.progress import Progress
from core.evaluate.report import EvaluationResult, Summary
from core.evaluate.row import Row, RowOptions
from core.evaluate.runner import Run
from core.evaluate.table import save_csv, save_json, show_table
from core.foundation.drive import drive, on_io
from core.foundation.errors import ConfigurationError, EvaluationAborted
from core.foundation.threads import DaemonThreads
from core.foundation.words import counted
from core.modules.module import Module
from core.settings import current

__all__ = ["Evaluate", "EvaluationInterrupted"]

_SETTLE_SECONDS = 2.0
_log = logging.getLogger("core.evaluate")


class EvaluationInterrupted(KeyboardInterrupt):
    """Ctrl-C during an evaluation; the finished rows are in `.result`."""

    def __init__(self, result: EvaluationResult) -> None:
        super().__init__(f"{len(result.rows)} of {result.n_examples} rows were finished; they are in .result")
        self.result = result


@dataclass(frozen=True)
class _Plan:
    """All that one evaluation is told; the constructor's values under those of the call."""

    devset: Sequence[Example] | None = None
    metric: Callable[..., Any] | None = None
    num_threads: int | None = None
    display_progress: bool = False
    display_table: bool | int = False
    max_errors: int | None = None
    provide_traceback: bool | None = None
    failure_score: float = 0.0
    save_as_csv: str | os.PathLike[str] | None = None
    save_as_json: str | os.PathLike[str] | None = None
    timeout: float | None = None
    traces: bool = False
    executor: Executor | None = None
    on_row: Callable[[Row], None] | None = None
    stop_requested: Callable[[], bool] | None = None

    def with_changes(self, changes: dict[str, Any]) -> _Plan:
        given = {name: value for name, value in changes.items() if value is not None}
        if "return_outputs" in given or "return_all_scores" in given:
            raise ValueError("The outputs and scores of every row are in the result: `.results` and `.rows`.")
        unknown = sorted(given.keys() - {item.name for item in fields(self)})
        if unknown:
            raise TypeError(f"Evaluate takes no argument {', '.join(map(repr, unknown))}.")
        return replace(self, **given)


_SAID = frozenset(item.name for item in fields(_Plan))
_ASKED = (
    "metric", "devset", "num_threads", "display_progress", "display_table", "callback_metadata", "save_as_csv",
    "save_as_json",
)  # fmt: skip


class Evaluate:
    """Scores programs on a devset with a metric.

    Example:
        ```python
        evaluate = Evaluate(devset=rows, metric=make_metric({"kind": "exact_match"}))
        result = evaluate(program)
        result.score, result.interval
        ```

    Args:
        devset: Examples whose inputs are set.
        metric: `metric(example, prediction)` or with a third parameter `trace`, sync or async; gives a bool, a
            number, or `Prediction(score=..., feedback=...)`.
        num_threads: Rows in flight; `settings.num_threads` unless given.
        display_progress: Show a progress line.
        display_table: Print the table at the end; a number prints so many rows.
        max_errors: So many rows that fail because of infrastructure, the metric or the program's own code end the
            run with `EvaluationAborted`. `settings.max_errors` unless given.
        provide_traceback: Put tracebacks into the rows' errors.
        failure_score: What a row counts whose reply could not be used.
        save_as_csv: Write the table there.
        save_as_json: Write the table there.
        timeout: Seconds that one row may take.
        traces: Keep the spans of each row.
        executor: Where plain sync programs run instead of on threads of our own; any `concurrent.futures.Executor`.
        on_row: Told of each finished row, in order of completion, on one thread.
        stop_requested: Asked before each row, on the I/O loop, so it must answer at once; True lets the rows in flight
            finish and ends the run.
    """

    def __init__(
        self,
        *,
        devset: Sequence[Example] | None = None,
        metric: Callable[..., Any] | None = None,
        num_threads: int | None = None,
        display_progress: bool = False,
        display_table: bool | int = False,
        max_errors: int | None = None,
        provide_traceback: bool | None = None,
        failure_score: float = 0.0,
        save_as_csv: str | os.PathLike[str] | None = None,
        save_as_json: str | os.PathLike[str] | None = None,
        **more: Any,
    ) -> None:
        self._plan = _Plan(
            devset, metric, num_threads, display_progress, display_table, max_errors,
            provide_traceback, failure_score, save_as_csv, save_as_json,
        ).with_changes(more)  # fmt: skip

    def __getattr__(self, name: str) -> Any:
        """What the constructor was given, by its name: `evaluate.devset`, `evaluate.num_threads` …"""
        if name in _SAID:
            return getattr(self._plan, name)
        raise AttributeError(f"Evaluate has no attribute '{name}'. It has: {', '.join(sorted(_SAID))}.")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _SAID:  # as programs do with DSPy's: `evaluate.devset = rows`
            value, name = replace(self._plan, **{name: value}), "_plan"
        super().__setattr__(name, value)

    def __call__(
        self,
        program: Callable[..., Any],
        metric: Callable[..., Any] | None = None,
        devset: Sequence[Example] | None = None,
        num_threads: int | None = None,
        display_progress: bool | None = None,
        display_table: bool | int | None = None,
        callback_metadata: dict[str, Any] | None = None,
        save_as_csv: str | os.PathLike[str] | None = None,
        save_as_json: str | os.PathLike[str] | None = None,
        **more: Any,
    ) -> EvaluationResult:
        """Run the program over the devset; arguments override the constructor's for this call.

        Returns:
            The result. A reached budget or a stop request gives the rows finished so far, flagged.

        Raises:
            EvaluationAborted: `max_errors` rows failed; `.result` holds the finished ones.
            EvaluationInterrupted: Ctrl-C; `.result` holds the finished rows.
        """
        given: dict[str, Any] = {
            "metric": metric, "devset": devset, "num_threads": num_threads, "display_progress": display_progress,
            "display_table": display_table, "save_as_csv": save_as_csv, "save_as_json": save_as_json, **more,
        }  # fmt: skip
        job = _Job(program, self._plan.with_changes(given))
        asked = {"program": program, "callback_metadata": callback_metadata, **given}
        try:
            with reported("evaluate", self, asked) as told:
                return told.gives(drive(job.go()))
        except KeyboardInterrupt:
            raise EvaluationInterrupted(job.interrupted()) from None

    async def acall(self, program: Callable[..., Any], **arguments: Any) -> EvaluationResult:
        """Do the same from async code."""
        asked = {"program": program, **dict.fromkeys(_ASKED), **arguments}
        arguments.pop("callback_metadata", None)
        with reported("evaluate", self, asked) as told:
            return told.gives(await _Job(program, self._plan.with_changes(arguments)).go())


def _examples(devset: Sequence[Any]) -> list[Example]:
    for position, row in enumerate(devset):
        if not isinstance(row, Example):
            raise ConfigurationError(
                f"Row {position} of the devset is a {type(row).__name__}, not an Example.",
                hint="Make it one: core.Example(question=..., answer=...).with_inputs('question').",
            )
    if all(row.input_keys is None for row in devset):
        raise ConfigurationError(
            "No row of the devset says which of its fields are inputs.",
            hint="Call example.with_inputs('question') on every row, or load with inputs=[…].",
        )
    return list(devset)


class _Job:
    """One call of `Evaluate`: the run, its observers and what is written at its end."""

    def __init__(self, program: Callable[..., Any], plan: _Plan) -> None:
        if plan.devset is None or not len(plan.devset):
            what = "is no devset" if plan.devset is None else "are no rows in the devset"
            raise ConfigurationError(
                f"There is nothing to evaluate on: there {what}.",
                hint="Give Evaluate a devset of at least one example: Evaluate(devset=[...], metric=...).",
            )
        self.plan = plan
        self.program = program
        self.threads = DaemonThreads("evaluate")
        self.progress = Progress(len(plan.devset)) if plan.display_progress else None
        self.metric_name = "score" if plan.metric is None else name_of(plan.metric)
        self.examples = _examples(plan.devset)
        self.run = self._make_run(program)

    def _make_run(self, program: Callable[..., Any]) -> Run:
        plan, defaults = self.plan, current()
        metric = None
        if plan.metric is not None:
            metric = MetricCall(plan.metric, self.threads, may_block=plan.timeout is None)
        wanted = defaults.provide_traceback if plan.provide_traceback is None else plan.provide_traceback
        return Run(
            self.examples,
            ProgramCall(program, plan.executor or self.threads),
            metric,
            RowOptions(plan.failure_score, plan.timeout, plan.traces, wanted),
            concurrency=plan.num_threads or defaults.num_threads,
            max_errors=defaults.max_errors if plan.max_errors is None else plan.max_errors,
            stop_requested=plan.stop_requested,
            observers=[observer for observer in (self.progress, plan.on_row) if observer is not None],
        )

    async def go(self) -> EvaluationResult:
        try:
            await on_io(self._run)
        finally:
            if self.progress is not None:
                self.progress.close()
        result = self._finish()
        if result.flagged:
            _log.warning("%s: %.2f %%, but %s.", self.metric_name, result.score, "; ".join(result.flags))
        if self.run.end_reason == "errors":
            raise self._aborted(result)
        return result

    async def _run(self) -> None:
        try:
            await self.run.go()
        finally:
            self.threads.shutdown()  # after an interrupt too, once no row can ask for a thread any more

    def interrupted(self) -> EvaluationResult:
        """The finished rows, once those that were being written down are."""
        self.run.settled.wait(_SETTLE_SECONDS)
        self.run.end_reason = "interrupted"
        return self._finish()

    def _finish(self) -> EvaluationResult:
        result = self._result()
        if isinstance(self.program, Module):  # as DSPy's: read there by those who score the program
            self.program.suggest_failures = result.suggest_failures
            self.program.assert_failures = result.assert_failures
        if self.plan.save_as_csv:
            save_csv(result, self.plan.save_as_csv)
        if self.plan.save_as_json:
            save_json(result, self.plan.save_as_json)
        if self.plan.display_table:
            shown = self.plan.display_table
            show_table(result, None if shown is True else int(shown))
        return result

    def _result(self) -> EvaluationResult:
        rows = [row for row in self.run.rows if row is not None]
        results = [
            (
                self.examples[row.index],
                self._prediction(row),
                row.score if row.returned is None else row.returned,
            )
            for row in rows
        ]
        return EvaluationResult(
            round(100 * Summary(rows).mean, 2),
            results,
            rows=rows,
            n_examples=len(self.examples),
            end_reason=self.run.end_reason,
            metric_name=self.metric_name,
        )

    def _prediction(self, row: Row) -> Any:
        found = self.run.predictions[row.index]
        return found if found is not None or row.outputs else Prediction()

    def _aborted(self, result: EvaluationResult) -> EvaluationAborted:
        last = next(
            (row.error for row in reversed(result.rows) if row.error and row.outcome != "model_failure"), ""
        )
        last = last or next((row.error for row in reversed(result.rows) if row.error), "")
        return EvaluationAborted(
            f"{counted(self.run.errors, 'row')} failed, which ends the run (max_errors={self.run.max_errors}); "
            f"{len(result.rows)} of {result.n_examples} rows are finished. The last failure: {last}",
            result=result,
            hint="Finished rows are in `.result`; raise max_errors to go on in spite of failures.",
        )
