"""SIMBA: small batches, several runs of each row, and what the best run did better becomes a demo or a rule.

Knows nothing about how runs are compared (`trajectories`) or grown from (`growth`). DSPy's stochastic introspective
mini-batch ascent; it has no paper.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import Field

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.modules.module import Module
from core.optimizers.base import Optimizer, OptimizerParams, optimizers
from core.optimizers.growth import Growth, Program, programs_of
from core.search.candidate import Candidate
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.search.problem import Problem
from core.search.proposal import Proposal
from core.search.view import SearchView

__all__ = ["SIMBA"]


class SIMBAParams(OptimizerParams):
    """Parameters of `SIMBA`."""

    bsize: int = Field(32, ge=1, le=10_000, description="Training rows in a batch.")
    num_candidates: int = Field(
        6, ge=1, le=100, description="Runs of each row, and new programs of each step (one more)."
    )
    max_steps: int = Field(8, ge=0, le=1_000, description="Batches.")
    max_demos: int = Field(4, ge=0, le=100, description="Demos that a predictor keeps about; 0: rules alone.")
    demo_input_field_maxlen: int = Field(
        100_000, ge=1, description="Characters of one input field in a demo."
    )
    temperature_for_sampling: float = Field(
        0.2, ge=0, le=100, description="How freely programs are drawn for runs; 0: always the best."
    )
    temperature_for_candidates: float = Field(
        0.2, ge=0, le=100, description="How freely programs are drawn to grow from."
    )
    num_threads: int | None = Field(
        None,
        ge=1,
        description="Rows in flight; without it that of the settings.",
        json_schema_extra={"execution": True},
    )


@optimizers.register(
    "simba",
    summary="Demos and rules from rows on which the program's runs differ most.",
    title="Rules and examples from hard rows",
)
class SIMBA(Optimizer[SIMBAParams]):
    """Grows programs by what their best runs did better than their worst.

    Args:
        metric: `metric(example, prediction, trace)`; feedback in words reaches the rules.
        bsize: Rows in a batch; all of them where there are fewer.
        num_candidates: Runs of each row; one more new programs a step.
        max_steps: Batches.
        max_demos: Demos that a predictor keeps about; 0: rules alone.
        prompt_model: Writes the rules; None: the model in force.
        teacher_settings: Settings of one of the runs of each row: a stronger model, say.
        demo_input_field_maxlen: Characters of one input field in a demo.
        num_threads: Rows in flight.
        temperature_for_sampling: How freely programs are drawn for runs.
        temperature_for_candidates: How freely programs are drawn to grow from.
    """

    name = "simba"
    Params = SIMBAParams
    when = "The program is right now and wrong then on the same rows: it learns from the difference."
    needs = "A metric, about 30 rows or more, and a validation set for a score to rely on."

    def __init__(
        self,
        *,
        metric: Callable[..., Any] | None = None,
        bsize: int = 32,
        num_candidates: int = 6,
        max_steps: int = 8,
        max_demos: int = 4,
        prompt_model: Any = None,
        teacher_settings: Mapping[str, Any] | None = None,
        demo_input_field_maxlen: int = 100_000,
        num_threads: int | None = None,
        temperature_for_sampling: float = 0.2,
        temperature_for_candidates: float = 0.2,
    ) -> None:
        given = dict(locals())
        params = self.checked({name: given[name] for name in SIMBAParams.model_fields})
        super().__init__(params, metric=metric, teacher_settings=teacher_settings, prompt_model=prompt_model)

    async def acompile(self, student: Module, *, trainset: Any, **options: Any) -> Any:
        """Return a compiled copy of the student.

        Args:
            student: The program to improve.
            trainset: Rows to learn from, and to choose by where there is no `valset`.
            **options: As for every optimizer.

        Returns:
            The program, with `trial_logs`: {step: {"batch_scores", "candidates", "won"}}.
        """
        program = await super().acompile(student, trainset=trainset, **options)
        program.trial_logs = _trial_logs(program.report)
        return program

    def prepare(self, problem: Problem) -> None:
        """Check that there are predictors to grow and rows to learn from."""
        if not problem.paths:
            raise OptimizerError("The program has no predictor to improve.", hint="Add a Predict.")
        if not problem.train:
            raise OptimizerError("There are no rows to learn from.", hint="Give a trainset.")

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose what a step grew, not scored but on its batch; after the last, the winners, to be scored."""
        programs = programs_of(view)
        if not programs:
            self._warn_of_few_rows(view)
        elif view.pool[programs[0].id].status != "unscored":
            return []
        first = 1 + max((program.step for program in programs), default=-1)
        for step in range(first, self.params.max_steps):
            grown = await Growth(self, view, programs, step).proposals()
            if grown or view.ended:
                return grown
        if not programs:
            return [Proposal({}, label="as given", seed=0, notes={"baseline": True})]
        return self._finalists(view, programs)

    def pick(self, view: SearchView) -> Candidate | None:
        """Return the best fully scored program; where the search ended before that, the best on its batch."""
        if view.leader is not None:
            return view.leader
        programs = programs_of(view)
        if not programs:
            return super().pick(view)
        view.warn(
            "The search ended before a program was scored on all rows: the best on its batch was taken.",
            hint="Raise the budget, or take fewer steps or a smaller bsize.",
        )
        return view.pool[max(programs, key=lambda program: program.mean).id].candidate

    def estimate(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """Runs of every batch, of what it grew, rules, and scoring the winners."""
        params, each = self.params, calls_per_run(student)
        rows, batch = len(trainset if valset is None else valset), min(params.bsize, len(trainset))
        grown = min(params.num_candidates + 1, batch)
        sampled = params.max_steps * params.num_candidates * batch * each
        tried = params.max_steps * grown * batch * each
        rules = params.max_steps * grown * max(1, len(student.named_predictors()))
        final = min(params.num_candidates + 1, params.max_steps + 1)
        return Estimate(
            (
                Phase("run batches", 0, sampled, sampled * REPAIR),
                Phase("write rules", 0, rules // 2, rules * REPAIR, "writer"),
                Phase("try what grew", 0, tried // 2, tried * REPAIR),
                Phase(
                    "score winners",
                    each * rows,
                    math.ceil(each * rows * (1 + final) / 2),
                    each * rows * final * REPAIR,
                ),
            )
        )

    def _warn_of_few_rows(self, view: SearchView) -> None:
        count = len(view.problem.train)
        if count < self.params.bsize and self.params.max_steps:
            view.warn(
                f"There are {count} training rows, fewer than bsize={self.params.bsize}: every batch is all of them.",
                hint="Give more rows or a smaller bsize.",
            )

    def _finalists(self, view: SearchView, programs: Sequence[Program]) -> list[Proposal]:
        """Return the program as given and winners of steps, evenly from first to last."""
        winners = [programs[0], *(program for program in programs if program.won)]
        most, last = self.params.num_candidates + 1, len(winners) - 1
        places = [round(number * last / max(1, most - 1)) for number in range(most)]
        chosen = list(dict.fromkeys(winners[place].id for place in places))
        return [Proposal(view.pool[name].candidate.state) for name in chosen]


def _trial_logs(report: Any) -> dict[int, dict[str, Any]]:
    logs: dict[int, dict[str, Any]] = {}
    for candidate in report.candidates:
        notes = candidate.notes
        if "step" in notes and candidate.parents:
            log = logs.setdefault(notes["step"], {"batch_scores": [], "candidates": [], "won": None})
            log["candidates"].append(candidate.id)
            log["batch_scores"].append(math.fsum(notes["scores"]) / max(1, len(notes["scores"])))
            log["won"] = candidate.id if notes["won"] else log["won"]
    return logs
