"""What failed while a search ran: counted by kind, the first of each with its place, and said in a sentence.

Knows nothing about who runs what. A row that failed by infrastructure or metric has no score, one whose reply could not
be read, or whose prompt did not fit the model's window, scores 0, and a question that failed is no answer: a report
that is silent about them reads as if the program were bad, or the proposer had nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from core.foundation.errors import EvaluationAborted
from core.foundation.words import are, counted
from core.search.jobs import Answer, Attempt, RowResult

__all__ = ["GO_ON", "Failures"]

GO_ON = "Fix the cause and run the same call with the same run log: finished rows are kept."
"""What to do about an error that ended a search."""

SELDOM = 0.05
"""Share of runs with a score of 0 for want of a reply that could be read, below which nothing is said of them."""

LONGEST = 200
"""Characters of an error that a sentence holds."""

_NO_SCORE = frozenset({"infrastructure_failure", "metric_failure"})


@dataclass
class _Tally:
    count: int = 0
    first: str = ""

    def add(self, place: str, error: str) -> None:
        self.count += 1
        self.first = self.first or f"{place}: {_short(error)}"


class Failures:
    """Counts results, each once: what a log holds and what is run now alike.

    Args:
        max_errors: So many failures of infrastructure, metric or program code end the search with an error; of 0
            and 1 the first does.
    """

    def __init__(self, max_errors: int) -> None:
        self._max_errors = max(1, max_errors)
        self._errors = 0
        self._runs = 0
        self._asked = 0
        self._unscored, self._unread, self._long, self._unanswered = (_Tally() for _ in range(4))
        self._counted: set[str] = set()

    def take(self, results: Iterable[tuple[str, str, RowResult | Attempt | Answer | None]]) -> None:
        """Count results: (name, place in words, what came of it); None for what did not run."""
        for name, place, result in results:
            if result is None or name in self._counted:
                continue
            if not isinstance(
                result, RowResult
            ):  # a row runs once, a trace or an answer may serve several times
                self._counted.add(name)
            if isinstance(result, Answer):
                self._asked += 1
                if result.error:
                    self._unanswered.add(place, result.error)
                continue
            self._runs += 1
            if result.outcome in _NO_SCORE:
                self._unscored.add(place, result.error)
            elif result.outcome == "model_failure":
                self._unread.add(place, result.error)
            elif result.outcome == "too_long":
                self._long.add(place, result.error)

    def bear(self, fresh: Iterable[tuple[str, RowResult | Attempt | Answer | None]]) -> None:
        """Count what failed of results that were run now: (place in words, what came of it).

        Raises:
            EvaluationAborted: As many failed as `max_errors`.
        """
        failed = [(place, result) for place, result in fresh if result is not None and result.counts_as_error]
        self._errors += len(failed)
        if failed and self._errors >= self._max_errors:
            place, last = failed[-1]
            raise EvaluationAborted(
                f"{counted(self._errors, 'row')} failed, which ends the search (max_errors={self._max_errors}). "
                f"The last, {place}: {last.error.rstrip('.')}.",
                hint=GO_ON,
            )

    @property
    def first_unscored(self) -> str:
        """The first run without a score and its error; empty: each has one."""
        return self._unscored.first

    def said(self) -> list[str]:
        """Return a sentence for each kind of failure that the reader must not miss."""
        sentences: list[str] = []
        if self._unscored.count:
            sentences.append(
                f"{self._unscored.count} of {self._runs} runs failed and "
                f"{are(self._unscored.count, 'has', 'have')} no score; "
                f"the first, {self._unscored.first} Where candidates are compared that counts as the lowest score."
            )
        if self._unread.count and self._unread.count >= SELDOM * self._runs:
            sentences.append(
                f"{self._unread.count} of {self._runs} runs gave no answer that could be read and "
                f"{are(self._unread.count, 'scores', 'score')} 0; "
                f"the first, {self._unread.first}"
            )
        if self._long.count:
            sentences.append(
                f"In {self._long.count} of {self._runs} runs the prompt was too long for the model, which scores 0; "
                f"the first, {self._long.first}"
            )
        if self._unanswered.count:
            sentences.append(
                f"{self._unanswered.count} of {self._asked} questions to the model that writes instructions failed; "
                f"the first, {self._unanswered.first}"
            )
        return sentences


def _short(text: str) -> str:
    line = " ".join(text.split()).rstrip(".")
    return f"{line}." if len(line) <= LONGEST else f"{line[:LONGEST]}…"
