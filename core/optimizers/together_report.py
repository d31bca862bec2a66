"""What a compile by several optimizers reports: each step with its score and price, and which program won.

Knows nothing about how the steps were run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.foundation.fingerprint import jsonable
from core.foundation.words import counted
from core.search.result import ScoreReport

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
class TogetherReport:
    """All steps; `summary()` says it in a few lines.

    Attributes:
        strategy: All steps that were asked for.
        best: The steps that led to the program that won; empty for the program as given.
        score: The winner's score.
        baseline: That of the program as given.
        stop_code: "done", "budget", "stopped" or "error".
        spend: Calls sent upstream, tokens, US dollars, of all steps.
    """

    strategy: str
    best: str
    score: ScoreReport | None
    baseline: ScoreReport | None
    steps: tuple[StepReport, ...]
    stop_code: str
    stop_reason: str
    spend: dict[str, float]
    seconds: float
    budget: dict[str, float | None]
    warnings: tuple[str, ...] = ()

    optimizer = "better_together"

    @property
    def calls(self) -> int:
        """Requests sent upstream, retries included."""
        return int(self.spend.get("calls", 0))

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        steps = [
            {
                **jsonable({name: value for name, value in vars(step).items() if name != "report"}),
                "report": made,
            }
            for step in self.steps
            for made in [None if step.report is None else step.report.to_dict()]
        ]
        own = {name: value for name, value in vars(self).items() if name != "steps"}
        return {**jsonable(own), "optimizer": self.optimizer, "steps": steps}

    def summary(self) -> str:
        """Return what a person wants to know first, a sentence a line."""
        won = (
            f"The best program is that of '{self.best}'" if self.best else "The program as given is the best"
        )
        if self.score is None:
            won = f"Nothing was scored; the program is that of '{self.best}'"
        lines = [f"{won}, of '{self.strategy}'.", self.stop_reason]
        lines += [
            f"{step.strategy or 'as given'}: {_said(step.score)}, {counted(step.calls, 'call')}."
            for step in self.steps
        ]
        lines.append(
            f"{counted(self.calls, 'call')}, ${self.spend.get('cost', 0.0):.4f}, {self.seconds:.1f} s in all."
        )
        return "\n".join([*lines, *(f"Note: {warning}" for warning in self.warnings)])


def _said(score: ScoreReport | None) -> str:
    if score is None or score.mean is None:
        return "not scored in full"
    return f"{score.mean:.1%} on {counted(score.rows, 'row')}"
