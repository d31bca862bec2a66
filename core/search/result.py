"""What a compile reports: which program won, on which rows, against whom, at what cost, and why it ended.

Knows nothing about how the search went about it. Everything here is JSON-able (`to_dict`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.foundation.fingerprint import jsonable
from core.search.jobs import Attempt

__all__ = ["AttemptRecord", "CandidateReport", "CompileReport", "ScoreReport"]


@dataclass(frozen=True)
class ScoreReport:
    """A score with everything needed to read it rightly.

    Attributes:
        mean: Mean of the metric over the rows that have a score; None without any.
        percent: The same as DSPy prints it.
        interval: 95 % interval of the mean.
        rows: Rows that were run.
        of: Rows there are.
        full: All rows were run; only such scores are compared.
        on: "validation", or "training" where no validation set was given.
    """

    mean: float | None
    percent: float | None
    interval: tuple[float, float]
    rows: int
    of: int
    full: bool
    on: str


@dataclass(frozen=True)
class CandidateReport:
    """One candidate of the search.

    Attributes:
        status: "full", "minibatch", "partial", "dropped", "duplicate", "unscored" or "proposed".
        reason: Why it was dropped, or which candidate it repeats.
        demos: {predictor path: {"bootstrapped": n, "labeled": n}}.
        instructions: {predictor path: text} where they were changed.
        spend: What scoring it cost.
    """

    id: str
    label: str
    seed: int | None
    parents: tuple[str, ...]
    status: str
    reason: str
    score: ScoreReport | None
    demos: dict[str, dict[str, int]]
    instructions: dict[str, str]
    spend: dict[str, float]
    notes: dict[str, Any]
    state: dict[str, Any]


@dataclass(frozen=True)
class AttemptRecord:
    """One training row that a teacher tried: kept as a trace, or why not."""

    row: str
    round: int
    kept: bool
    why: str
    score: float | None
    purpose: str

    @classmethod
    def of(cls, attempt: Attempt, purpose: str) -> AttemptRecord:
        """Return the record of an attempt."""
        return cls(attempt.row, attempt.round, attempt.kept, attempt.why, attempt.score, purpose)


@dataclass(frozen=True)
class CompileReport:
    """What a compile did; `summary()` says it in a few lines.

    Attributes:
        best: Id of the winning candidate; None where nothing could be proposed.
        score: The winner's score.
        baseline: The score of the program as it was given, where the search measured it.
        improvement: Paired comparison of winner and baseline on the same rows.
        stop_code: "done", "perfect", "target", "plateau", "budget", "seconds" or "stopped".
        stop_reason: The same in a sentence.
        spend: Calls sent upstream, tokens, US dollars.
        spend_by_purpose: The same, apart for making and for scoring candidates.
        seconds: Wall time, earlier sessions included.
        attempts: Every training row that a teacher tried, with its fate.
        warnings: What the reader must not miss.
    """

    optimizer: str
    params: dict[str, Any]
    seed: int
    best: str | None
    score: ScoreReport | None
    baseline: ScoreReport | None
    improvement: dict[str, Any] | None
    candidates: tuple[CandidateReport, ...]
    stop_code: str
    stop_reason: str
    spend: dict[str, float]
    spend_by_purpose: dict[str, dict[str, float]]
    seconds: float
    attempts: tuple[AttemptRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    budget: dict[str, float | None] = field(default_factory=dict[str, "float | None"])
    racing: bool = True
    resumed: bool = False

    @property
    def calls(self) -> int:
        """Requests sent upstream, retries included."""
        return int(self.spend.get("calls", 0))

    @property
    def kept(self) -> tuple[AttemptRecord, ...]:
        """Attempts whose trace became demos."""
        return tuple(attempt for attempt in self.attempts if attempt.kept)

    @property
    def rejected(self) -> tuple[AttemptRecord, ...]:
        """Attempts whose trace did not, each with its reason."""
        return tuple(attempt for attempt in self.attempts if not attempt.kept)

    @property
    def winner(self) -> CandidateReport | None:
        """The winning candidate."""
        return next((candidate for candidate in self.candidates if candidate.id == self.best), None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return jsonable(self)

    def summary(self) -> str:
        """Return what a person wants to know first, a sentence a line."""
        lines = [self._result(), self.stop_reason, *self._comparison(), self._cost(), *self._traces()]
        return "\n".join([*lines, *(f"Note: {warning}" for warning in self.warnings)])

    def _result(self) -> str:
        if self.score is None or self.score.mean is None:
            return f"{self.optimizer}: the program was compiled and not scored."
        low, high = self.score.interval
        rows = f"{self.score.rows} {self.score.on} rows"
        partial = (
            "" if self.score.full else f" (only {self.score.rows} of {self.score.of} rows: not a full score)"
        )
        return (
            f"{self.optimizer}: {self.score.mean:.1%} on {rows} that chose it, "
            f"95 % interval {low:.1%} to {high:.1%}{partial}."
        )

    def _comparison(self) -> Sequence[str]:
        if self.improvement is None or self.baseline is None or self.baseline.mean is None:
            return ()
        low, high = self.improvement["interval"]
        return (
            f"The program as given scored {self.baseline.mean:.1%}: a difference of "
            f"{self.improvement['difference']:+.1%} ({low:+.1%} to {high:+.1%}, p = {self.improvement['p_value']:.2g}) "
            "on rows that also chose the winner.",
        )

    def _cost(self) -> str:
        tokens = int(self.spend.get("prompt_tokens", 0) + self.spend.get("completion_tokens", 0))
        return (
            f"{self.calls} calls, {tokens} tokens, ${self.spend.get('cost', 0.0):.4f}, {self.seconds:.1f} s."
        )

    def _traces(self) -> Sequence[str]:
        if not self.attempts:
            return ()
        return (f"{len(self.kept)} traces kept, {len(self.rejected)} rejected.",)
