"""BootstrapFewShotWithRandomSearch: several demo sets, the best by its score.

Knows nothing about how demos are made (`demos`) or candidates scored (`core.search`). Khattab et al.,
arXiv:2310.03714, where it is called BootstrapFewShotWithRandomSearch; DSPy also says BootstrapRS.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.modules.module import Module
from core.optimizers.base import Optimizer, optimizers
from core.optimizers.bootstrap_few_shot import BootstrapParams, bootstrap_phase
from core.optimizers.demos import (
    Bootstrap,
    DemoRules,
    bootstrap_all,
    check_structure,
    labeled_state,
    summarize,
    zero_state,
)
from core.optimizers.labeled_few_shot import draw_labeled
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.search.halving import SuccessiveHalving
from core.search.problem import Item, Problem
from core.search.proposal import Proposal
from core.search.race import even_parts
from core.search.view import SearchView

__all__ = ["BootstrapFewShotWithRandomSearch", "BootstrapRS"]

ZERO_SHOT, LABELS_ONLY, UNSHUFFLED = -3, -2, -1
"""Seeds of the three candidates that every search begins with."""

AS_GIVEN = -4
"""Seed of a student that has demos of its own: zero-shot is another program then."""

LIKELY_SHARE_SCORED = 0.6
"""Share of the rows that racing is expected to run, for estimates."""


class RandomSearchParams(BootstrapParams):
    """Parameters of `BootstrapFewShotWithRandomSearch`."""

    num_candidate_programs: int = Field(
        16,
        ge=0,
        le=10_000,
        description="Demo sets from shuffled rows, beside zero-shot, labels only and unshuffled.",
    )
    stop_at_score: float | None = Field(None, description="Stop at a candidate with this score, in percent.")
    labeled_sample: bool = Field(
        True, description="Draw the labels-only demos at random; off takes the first rows."
    )
    restrict: tuple[int, ...] | None = Field(
        None, description="Try only candidates with these seeds (-3 and up; -4 for a student's own demos)."
    )
    num_threads: int | None = Field(
        None,
        ge=1,
        description="Rows in flight; without it that of the settings.",
        json_schema_extra={"execution": True},
    )


@optimizers.register(
    "random_search",
    summary="Several bootstrapped demo sets, the best by its score.",
    title="Bootstrapped examples, best of many",
)
class BootstrapFewShotWithRandomSearch(Optimizer[RandomSearchParams]):
    """Bootstraps several demo sets and keeps the program that scores best.

    Candidates, by seed: -3 zero-shot, -2 labelled demos only, -1 bootstrapped from the rows in order, 0 and up
    bootstrapped from shuffled rows with a random number of traces. A student that has demos of its own is a candidate
    too, the first, with seed -4; `racing=False`, as published, leaves it out unless `restrict` names it.

    Args:
        metric: `metric(example, prediction, trace)`.
        teacher_settings: Settings while the teacher runs.
        max_bootstrapped_demos: The most traces of a candidate.
        max_labeled_demos: Demos in all, filled up with labelled rows.
        max_rounds: Attempts per row.
        num_candidate_programs: Candidates from shuffled rows.
        num_threads: Rows in flight.
        max_errors: So many failed rows end it with an error.
        stop_at_score: Stop at a candidate with this score, in percent.
        metric_threshold: The least score of a kept trace.
    """

    name = "random_search"
    Params = RandomSearchParams
    rule = SuccessiveHalving(keep=0.55, first=0.1, growth=1.6, alike=0.2)
    when = "About 50 labelled rows: tries many demo sets and measures each."
    needs = "A metric, about 50 rows, and a validation set for a score to rely on."

    def __init__(
        self,
        metric: Callable[..., Any] | None = None,
        teacher_settings: Mapping[str, Any] | None = None,
        max_bootstrapped_demos: int = 4,
        max_labeled_demos: int = 16,
        max_rounds: int = 1,
        num_candidate_programs: int = 16,
        num_threads: int | None = None,
        max_errors: int | None = None,
        stop_at_score: float | None = None,
        metric_threshold: float | None = None,
    ) -> None:
        params = self.checked(
            {
                "max_bootstrapped_demos": max_bootstrapped_demos,
                "max_labeled_demos": max_labeled_demos,
                "max_rounds": max_rounds,
                "num_candidate_programs": num_candidate_programs,
                "num_threads": num_threads,
                "max_errors": max_errors,
                "stop_at_score": stop_at_score,
                "metric_threshold": metric_threshold,
            }
        )
        super().__init__(params, metric=metric, teacher_settings=teacher_settings)

    def prepare(self, problem: Problem) -> None:
        """Check that student and teacher fit and that there are rows to score on."""
        check_structure(problem)
        if not problem.scoring:
            raise OptimizerError(
                "There are no rows to score candidates on.", hint="Give a trainset or a valset."
            )
        seeds = self._seeds(problem.student)
        if strangers := sorted(set(self.params.restrict or ()) - set(seeds)):
            raise OptimizerError(
                f"restrict names {', '.join(map(str, strangers))}, and no candidate has such a number.",
                hint=f"There are {ZERO_SHOT} (zero-shot), {LABELS_ONLY} (labels only), {UNSHUFFLED} (rows in order) "
                f"and those from shuffled rows up to {self.params.num_candidate_programs - 1}; "
                "num_candidate_programs sets how many.",
            )
        if not seeds:
            raise OptimizerError("restrict leaves no candidate.", hint="Name some, or say None for all.")

    def _to_know(self, problem: Problem, run: Mapping[str, Any]) -> list[str]:
        said, percent = super()._to_know(problem, run), self.params.stop_at_score
        if percent is None or not 0 < percent <= 1:
            return said
        return [
            *said,
            f"stop_at_score={percent:g} is in percent, as in DSPy: the search stops at a mean of {percent / 100:g}. "
            f"For {percent:.0%} give {100 * percent:g}, or target={percent:g}.",
        ]

    def target(self) -> float | None:
        """Return `stop_at_score` as a mean."""
        return None if self.params.stop_at_score is None else self.params.stop_at_score / 100

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose the next few seeds; bootstrappings among them run side by side."""
        seeds = self._next(view)
        bootstraps = {seed: self._bootstrap(view, seed) for seed in seeds if seed >= UNSHUFFLED}
        await bootstrap_all(view, list(bootstraps.values()))
        for seed, bootstrap in bootstraps.items():
            summarize(view, bootstrap.label, self._rules(view, seed))
        return [self._proposal(view, seed, bootstraps.get(seed)) for seed in seeds]

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """Calls of the teacher and of scoring."""
        seeds, rows = self._seeds(student), len(trainset if valset is None else valset)
        boots = sum(seed >= UNSHUFFLED for seed in seeds)
        full = calls_per_run(student) * rows
        likely = math.ceil(full * (1 + LIKELY_SHARE_SCORED * (len(seeds) - 1))) if seeds else 0
        every = full * len(seeds)
        scoring = Phase(
            "score candidates", full if seeds else 0, likely, every * REPAIR, unraced=max(likely, every)
        )
        made = bootstrap_phase(self.params, student, len(trainset), teacher, boots)
        # The first candidate, which needs no traces as a rule, may have full marks, or all may repeat others.
        return Estimate((replace(made, low=0), scoring))

    def _seeds(self, student: Module, *, racing: bool = True) -> list[int]:
        restrict = self.params.restrict
        own = [AS_GIVEN] if _has_demos(student) and (racing or restrict is not None) else []
        every = [*own, *range(ZERO_SHOT, self.params.num_candidate_programs)]
        return every if restrict is None else [seed for seed in every if seed in restrict]

    def _next(self, view: SearchView) -> list[int]:
        """Return the next seeds: in a race the first alone, which may be perfect or reach the target by itself."""
        waiting = self._seeds(view.problem.student, racing=view.racing)[view.pool.proposals :]
        if view.racing and view.leader is None:
            return waiting[:1]
        return waiting[: even_parts(len(waiting), view.width)[0]] if waiting else []

    def _rules(self, view: SearchView, seed: int) -> DemoRules:
        params, most = self.params, self.params.max_bootstrapped_demos
        size = most if seed == UNSHUFFLED or not most else view.rng("size", seed).randint(1, most)
        return params.model_copy(update={"max_bootstrapped_demos": size}).rules(self.teacher_settings)

    def _bootstrap(self, view: SearchView, seed: int) -> Bootstrap:
        rows: list[Item] = list(view.problem.train)
        if seed != UNSHUFFLED:
            view.rng("shuffle", seed).shuffle(rows)
        return Bootstrap(view, self._rules(view, seed), rows, _label(seed))

    def _proposal(self, view: SearchView, seed: int, bootstrap: Bootstrap | None) -> Proposal:
        if bootstrap is not None:
            return Proposal(bootstrap.state(), label=bootstrap.label, seed=seed)
        if seed == LABELS_ONLY:
            draw = draw_labeled(self.params.max_labeled_demos, self.params.labeled_sample, view.problem.seed)
            return Proposal(labeled_state(view.problem, draw), label=_label(seed), seed=seed)
        if seed == AS_GIVEN:
            return Proposal({}, label=_label(seed), seed=seed, notes={"baseline": True})
        notes = {} if _has_demos(view.problem.student) else {"baseline": True}
        return Proposal(zero_state(view.problem), label=_label(seed), seed=seed, notes=notes)


def _has_demos(student: Module) -> bool:
    """Return whether there are demos that zero-shot would take away."""
    return any(part.demos for _, part in student.named_predictors())


def _label(seed: int) -> str:
    names = {
        AS_GIVEN: "as given",
        ZERO_SHOT: "zero-shot",
        LABELS_ONLY: "labelled demos",
        UNSHUFFLED: "bootstrapped, rows in order",
    }
    return names.get(seed, f"bootstrapped, shuffle {seed}")


BootstrapRS = BootstrapFewShotWithRandomSearch
"""DSPy's short name."""
