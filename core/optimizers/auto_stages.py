"""What a staged search has tried, read from its pool: stages, who beat whom on shared rows, what the next is worth.

Knows nothing about demos or rules. Every candidate carries its stage, its kind and its rules in its notes, so nothing
has to be remembered between two questions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from core.search.candidate import Candidate, State
from core.search.pool import Entry
from core.search.proposal import Proposal
from core.search.view import SearchView

__all__ = ["Stages"]

TIE = 1e-9

LEAST_BATCH = 8
"""The fewest rows on which candidates of one stage are compared before one is scored on all."""

HOPE = 0.25
"""Share of what is missing to full marks that a first round is expected to gain."""


class Stages:
    """The stages of one search so far."""

    def __init__(self, view: SearchView) -> None:
        self._view = view
        self._pool = view.pool
        self.entries = [entry for entry in view.pool if "stage" in entry.candidate.notes]
        self.last = max((entry.candidate.notes["stage"] for entry in self.entries), default=-1)

    @property
    def rows(self) -> int:
        """Rows that choose."""
        return len(self._view.problem.scoring)

    @property
    def batch(self) -> int:
        """Rows of a comparison within a stage."""
        third = max(LEAST_BATCH, math.ceil(self.rows / 3))
        return third if self.rows - third >= LEAST_BATCH // 2 else self.rows

    def of(self, stage: int) -> list[Entry]:
        """Return what a stage tried."""
        return [entry for entry in self.entries if entry.candidate.notes["stage"] == stage]

    def best(self) -> Candidate | None:
        """Return the best candidate that ran on every row.

        More rules have to lead fewer by a standard error of the paired difference (the rule of Breiman et al.,
        Classification and Regression Trees, 1984, for pruning), where one row more counts as lost or won, as a single
        row that went well says nothing: else they are more likely luck than learning. Full marks are enough.
        """
        ranked = [entry.candidate for entry in self._pool.ranked()]
        best: Candidate | None = None
        for candidate in sorted(ranked, key=_rules):
            if best is None or self._leads(candidate, best):
                best = candidate
        return best

    def _leads(self, candidate: Candidate, best: Candidate) -> bool:
        pairs = self._pairs(candidate, best)
        lead = math.fsum(pairs)
        if _rules(candidate) == _rules(best) or self._pool.mean(candidate) >= 1.0 - TIE:
            return lead > TIE
        squares = [pair * pair for pair in pairs]
        return lead > TIE and lead >= math.sqrt(math.fsum(squares) + max(squares)) - TIE

    def gain(self, candidate: Candidate, other: Candidate) -> float:
        """Return the mean difference on the rows that both ran; 0 without any."""
        pairs = self._pairs(candidate, other)
        return math.fsum(pairs) / len(pairs) if pairs else 0.0

    def _pairs(self, candidate: Candidate, other: Candidate) -> list[float]:
        scores = self._pool.scores
        shared = [
            row for row in range(self.rows) if scores.seen(candidate.key, row) and scores.seen(other.key, row)
        ]
        pairs = zip(scores.scores(candidate.key, shared), scores.scores(other.key, shared), strict=True)
        return [mine - theirs for mine, theirs in pairs if mine is not None and theirs is not None]

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
    ) -> list[Proposal]:
        """Return the candidates of a stage, to be compared on a few rows that the stage shares.

        Args:
            arms: Label, state, and notes: `rules` by path, and `kind` where it differs.
        """
        rows = self._sample(stage)
        level = self._pool.mean(base)
        return [
            Proposal(
                state,
                label=label,
                parents=(base.id,),
                seed=len(self._pool) + place,
                rows=rows,
                notes={"stage": stage, "kind": kind, "level": level, **notes},
            )
            for place, (label, state, notes) in enumerate(arms)
        ]

    def _sample(self, stage: int) -> tuple[int, ...] | None:
        if self.batch >= self.rows:
            return None
        drawn = self._view.rng("auto batch", stage).sample(range(self.rows), self.batch)
        return tuple(sorted(drawn))

    def promotion(self, most: int) -> Proposal | None:
        """Return the next candidate of the last stage to score on every row; None where no other is worth it."""
        best, tried = self.best(), self.of(self.last)
        waiting = [entry for entry in tried if entry.status == "minibatch"]
        done = sum(entry.status in {"full", "dropped", "partial"} for entry in tried)
        if best is None or not waiting or done >= most:
            return None
        chosen = max(waiting, key=lambda entry: self.gain(entry.candidate, best)).candidate
        gain = self.gain(chosen, best)
        if gain < -TIE or (done and gain < TIE):
            return None
        return Proposal(chosen.state, label=chosen.label, parents=chosen.parents, seed=chosen.seed)

    def expected(self, first: int) -> float:
        """Return what one more round may gain: the mean of hope and history, the latest round counting half.

        Args:
            first: The stage of the first round.
        """
        best = self.best()
        level = self._pool.mean(best) if best else 0.0
        levels = [
            tried[0].candidate.notes["level"]
            for stage in range(first, self.last + 1)
            if (tried := self.of(stage)) and tried[0].candidate.notes["kind"] != "ablation"
        ]
        levels.append(level)
        hope = HOPE * max(0.0, 1.0 - levels[0])
        for before, after in pairwise(levels):
            hope = 0.5 * hope + 0.5 * max(0.0, after - before)
        return hope


def _rules(candidate: Candidate) -> int:
    return sum(map(len, candidate.notes.get("rules", {}).values()))
