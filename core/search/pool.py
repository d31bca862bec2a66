"""The pool: every candidate of a search with its scores and its fate, in order of proposal.

Knows nothing about how candidates are made or run. Optimizers see it read-only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from core.evaluate.statistics import mean_interval
from core.foundation.words import counted
from core.search.budget import Spend
from core.search.candidate import Candidate
from core.search.score_cache import ScoreCache

__all__ = ["Entry", "Pool", "Standing", "Status"]

Status = Literal["proposed", "unscored", "minibatch", "partial", "full", "dropped", "duplicate"]
"""`unscored`: its optimizer does not score; `minibatch`: scored on some rows, as
proposed; `partial`: the search ended before all rows; `dropped`: raced out."""


@dataclass(frozen=True)
class Standing:
    """What is known of a candidate's score.

    Attributes:
        mean: Over the rows that have a score, 0 to 1 for the usual metrics; None without any.
        interval: 95 % interval of the mean.
        scored: Rows with a score.
        rows: Rows that were run.
        of: Rows there are; the score is a full one only where `rows == of`.
    """

    mean: float | None
    interval: tuple[float, float]
    scored: int
    rows: int
    of: int

    @property
    def full(self) -> bool:
        """True where every row was run."""
        return self.of > 0 and self.rows == self.of


@dataclass
class Entry:
    """A candidate and what became of it."""

    candidate: Candidate
    status: Status = "proposed"
    reason: str = ""
    """Why it was dropped, or which candidate it repeats."""
    spend: Spend | None = None


class Pool:
    """All candidates of one search.

    Args:
        rows: How many rows candidates are scored on.

    Attributes:
        proposals: How many proposals were taken in.
        since_best: Candidates that ran on every row, or were dropped on the way, since one became the best.
        lost: Ids of the candidates that did not beat the best since it became that, those that did not lead it on
            their mini-batch among them. The program as given was no attempt and is not.
    """

    def __init__(self, rows: int) -> None:
        self.scores = ScoreCache(rows)
        self.proposals = 0
        self.since_best = 0
        self._entries: dict[str, Entry] = {}
        self._by_key: dict[str, str] = {}
        self._leader: Candidate | None = None
        self._lowest = 0.0
        self.lost: set[str] = set()

    def add(self, candidate: Candidate, *, evaluate: bool = True) -> Entry:
        """Take a candidate in; one whose state is known already is marked as a duplicate.

        A state that was scored on a mini-batch only, or not at all so far, is no duplicate: its own entry goes on.
        """
        entry = Entry(candidate, spend=Spend())
        first = self._by_key.setdefault(candidate.key, candidate.id)
        if first != candidate.id:
            known = self._entries[first]
            if evaluate and known.status in {"minibatch", "unscored"}:
                known.status = "proposed"
                self.proposals += 1
                return known
            entry.status, entry.reason = "duplicate", f"the same program as {first}"
        self._entries[candidate.id] = entry
        self.proposals += 1
        return entry

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, candidate_id: str) -> Entry:
        return self._entries[candidate_id]

    def standing(self, candidate: Candidate) -> Standing:
        """Return what is known of a candidate's score."""
        seen = self.scores.scores(candidate.key)
        scored = [score for score in seen if score is not None]
        mean = math.fsum(scored) / len(scored) if scored else None
        return Standing(mean, mean_interval(scored), len(scored), len(seen), self.scores.rows)

    def mean(self, candidate: Candidate) -> float:
        """Return the mean by which candidates are ranked: a row without a score counts as the lowest, so that none
        wins by failing. Minus infinity without any score.
        """
        if all(score is None for score in self.scores.scores(candidate.key)):
            return -math.inf
        scores = self.scores.counted(candidate.key)
        return math.fsum(scores) / len(scores)

    def finish(self, candidate: Candidate, status: Status, reason: str = "") -> None:
        """Say what became of a candidate."""
        entry = self._entries[candidate.id]
        entry.status, entry.reason = status, reason
        leader = self._best_again(candidate) if status == "full" else self._leader
        if leader is not None and leader is not self._leader:
            self._leader, self.since_best = leader, 0
            self.lost.clear()
        elif status in {"full", "dropped"}:
            self.since_best += 1
        if leader is not None and leader is not candidate and self._lost(candidate, status, leader):
            self.lost.add(candidate.id)

    def _best_again(self, candidate: Candidate) -> Candidate:
        """Return the best of those that ran on every row, now that one more did."""
        if self._leader is None:
            return candidate
        if self._lowest != self.scores.lowest:  # what failed counts less than before, for those before too
            self._lowest = self.scores.lowest
            return self.ranked()[0].candidate
        return candidate if self.mean(candidate) > self.mean(self._leader) else self._leader

    def _lost(self, candidate: Candidate, status: Status, leader: Candidate) -> bool:
        if candidate.notes.get("baseline"):
            return False
        on_a_batch = status == "minibatch" and not self._leads(candidate, leader)
        return on_a_batch or status in {"full", "dropped"}

    def _leads(self, candidate: Candidate, leader: Candidate) -> bool:
        """Return whether a candidate has more than the best on the rows that it ran."""
        return self._lead(candidate, leader)[0] > 0.0

    def _lead(self, candidate: Candidate, leader: Candidate) -> tuple[float, int]:
        """Return how much more a candidate has in all on the rows that it ran, and how many these are."""
        rows = [row for row in range(self.scores.rows) if self.scores.seen(candidate.key, row)]
        own, best = self.scores.counted(candidate.key, rows), self.scores.counted(leader.key, rows)
        return math.fsum(own) - math.fsum(best), len(rows)

    def why_left(self, entry: Entry) -> str:
        """Return why a candidate that ran on a part of the rows was left there; empty: it was not, or is the best."""
        leader = self._leader
        if entry.status != "minibatch" or leader is None or leader.key == entry.candidate.key:
            return entry.reason
        lead, rows = self._lead(entry.candidate, leader)
        if not rows:
            return entry.reason
        points = 100 * lead / rows
        side = (
            f"{abs(points):.1f} points {'ahead of' if points > 0 else 'behind'}"
            if abs(points) >= 0.05
            else "level with"
        )
        return f"{side} the best on the same {counted(rows, 'row')}: not run on more"

    @property
    def leader(self) -> Candidate | None:
        """The best candidate that ran on every row; of equals the earliest."""
        return self._leader

    def ranked(self) -> list[Entry]:
        """Fully scored candidates, best first, earlier first among equals."""
        full = [entry for entry in self if entry.status == "full"]
        return sorted(full, key=lambda entry: -self.mean(entry.candidate))
