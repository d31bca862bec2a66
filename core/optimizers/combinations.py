"""Combinations of instructions and demo sets: which were tried, what they scored, which one to try next.

Knows nothing about how instructions and demos are made. Everything is read from the search's pool, where the first
trial carries the material; so the same search asked again says the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.foundation.randomness import derive_seed
from core.optimizers.demo_sets import DemoSet
from core.optimizers.tpe import Choice, choice_key, suggestions
from core.search.candidate import State, state_key
from core.search.pool import Entry
from core.search.proposal import Proposal
from core.search.view import SearchView

__all__ = ["Combinations", "baseline", "warn_of_equals"]

STARTUP = 5
"""Trials at random before the model of the scores speaks. optuna's 10 are all that a light search has; on additive
landscapes of 2 and 4 choices with 6 options each, 5 found better ones than 2, 3, 8 and 10.
"""

RANDOM_DRAWS = 200
"""Draws for something new where the model keeps naming what is known."""


def baseline() -> Proposal:
    """Return the student as it is."""
    return Proposal({}, label="as given", seed=0, notes={"baseline": True, "choice": {}})


def warn_of_equals(view: SearchView) -> None:
    """Say loudly that no combination made a difference, where none did."""
    means = {mean for entry in view.pool if (mean := view.pool.standing(entry.candidate).mean) is not None}
    if len(view.pool) > 1 and len(means) == 1:
        view.warn(
            f"Every combination scored {means.pop():.1%}: instructions and demos make no difference here.",
            hint="Check that the metric tells answers apart, and that rows are neither too easy nor too hard.",
        )


@dataclass(frozen=True)
class Combinations:
    """The options of every predictor.

    Attributes:
        sets: Demo sets, the student's own first; empty: demos stay as they are.
        instructions: {predictor path: instructions}, its own first.
    """

    sets: Sequence[DemoSet]
    instructions: dict[str, list[str]]

    @classmethod
    def known(cls, view: SearchView) -> Combinations | None:
        """Return the material of this search; None before it is made."""
        for entry in view.pool:
            material = entry.candidate.notes.get("material")
            if material is not None:
                return cls(material["sets"], material["instructions"])
        return None

    @property
    def sizes(self) -> dict[str, int]:
        """{choice: how many options}, those with one option left out. Names are DSPy's."""
        sizes: dict[str, int] = {}
        for number, texts in enumerate(self.instructions.values()):
            sizes[f"{number}_predictor_instruction"] = len(texts)
            sizes[f"{number}_predictor_demos"] = len(self.sets)
        return {name: size for name, size in sizes.items() if size > 1}

    def next(self, view: SearchView, batch: int | None) -> list[Proposal]:
        """Return the combination to try next, on a mini-batch where there is one; none: all were tried in full."""
        seen = {entry.candidate.key: entry for entry in view.pool if entry.status != "duplicate"}
        choice = self._choose(view, seen)
        if choice is None:
            return []
        state = self.state(view, choice)
        key = state_key(state)
        first = self.known(view) is None
        notes: dict[str, Any] = {"choice": choice, "options": _describe(choice)}
        if first:
            notes["material"] = {"sets": list(self.sets), "instructions": self.instructions}
        number = view.round
        return [
            Proposal(
                state,
                label=_describe(choice),
                parents=_parents(seen.get(key)),
                seed=number,
                rows=None if batch is None else self._rows(view, key, number, batch),
                hopeful=True,
                notes=notes,
            )
        ]

    def best_average(self, view: SearchView) -> Proposal | None:
        """Return the combination with the best mean among those that ran on some rows only, to run on all."""
        partial = [entry for entry in view.pool if entry.status == "minibatch"]
        if not partial:
            return None
        best = max(partial, key=lambda entry: view.pool.mean(entry.candidate)).candidate
        return Proposal(best.state, label=best.label, parents=best.parents, seed=best.seed)

    def state(self, view: SearchView, choice: Choice) -> State:
        """Return a choice as a state; what is the student's own is left out, so that the student is the student."""
        predictors = dict(view.problem.student.named_predictors())
        state: State = {}
        for number, (path, texts) in enumerate(self.instructions.items()):
            part: dict[str, Any] = {}
            instruction = choice.get(f"{number}_predictor_instruction", 0)
            if instruction:
                part["instructions"] = texts[instruction]
            demos = self.sets[choice.get(f"{number}_predictor_demos", 0)][path] if self.sets else None
            if demos is not None and (demos or predictors[path].demos):
                part["demos"] = demos
            if part:
                state[path] = part
        return state

    def _choose(self, view: SearchView, seen: dict[str, Entry]) -> Choice | None:
        """Return the model's best guess among combinations whose score is not final; else one drawn at random."""
        sizes = self.sizes
        if not sizes:
            return None
        history = [
            ({name: entry.candidate.notes["choice"].get(name, 0) for name in sizes}, mean)
            for entry in seen.values()
            if math.isfinite(mean := view.pool.mean(entry.candidate))
        ]
        guesses = suggestions(
            sizes,
            history,
            seed=derive_seed(view.problem.seed, "tpe", view.round),
            startup=STARTUP,
            values={choice_key(choice): value for choice, value in history},
        )
        for choice in guesses:
            if not self._final(view, seen, choice):
                return choice
        draw = view.rng("anything new", view.round)
        for _ in range(RANDOM_DRAWS):
            choice = {name: draw.randrange(size) for name, size in sizes.items()}
            if not self._final(view, seen, choice):
                return choice
        return None

    def _final(self, view: SearchView, seen: dict[str, Entry], choice: Choice) -> bool:
        entry = seen.get(state_key(self.state(view, choice)))
        return entry is not None and entry.status != "minibatch"

    def _rows(self, view: SearchView, key: str, number: int, size: int) -> tuple[int, ...]:
        """Return the rows of a trial, before others those that the combination has not seen; drawn, not sorted: the
        first of them speak for the rest.
        """
        draw, scores = view.rng("minibatch", number), view.pool.scores
        order = draw.sample(range(scores.rows), scores.rows)
        return tuple(sorted(order, key=lambda row: scores.seen(key, row))[:size])


def _parents(entry: Entry | None) -> tuple[str, ...]:
    return () if entry is None else entry.candidate.parents


def _describe(choice: Choice) -> str:
    """Return a choice in words: "instruction 2 with demos 0"."""
    parts: list[str] = []
    for name, option in choice.items():
        step, _, kind = name.partition("_predictor_")
        parts.append(f"{kind} {option}" + (f" (step {int(step) + 1})" if int(step) else ""))
    return ", ".join(parts)
