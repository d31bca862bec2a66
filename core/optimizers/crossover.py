"""Joins two candidates that learned different things since a common ancestor.

Knows nothing about how candidates are scored. The system-aware merge of GEPA (Agrawal et al., arXiv:2507.19457,
appendix on merge): each predictor comes from the side that changed it; where both did, from the better one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from core.optimizers.pareto import Scores, undominated
from core.search.candidate import Candidate, State, state_key
from core.search.pool import Pool

__all__ = ["Pair", "find_pair", "joined", "subsample"]

TRIES = 10
"""Pairs that are drawn before giving up."""


@dataclass(frozen=True)
class Pair:
    """Two candidates, what they descend from, and what they give together."""

    first: Candidate
    second: Candidate
    ancestor: Candidate
    state: State

    @property
    def ids(self) -> list[str]:
        """Of the two."""
        return [self.first.id, self.second.id]


def find_pair(pool: Pool, scores: Scores, paths: Sequence[str], rng: random.Random) -> Pair | None:
    """Return two candidates on the fronts whose joining is new; None where there are none.

    Args:
        paths: Of the predictors.
    """
    names = sorted(
        {name for front in undominated(scores).values() for name in front}, key=lambda n: int(n[1:])
    )
    if len(names) < 2:
        return None
    known = {entry.candidate.key for entry in pool}
    for _ in range(TRIES):
        first, second = (
            pool[name].candidate for name in sorted(rng.sample(names, 2), key=lambda n: int(n[1:]))
        )
        shared = _shared(pool, first, second)
        options = [
            found for one in shared if (found := _option(pool, first, second, one, paths, rng)) is not None
        ]
        options = [found for found in options if state_key(found.state) not in known]
        if options:
            weights = [max(pool.mean(option.ancestor), 0.0) + 1e-9 for option in options]
            return rng.choices(options, weights=weights)[0]
    return None


def joined(
    ancestor: State, first: State, second: State, paths: Sequence[str], better: Sequence[State]
) -> State:
    """Return each predictor from the side that changed it.

    Args:
        better: Where both changed it: those to take it from, one a path.
    """
    state: State = {}
    for path, favourite in zip(paths, better, strict=True):
        old, mine, theirs = ancestor.get(path), first.get(path), second.get(path)
        part = theirs if mine == old else mine if theirs in (old, mine) else favourite.get(path)
        if part is not None:
            state[path] = part
    return state


def subsample(
    first: dict[int, float], second: dict[int, float], size: int, rng: random.Random
) -> tuple[int, ...]:
    """Return rows that both ran: some where one was better, some where the other was, some where neither was."""
    common = sorted(set(first) & set(second))
    groups = [
        [row for row in common if first[row] > second[row]],
        [row for row in common if first[row] < second[row]],
        [row for row in common if first[row] == second[row]],
    ]
    share = -(-size // len(groups))
    drawn = [row for group in groups for row in rng.sample(group, min(share, len(group)))][:size]
    rest = [row for row in common if row not in drawn]
    return tuple(sorted([*drawn, *rng.sample(rest, min(size - len(drawn), len(rest)))]))


def _option(
    pool: Pool,
    first: Candidate,
    second: Candidate,
    ancestor: Candidate,
    paths: Sequence[str],
    rng: random.Random,
) -> Pair | None:
    means = pool.mean(first), pool.mean(second)
    if pool.mean(ancestor) > min(means) or not _complementary(first, second, ancestor, paths):
        return None
    ties = [rng.choice((first.state, second.state)) for _ in paths]
    winner = first.state if means[0] > means[1] else second.state
    better = ties if means[0] == means[1] else [winner] * len(paths)
    return Pair(first, second, ancestor, joined(ancestor.state, first.state, second.state, paths, better))


def _complementary(first: Candidate, second: Candidate, ancestor: Candidate, paths: Sequence[str]) -> bool:
    """Return whether some predictor was changed by one of the two alone."""
    parts = [(ancestor.state.get(path), first.state.get(path), second.state.get(path)) for path in paths]
    return any(mine != theirs and old in (mine, theirs) for old, mine, theirs in parts)


def _shared(pool: Pool, first: Candidate, second: Candidate) -> list[Candidate]:
    """Return the common ancestors of two of which neither descends from the other."""
    mine, theirs = _ancestors(pool, first), _ancestors(pool, second)
    if first.id in theirs or second.id in mine:
        return []
    return [pool[name].candidate for name in sorted(mine & theirs, key=lambda name: int(name[1:]))]


def _ancestors(pool: Pool, candidate: Candidate) -> set[str]:
    found: set[str] = set()
    waiting = list(candidate.parents)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += pool[name].candidate.parents
    return found
