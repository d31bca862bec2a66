"""Rules that nobody misses go: the best candidate without a few of its new rules at a time, then without the harmless.

Knows nothing about where rules come from. Backward elimination (Guyon & Elisseeff, JMLR 3:2003, § 4.2), in groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.optimizers.auto_rules import with_rules
from core.optimizers.auto_stages import TIE, Stages
from core.search.candidate import Candidate, State
from core.search.proposal import Proposal
from core.search.view import SearchView

__all__ = ["Pruning"]

Arm = tuple[str, State, dict[str, Any]]

PRUNE_SHARE = 0.4
"""Share of the calls left that tests of single rules may take."""

MOST_GROUPS = 4


class Pruning:
    """Tests of the rules that a winner brought.

    Args:
        own: The student's instructions by path.
    """

    def __init__(self, view: SearchView, stages: Stages, own: Mapping[str, str]) -> None:
        self._view = view
        self._stages = stages
        self._own = own

    def groups(self, best: Candidate, runs_left: int) -> list[Arm]:
        """Return the best candidate without a few of its new rules at a time, where that is yet to be tested."""
        stages = self._stages
        fresh: list[list[str]] = best.notes.get("fresh", [])
        tested = any(
            entry.candidate.notes["kind"] == "ablation" and best.id in entry.candidate.parents
            for entry in stages.entries
            if "kind" in entry.candidate.notes
        )
        room = int((PRUNE_SHARE * runs_left - stages.rows) / max(1, stages.batch))
        count = min(len(fresh), MOST_GROUPS, room)
        if len(fresh) < 2 or tested or count < 2 or stages.batch >= stages.rows:
            return []
        size = -(-len(fresh) // count)
        parts = [fresh[start : start + size] for start in range(0, len(fresh), size)]
        return [self._without(best, part, f"without {len(part)} of the rules") for part in parts]

    def telling(self, best: Candidate) -> list[int]:
        """Return rows that tell what new rules do: those on which a candidate differs from its base."""
        stages = self._stages
        rows = stages.changed(best, self._view.pool[best.parents[0]].candidate)
        draw = self._view.rng("auto telling", best.id)
        return sorted(draw.sample(rows, min(len(rows), stages.batch)))

    def _without(self, best: Candidate, gone: Sequence[Sequence[str]], label: str) -> Arm:
        dropped = {tuple(pair) for pair in gone}
        rules = {
            path: [rule for rule in lines if (path, rule) not in dropped]
            for path, lines in best.notes["rules"].items()
        }
        notes = {"rules": rules, "dropped": [list(pair) for pair in gone]}
        return label, with_rules(best.state, self._own, rules), notes

    def outcome(self, runs_left: int) -> Proposal | None:
        """Return the tested candidate without all rules that nobody missed, to be scored on every row, unraced: it
        replaces its parent where it is as good.
        """
        stages = self._stages
        tried = stages.of(stages.last)
        if any(
            entry.candidate.notes.get("kind") == "pruned" or entry.status != "minibatch" for entry in tried
        ):
            return None
        harmless = [
            pair for entry in tried if stages.lost(entry) <= TIE for pair in entry.candidate.notes["dropped"]
        ]
        if not harmless or runs_left < stages.rows:
            return None
        tested = self._view.pool[tried[0].candidate.parents[0]].candidate
        label, state, notes = self._without(tested, harmless, "without rules that nobody missed")
        return Proposal(
            state,
            label=label,
            parents=(tested.id,),
            seed=len(self._view.pool),
            rows=tuple(range(stages.rows)),
            notes={**tried[0].candidate.notes, **notes, "kind": "pruned"},
        )
