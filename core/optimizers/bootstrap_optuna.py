"""BootstrapFewShotWithOptuna: one bootstrapping, and a Bayesian search for the one demo that each step shows.

Knows nothing about how demos are made (`demos`) or choices guessed (`tpe`). Khattab et al., arXiv:2310.03714, where
it stands beside random search; the sampler is the tree-structured Parzen estimator of Bergstra et al. (NeurIPS 2011).
The study is built again from the pool for every guess, so a search that was killed guesses the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from pydantic import Field

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.foundation.randomness import derive_seed
from core.modules.module import Module
from core.optimizers.base import Optimizer, optimizers
from core.optimizers.bootstrap_few_shot import BootstrapParams, bootstrap_phase
from core.optimizers.demos import Bootstrap, bootstrap_all, check_structure, summarize
from core.optimizers.tpe import Choice, check_optuna, choice_key, suggestions
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.search.problem import Problem
from core.search.proposal import Proposal
from core.search.view import SearchView

__all__ = ["BootstrapFewShotWithOptuna"]

STARTUP = 10
"""Trials at random before the model of the scores speaks: optuna's own default."""

RANDOM_DRAWS = 200
"""Draws for something new where the model keeps naming what is known."""

_Demos = dict[str, list[dict[str, Any]]]
"""{predictor path: the demos it may show, one at a time}."""


class OptunaParams(BootstrapParams):
    """Parameters of `BootstrapFewShotWithOptuna`."""

    num_candidate_programs: int = Field(16, ge=0, le=10_000, description="Choices of demos to try.")
    max_demos: int | None = Field(
        None,
        ge=0,
        le=1_000,
        description="Demos from passing runs to choose among; without it max_bootstrapped_demos.",
    )
    num_threads: int | None = Field(
        None,
        ge=1,
        description="Rows in flight; without it that of the settings.",
        json_schema_extra={"execution": True},
    )


@optimizers.register(
    "bootstrap_optuna",
    summary="One demo a step, chosen by Bayesian search.",
    title="Bootstrapped examples, chosen one by one",
)
class BootstrapFewShotWithOptuna(Optimizer[OptunaParams]):
    """Bootstraps once and searches for the demo of each predictor with which the program scores best.

    Every candidate shows one demo a predictor, as in DSPy. The student as given is scored first, so the report says
    what the demos gained; where none gains anything, it is what comes back.

    Args:
        metric: `metric(example, prediction, trace)`.
        teacher_settings: Settings while the teacher runs.
        max_bootstrapped_demos: Traces to choose among, where `compile` is given no `max_demos`.
        max_labeled_demos: Labelled rows that fill them up.
        max_rounds: Attempts per row.
        num_candidate_programs: Choices to try.
        num_threads: Rows in flight.

    `compile` also takes `max_demos`, the traces to choose among.
    """

    name = "bootstrap_optuna"
    Params = OptunaParams
    when = "One demo a step is all that fits, and which one matters."
    needs = "A metric, about 50 rows, and the extra [optuna]."

    def __init__(
        self,
        metric: Callable[..., Any] | None = None,
        teacher_settings: Mapping[str, Any] | None = None,
        max_bootstrapped_demos: int = 4,
        max_labeled_demos: int = 16,
        max_rounds: int = 1,
        num_candidate_programs: int = 16,
        num_threads: int | None = None,
    ) -> None:
        params = self.checked(
            {
                "max_bootstrapped_demos": max_bootstrapped_demos,
                "max_labeled_demos": max_labeled_demos,
                "max_rounds": max_rounds,
                "num_candidate_programs": num_candidate_programs,
                "num_threads": num_threads,
            }
        )
        super().__init__(params, metric=metric, teacher_settings=teacher_settings)

    def prepare(self, problem: Problem) -> None:
        """Check that student and teacher fit, that there are rows to score on, and optuna."""
        check_optuna()
        check_structure(problem)
        if not problem.scoring:
            raise OptimizerError(
                "There are no rows to score candidates on.", hint="Give a trainset or a valset."
            )

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose the student, then one choice of demos after the other."""
        if view.round == 0:
            return [Proposal({}, label="as given", seed=-1, notes={"baseline": True})]
        if view.round > self.params.num_candidate_programs:
            return ()
        known = _material(view)
        demos = known if known is not None else await self._bootstrapped(view)
        if view.ended or not any(demos.values()):
            return ()
        choice = _next(view, demos)
        if choice is None:
            return ()
        notes: dict[str, Any] = {"choice": choice, **({} if known is not None else {"material": demos})}
        label = ", ".join(f"demo {number} of {path}" for path, number in choice.items())
        return [Proposal(_state(demos, choice), label=label, seed=view.round - 1, notes=notes)]

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """Calls of the teacher, and of scoring the student and every choice."""
        rows = len(valset or trainset)
        full, tried = calls_per_run(student) * rows, 1 + self.params.num_candidate_programs
        made = bootstrap_phase(self._limits(), student, len(trainset), teacher)
        # A student with full marks ends the search before anything is made.
        return Estimate(
            (
                Phase("bootstrap", 0, made.likely, made.high, "teacher"),
                Phase(
                    "score candidates",
                    full,
                    max(full, full * tried // 2),
                    full * tried * REPAIR,
                    unraced=full * tried,
                ),
            )
        )

    def _limits(self) -> OptunaParams:
        most = self.params.max_demos
        return (
            self.params if most is None else self.params.model_copy(update={"max_bootstrapped_demos": most})
        )

    async def _bootstrapped(self, view: SearchView) -> _Demos:
        rules = self._limits().rules(self.teacher_settings)
        bootstrap = Bootstrap(view, rules, view.problem.train, "bootstrapped demos")
        await bootstrap_all(view, [bootstrap])
        summarize(view, bootstrap.label, rules)
        return {path: list(part["demos"]) for path, part in bootstrap.state().items()}


def _material(view: SearchView) -> _Demos | None:
    """Return the demos of this search, which the first choice carries; None before they are made."""
    for entry in view.pool:
        if "material" in entry.candidate.notes:
            return entry.candidate.notes["material"]
    return None


def _state(demos: _Demos, choice: Choice) -> dict[str, dict[str, Any]]:
    return {path: {"demos": [demos[path][number]]} for path, number in choice.items()}


def _next(view: SearchView, demos: _Demos) -> Choice | None:
    """Return the model's best guess among choices not tried yet; else one drawn at random; None: all were tried."""
    only: Choice = {path: 0 for path, own in demos.items() if len(own) == 1}
    sizes = {path: len(own) for path, own in demos.items() if len(own) > 1}
    tried = [
        (entry.candidate.notes["choice"], view.pool.mean(entry.candidate))
        for entry in view.pool
        if "choice" in entry.candidate.notes
    ]
    if not sizes:
        return None if tried else only
    known = {choice_key(choice) for choice, _ in tried}
    history = [
        ({path: choice[path] for path in sizes}, mean) for choice, mean in tried if math.isfinite(mean)
    ]
    guesses = suggestions(
        sizes,
        history,
        seed=derive_seed(view.problem.seed, "tpe", view.round),
        startup=STARTUP,
        values={choice_key(choice): value for choice, value in history},
    )
    draw = view.rng("anything new", view.round)
    draws = ({path: draw.randrange(size) for path, size in sizes.items()} for _ in range(RANDOM_DRAWS))
    for guess in chain(guesses, draws):
        choice = {path: only.get(path, guess.get(path, 0)) for path in demos if demos[path]}
        if choice_key(choice) not in known:
            return choice
    return None
