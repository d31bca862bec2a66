"""What a compile reports: which program won, on which rows, against whom, at what cost, and why it ended.

Knows nothing about how the search went about it. Everything here is JSON-able (`to_dict`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.foundation.errors import OptimizerError
from core.foundation.fingerprint import jsonable
from core.foundation.words import counted
from core.search.lineage import prompt_diff, tree
from core.search.records import AttemptRecord, CandidateReport, Confirmation, ScoreReport, cost_text
from core.search.report_html import brief_html, page_html
from core.search.verdict import FEW_ROWS, verdict

__all__ = ["AttemptRecord", "CandidateReport", "CompileReport", "Confirmation", "ScoreReport"]


@dataclass(frozen=True)
class CompileReport:
    """What a compile did; `summary()` says it in a few lines.

    Attributes:
        best: Id of the winning candidate; None where nothing could be proposed.
        score: The winner's score.
        expected: The mean to expect of the winner on other rows: what it reached on rows that chose nothing where
            there are some, or else its score less what choosing it flatters (`core.search.optimism`).
        baseline: The score of the program as it was given, where the search measured it.
        improvement: Paired comparison of winner and baseline on the same rows: those on which both have a score.
        stop_code: "done", "perfect", "target", "plateau", "budget", "seconds" or "stopped".
        stop_reason: The same in a sentence.
        spend: Calls sent upstream, tokens, US dollars; `unpriced` is how many calls have no known price.
        spend_by_purpose: The same, apart for making and for scoring candidates.
        seconds: Wall time, earlier sessions included.
        confirmation: Winner and program as given on rows that chose nothing; None where there were none.
        attempts: Every training row that a teacher tried, with its fate.
        warnings: What the reader must not miss.
        given: {step: {"instructions", "demos"}} of the program as given.
        demo_texts: {row: what a labelled demo of it says, in short}; not part of `to_dict`.
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
    confirmation: Confirmation | None = None
    given: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    demo_texts: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    expected: float | None = None

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
        made: dict[str, Any] = jsonable(self)
        made.pop("demo_texts")
        return made

    def diff(self, candidate: str, since: str | None = None) -> dict[str, str]:
        """Return what a candidate changed as {step: unified diff of the prompt}; steps that are alike are left out.

        Args:
            candidate: Its id.
            since: The id of another candidate; None: the first of its parents, or the program as given; empty: the
                program as given.

        Raises:
            OptimizerError: There is no such candidate.
        """
        own = self._candidate(candidate)
        before = next(iter(own.parents), "") if since is None else since
        old = self._candidate(before).state if before else {}
        return prompt_diff(self.given, old, own.state, self.demo_texts)

    def lineage(self) -> str:
        """Return the tree of candidates as text: each below its first parent, with its fate and score."""
        return "\n".join(
            f"{'  ' * depth}{_line(node, node.id == self.best)}" for depth, node in tree(self.candidates)
        )

    def to_html(self) -> str:
        """Return a page of its own: verdict, scores, lineage with diffs, traces, cost. No scripts, nothing external."""
        return page_html(self)

    def _repr_html_(self) -> str:
        return brief_html(self)

    def _candidate(self, name: str) -> CandidateReport:
        found = next((candidate for candidate in self.candidates if candidate.id == name), None)
        if found is None:
            raise OptimizerError(
                f"There is no candidate '{name}'.", hint="Their ids are in `report.candidates`: c0, c1 …"
            )
        return found

    def summary(self) -> str:
        """Return what a person wants to know first, a sentence a line."""
        verdict = [self.verdict] if self.verdict else []
        lines = [self._result(), *verdict, self.stop_reason, self._cost(), *self._traces()]
        return "\n".join([*lines, *(f"Note: {warning}" for warning in self.warnings)])

    def _result(self) -> str:
        if self.score is None or self.score.mean is None:
            return self._only_confirmed()
        low, high = self.score.interval
        rows = counted(self.score.rows - self.score.unscored, f"{self.score.on} row")
        partial = (
            "" if self.score.full else f" (only {self.score.rows} of {self.score.of} rows: not a full score)"
        )
        without = f"; {self.score.without}" if self.score.unscored else ""
        expected = (
            f" On other rows expect about {self.expected:.1%}."
            if self.expected is not None and self.confirmation is None and self.score.rows >= FEW_ROWS
            else ""
        )
        return (
            f"{self.optimizer}: {self.score.mean:.1%} on {rows} that chose it, "
            f"95 % interval {low:.1%} to {high:.1%}{partial}{without}.{expected}"
        )

    def _only_confirmed(self) -> str:
        """Return the result of a search that chose nothing by scores."""
        if self.confirmation is None or self.confirmation.score.mean is None:
            return f"{self.optimizer}: the program was compiled and not scored."
        score = self.confirmation.score
        low, high = score.interval
        rows = counted(score.rows, f"{score.on} row", grouped=True)
        return (
            f"{self.optimizer}: {score.mean:.1%} on {rows} that chose nothing, "
            f"95 % interval {low:.1%} to {high:.1%}."
        )

    @property
    def verdict(self) -> str:
        """Improved, worse, or no detectable difference: by how much, with which interval, on which rows."""
        if self.confirmation is not None:
            return self.confirmation.verdict
        if self.baseline is None or self.baseline.mean is None or self.score is None:
            return ""
        if self.improvement is None:
            same = self.winner is not None and self.winner.notes.get("baseline")
            return "Nothing better than the program as given was found." if same else ""
        rows = f"{self.score.on} rows that also chose the winner, which flatters it"
        before = self.improvement.get("before", self.baseline.mean)
        after = self.improvement.get("after", self.score.mean or 0.0)
        left_out = max(self.baseline.rows, self.score.rows) - self.improvement["n"]
        said = f" {counted(left_out, 'row')} without a score left out." if left_out else ""
        return f"{verdict(self.improvement, before, after, rows)}{said}"

    def _cost(self) -> str:
        tokens = int(self.spend.get("prompt_tokens", 0) + self.spend.get("completion_tokens", 0))
        used = f"{counted(self.calls, 'call', grouped=True)}, {counted(tokens, 'token', grouped=True)}"
        return f"{used}, {cost_text(self.spend)}, {self.seconds:.1f} s."

    def _traces(self) -> Sequence[str]:
        if not self.attempts:
            return ()
        return (f"{counted(len(self.kept), 'trace')} kept, {len(self.rejected)} rejected.",)


def _line(candidate: CandidateReport, best: bool) -> str:
    score = candidate.score
    text = "" if score is None or score.mean is None else f" {score.mean:.1%}"
    part = f" on {score.rows} of {score.of} rows" if text and score is not None and not score.full else ""
    part += f", {score.without}" if text and score is not None and score.unscored else ""
    reason = f": {candidate.reason}" if candidate.reason else ""
    return f"{candidate.id} {candidate.label} ({candidate.status}{text}{part}{reason}){' ← best' if best else ''}"
