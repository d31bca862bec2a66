"""What a compile by several optimizers reports: all that any compile does, and each step with its score and price.

Knows nothing about how the steps were run. Its candidates are the programs of the steps, each made from the one before;
what a step tried on the way is in the report of that step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.foundation.fingerprint import jsonable
from core.foundation.html import details
from core.foundation.words import counted
from core.search.report_html import page_html, report_html
from core.search.result import CompileReport, ScoreReport

__all__ = ["StepReport", "TogetherReport"]


@dataclass(frozen=True)
class StepReport:
    """One step.

    Attributes:
        name: The optimizer's name in the strategy; empty for the program as given.
        strategy: The steps up to this one.
        score: On the rows to choose by; None where they were not all run.
        calls: Requests sent upstream, scoring included.
        seconds: Wall time, earlier sessions included.
        stop_reason: Why its search ended.
        report: The search's own report.
    """

    name: str
    strategy: str
    score: ScoreReport | None
    calls: int
    seconds: float
    stop_reason: str
    report: Any


@dataclass(frozen=True)
class TogetherReport(CompileReport):
    """All steps; `summary()` says it in a few lines.

    Attributes:
        strategy: All steps that were asked for.
        best: The steps that led to the program that won; empty for the program as given. Of every candidate, too, the
            id is the steps that led to it.
        steps: The program as given, then every step that was made.
        stop_code: "done", "target", "budget", "stopped" or "error".
        row_scores: {row: score} of the winner on the rows to choose by; not part of `to_dict`.
    """

    strategy: str = ""
    steps: tuple[StepReport, ...] = ()
    row_scores: Mapping[str, float | None] = field(default_factory=dict[str, "float | None"], repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        own = {name: value for name, value in vars(self).items() if name not in {"steps", *_NOT_WRITTEN}}
        return {**jsonable(own), "steps": [_written(step) for step in self.steps]}

    def lineage(self) -> str:
        """Return the programs of the steps, each below the one it was made from, with what each step tried."""
        lines: list[str] = []
        for depth, (step, line) in enumerate(
            zip(self.steps, super().lineage().split("\n"), strict=True) if self.steps else ()
        ):
            lines.append(f"{'  ' * depth}{line.strip()}")
            inside = "" if step.report is None else step.report.lineage()
            lines += [f"{'  ' * depth}  | {tried}" for tried in inside.splitlines()]
        return "\n".join(lines)

    def to_html(self) -> str:
        """Return a page of its own: verdict, scores, what each step changed, then the report of every step."""
        return page_html(self, self._pages())

    def _pages(self) -> str:
        """Return the reports of the steps, each to be opened; of a step of several steps also those of these."""
        made = [(step.name, step.report) for step in self.steps if step.report is not None]
        return "".join(
            details(
                f"Step {number}: {name}",
                report_html(report) + (report._pages() if isinstance(report, TogetherReport) else ""),
            )
            for number, (name, report) in enumerate(made, 1)
        )

    def summary(self) -> str:
        """Return what a person wants to know first, a sentence a line."""
        lines = [self._result(), self.verdict, self.stop_reason, *map(_line, self.steps), self._cost()]
        said = [*(line for line in lines if line), *self._traces()]
        return "\n".join([*said, *(f"Note: {warning}" for warning in self.warnings)])

    def _result(self) -> str:
        program = f"the program of '{self.best}'" if self.best else "the program as given"
        if self.score is None or self.score.mean is None:
            what = f"{program}, the last step that was made," if self.best else f"{program}, unchanged,"
            return f"Nothing was scored in full, so what comes back is {what.removesuffix(',')}."
        found = super()._result().removeprefix(f"{self.optimizer}: ")
        return f"{program.capitalize()} is the best of '{self.strategy}': {found}"


_NOT_WRITTEN = frozenset({"demo_texts", "row_scores"})


def _written(step: StepReport) -> dict[str, Any]:
    own = {name: value for name, value in vars(step).items() if name != "report"}
    return {**jsonable(own), "report": None if step.report is None else step.report.to_dict()}


def _line(step: StepReport) -> str:
    return f"{step.strategy or 'as given'}: {_said(step.score)}, {counted(step.calls, 'call')}."


def _said(score: ScoreReport | None) -> str:
    if score is None or score.mean is None:
        return "not scored in full"
    low, high = score.interval
    return f"{score.mean:.1%} on {counted(score.rows, 'row')} ({low:.0%} to {high:.0%})"
