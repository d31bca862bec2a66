"""What a staged search has tried, read from its pool: stages, who beat whom on shared rows, what the next is worth.

Knows nothing about demos or rules. Every candidate carries its stage, its kind and its rules in its notes, so nothing
has to be remembered between two questions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from core.optimizers.auto_demos import Lengths
from core.search.candidate import Candidate, State
from core.search.pool import Entry
from core.search.proposal import Proposal
from core.search.view import SearchView

__all__ = ["Stages"]

TIE = 1e-9

LEAST_BATCH = 8
"""The fewest rows on which candidates of one stage are compared before one is scored on all."""

SHARE_OF_BATCH = 4
"""A comparison within a stage takes this part of the rows."""

HARD, EASY = 0.5, 0.25
"""How much, about, the difference varies on a row that the base failed (many are solved) and on another (few break)."""

HOPE = 0.1
"""Share of what is missing to full marks that a first round is expected to gain."""

MEMORY = 0.25
"""What an expectation counts once a round has shown what it gains; the round counts the rest."""


class Stages:
    """The stages of one search so far.

    Args:
        doubling: Score that a prompt of twice the length has to bring.
    """

    def __init__(self, view: SearchView, doubling: float = 0.0) -> None:
        self._view = view
        self._pool = view.pool
        self._doubling = doubling
        self._lengths = Lengths(view.problem)
        self.entries = [entry for entry in view.pool if "stage" in entry.candidate.notes]
        self.last = max((entry.candidate.notes["stage"] for entry in self.entries), default=-1)

    @property
    def rows(self) -> int:
        """Rows that choose."""
        return len(self._view.problem.scoring)

    @property
    def batch(self) -> int:
        """Rows of a comparison within a stage."""
        part = max(LEAST_BATCH, math.ceil(self.rows / SHARE_OF_BATCH))
        return part if self.rows - part >= LEAST_BATCH // 2 else self.rows

    @property
    def rounds(self) -> int:
        """Rounds of rules so far."""
        return len(
            {entry.candidate.notes["stage"] for entry in self.entries if "round" in entry.candidate.notes}
        )

    def of(self, stage: int) -> list[Entry]:
        """Return what a stage tried."""
        return [entry for entry in self.entries if entry.candidate.notes["stage"] == stage]

    def level(self, candidate: Candidate) -> float:
        """Return a candidate's mean score."""
        return self._pool.mean(candidate)

    def best(self) -> Candidate | None:
        """Return the best candidate that ran on every row, where a longer prompt has to bring what it costs.

        More rules have to lead fewer by more than the best of as many lists of rules gains by luck: else they are more
        likely that than learning.
        """
        ranked = [entry.candidate for entry in self._pool.ranked()]
        best: Candidate | None = None
        for candidate in sorted(ranked, key=lambda one: (_rules(one), self._lengths.of(one.state))):
            if best is None or self.leads(candidate, best):
                best = candidate
        return best

    def leads(self, candidate: Candidate, best: Candidate) -> bool:
        """Return whether a candidate that ran on every row is worth more than the best."""
        pairs = self._pairs(candidate, best)
        lead = math.fsum(pairs) - self._price(candidate, best) * len(pairs)
        if _rules(candidate) <= _rules(best) or self._pool.mean(candidate) >= 1.0 - TIE:
            return lead > TIE
        return lead > TIE and math.fsum(pairs) >= self._luck(candidate) * error_of(pairs) - TIE

    def is_clear(self, candidate: Candidate, other: Candidate) -> bool:
        """Return whether a lead is above its standard error."""
        pairs = self._pairs(candidate, other)
        return math.fsum(pairs) > max(TIE, error_of(pairs))

    def _price(self, candidate: Candidate, best: Candidate) -> float:
        """Return what a candidate has to score more because its prompt is longer, or may score less."""
        longer = self._lengths.of(candidate.state) / self._lengths.of(best.state)
        return self._doubling * math.log2(longer)

    def _luck(self, candidate: Candidate) -> float:
        """Return how many standard errors the best of all lists of rules up to now leads by where none is of use: the
        most of m normal deviates is about the root of 2 ln m.
        """
        tried = sum(
            entry.candidate.notes["stage"] <= candidate.notes["stage"]
            and entry.candidate.notes.get("kind") == "rules"
            for entry in self.entries
        )
        return max(1.0, math.sqrt(2 * math.log(max(1, tried))))

    def gain(self, candidate: Candidate, other: Candidate) -> float:
        """Return the estimated difference over all rows; 0 without a row that both ran.

        Rows that the candidate's base failed are drawn more often than others: each kind counts as often as it is
        among all rows (stratified sampling; Cochran, Sampling Techniques, 1977, § 5.3).
        """
        base = candidate.parents[:1]
        hard = self._hard(self._pool[base[0]].candidate) if base else set[int]()
        total = 0.0
        for rows in (hard, set(range(self.rows)) - hard):
            pairs = self._pairs(candidate, other, rows)
            total += len(rows) * math.fsum(pairs) / len(pairs) if pairs else 0.0
        return total / self.rows if self.rows else 0.0

    def lost(self, entry: Entry) -> float:
        """Return what a candidate scored less, in all, than the one it was made from, on the rows that both ran."""
        return -math.fsum(self._pairs(entry.candidate, self._pool[entry.candidate.parents[0]].candidate))

    def differs(self, candidate: Candidate, other: Candidate) -> bool:
        """Return whether any row had another score."""
        return any(abs(pair) > TIE for pair in self._pairs(candidate, other))

    def changed(self, candidate: Candidate, other: Candidate) -> list[int]:
        """Return the rows on which two candidates differ."""
        return [row for row in range(self.rows) if any(map(abs, self._pairs(candidate, other, {row})))]

    def _pairs(self, candidate: Candidate, other: Candidate, rows: set[int] | None = None) -> list[float]:
        scores = self._pool.scores
        shared = [
            row
            for row in (range(self.rows) if rows is None else sorted(rows))
            if scores.seen(candidate.key, row) and scores.seen(other.key, row)
        ]
        pairs = zip(scores.counted(candidate.key, shared), scores.counted(other.key, shared), strict=True)
        return [mine - theirs for mine, theirs in pairs]

    def _hard(self, base: Candidate) -> set[int]:
        """Return the rows without full marks."""
        scores = self._pool.scores
        seen = [row for row in range(self.rows) if scores.seen(base.key, row)]
        found = zip(seen, scores.scores(base.key, seen), strict=True)
        return {row for row, score in found if score is None or score < 1.0 - TIE}

    def won(self, entry: Entry) -> float:
        """Return what a candidate gained over the one it was made from."""
        base = entry.candidate.parents[:1]
        return self.gain(entry.candidate, self._pool[base[0]].candidate) if base else 0.0

    def proposals(
        self,
        stage: int,
        kind: str,
        base: Candidate,
        arms: Sequence[tuple[str, State, dict[str, Any]]],
        rows: Sequence[int] | None = None,
        *,
        whole: bool = False,
    ) -> list[Proposal]:
        """Return the candidates of a stage, to be compared on a few rows that the stage shares.

        Args:
            arms: Label, state, and notes: `rules` by path, and `kind` where it differs.
            rows: The rows; None: some that the base failed and some that it did not.
            whole: On every row at once instead.
        """
        sample = None if whole else self._sample(stage, base) if rows is None else tuple(rows)
        level = self._pool.mean(base)
        return [
            Proposal(
                state,
                label=label,
                parents=(base.id,),
                seed=len(self._pool) + place,
                rows=sample,
                notes={"stage": stage, "kind": kind, "level": level, **notes},
            )
            for place, (label, state, notes) in enumerate(arms)
        ]

    def _sample(self, stage: int, base: Candidate) -> tuple[int, ...] | None:
        """Return rows to compare on: a row that the base fails tells more of who may beat it than one that it solves
        (Neyman's allocation; Cochran, § 5.5), so half of them are such ones at least.
        """
        if self.batch >= self.rows:
            return None
        draw = self._view.rng("auto batch", stage)
        hard = sorted(self._hard(base))
        easy = sorted(set(range(self.rows)) - set(hard))
        share = max(0.5, HARD * len(hard) / (HARD * len(hard) + EASY * len(easy)))
        failed = min(len(hard), max(math.ceil(share * self.batch), self.batch - len(easy)))
        return tuple(sorted([*draw.sample(hard, failed), *draw.sample(easy, self.batch - failed)]))

    def promotion(self, most: int) -> Proposal | None:
        """Return the next candidate of the last stage to score on every row; None where no other is worth it."""
        best, tried = self.best(), self.of(self.last)
        waiting = [entry for entry in tried if entry.status == "minibatch" and self._is_news(entry.candidate)]
        done = sum(entry.status in {"full", "dropped", "partial"} for entry in tried)
        if best is None or not waiting or done >= most:
            return None
        chosen = max(waiting, key=lambda entry: self.gain(entry.candidate, best)).candidate
        if self.gain(chosen, best) <= self._price(chosen, best) + TIE:
            return None
        return Proposal(chosen.state, label=chosen.label, parents=chosen.parents, seed=chosen.seed)

    def _is_news(self, candidate: Candidate) -> bool:
        """Return whether no candidate that ran on every row had the same scores on the candidate's rows."""
        return all(self.differs(candidate, entry.candidate) for entry in self._pool.ranked())

    def expected(self) -> float:
        """Return what one more round may gain: a hope, which every round corrects by what it gained."""
        best = self.best()
        level = self._pool.mean(best) if best else 0.0
        levels: dict[int, float] = {}
        for entry in self.entries:
            if "round" in entry.candidate.notes:
                levels.setdefault(entry.candidate.notes["stage"], entry.candidate.notes["level"])
        before = [*levels.values(), level]
        hope = HOPE * max(0.0, 1.0 - before[0])
        for one, after in pairwise(before):
            hope = MEMORY * hope + (1.0 - MEMORY) * max(0.0, after - one)
        return min(hope, max(0.0, 1.0 - level))


def error_of(pairs: Sequence[float]) -> float:
    """Return the standard error of a sum of differences, where one row more counts as lost or won, as a single row that
    went well says nothing.
    """
    squares = [pair * pair for pair in pairs]
    return math.sqrt(math.fsum(squares) + max(squares, default=0.0))


def _rules(candidate: Candidate) -> int:
    return sum(map(len, candidate.notes.get("rules", {}).values()))
