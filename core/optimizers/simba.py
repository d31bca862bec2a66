"""SIMBA: small batches, several runs of each row, and what the best run did better becomes a demo or a rule.

Knows nothing about how runs are compared (`trajectories`) or grown from (`growth`, `growth_raced`). DSPy's stochastic
introspective mini-batch ascent; it has no paper. With `racing=False` as published.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import Field

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.foundation.words import are, counted
from core.modules.module import Module
from core.optimizers.acceptance import promoted
from core.optimizers.aside import SHARE, set_aside
from core.optimizers.base import Optimizer, OptimizerParams, optimizers
from core.optimizers.checks import check_predictors
from core.optimizers.growth import Growth, Program, programs_of, student_state
from core.optimizers.growth_raced import MOST_GROWN, WRITTEN, RacedGrowth
from core.search.candidate import Candidate
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.search.problem import Problem
from core.search.proposal import Proposal
from core.search.view import SearchView

__all__ = ["SIMBA"]

PATIENCE = 2
"""Steps without a better program: the search is over, where programs are raced."""


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

    Unless `racing=False` asks for the published algorithm: the best program runs each batch once, not `num_candidates`
    times, half of it where that shows enough, and again only where hardly anything went well; up to three programs grow
    from it: with as many demos at once as there is room for, with a list of rules that was written from many runs and
    labelled training rows, and with both; they meet
    a quarter of the rows to choose by, those that lead the half, then all; two steps without a better program end the
    search; without a `valset` two fifths of 20 or more training rows choose and teach nothing.

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
    asks_teacher = False
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
            trainset: Rows to learn from. Without a `valset` two fifths of them choose and teach nothing; with
                `racing=False` all do both.
            **options: As for every optimizer.

        Returns:
            The program, with `trial_logs`: {step: {"batch_scores", "candidates", "won"}}.
        """
        run = copy.copy(self)
        rows, remarks = set_aside(trainset, options)
        run._remarks = (*self._remarks, *remarks)
        program = await Optimizer.acompile(run, student, trainset=rows, **options)
        program.trial_logs = _trial_logs(program.report)
        return program

    def prepare(self, problem: Problem) -> None:
        """Check that there are predictors to grow and rows to learn from."""
        check_predictors(problem)
        if not problem.train:
            raise OptimizerError("There are no rows to learn from.", hint="Give a trainset.")

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose what a step grew, not scored but on its batch; after the last, the winners, to be scored."""
        programs = programs_of(view)
        if not programs:
            self._warn_of_few_rows(view)
        if view.racing:
            return await self._raced(view, programs)
        if programs and view.pool[programs[0].id].status != "unscored":
            return []
        first = 1 + max((program.step for program in programs), default=-1)
        for step in range(first, self.params.max_steps):
            grown = await Growth(self, view, programs, step).proposals()
            if grown or view.ended:
                return grown
        if not programs:
            return [Proposal({}, label="as given", seed=0, notes={"baseline": True})]
        return self._finalists(view, programs)

    async def _raced(self, view: SearchView, programs: Sequence[Program]) -> Sequence[Proposal]:
        """Propose the student, to be scored; more rows for who leads so far; what the next step grew."""
        if not programs:
            for remark in self._remarks:
                view.warn(remark)
            state, notes = student_state(view.problem.student), {"baseline": True, "step": -1}
            return [Proposal(state, label="as given", seed=0, notes=notes)]
        if (more := promoted(view, lambda candidate: candidate.notes["step"])) is not None:
            return [more]
        last = view.leader.notes["step"] if view.leader is not None else -1
        first = 1 + max(program.step for program in programs)
        for step in range(first, min(self.params.max_steps, last + 1 + PATIENCE)):
            grown = await RacedGrowth(self, view, programs, step).proposals()
            if grown or view.ended:
                return grown
        if last + 1 + PATIENCE < self.params.max_steps:
            view.end(
                f"The last {counted(PATIENCE, 'step')} grew nothing better than the best so far: no more are made."
            )
        return []

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

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """Runs of batches, rules, and scoring what grew; the most is what the published algorithm may take."""
        params, each, steps = self.params, calls_per_run(student), self.params.max_steps
        paths, rows = max(1, len(student.named_predictors())), len(valset or trainset)
        fewest = rows if valset else min(rows, round(SHARE * rows))
        batch = min(params.bsize, len(trainset))
        grown = min(params.num_candidates + 1, batch)
        raced = min(MOST_GROWN, params.num_candidates + 1)
        final = max(min(params.num_candidates + 1, steps + 1), 1 + steps * raced)
        return Estimate(
            (
                Phase(
                    "run batches",
                    0,
                    steps * batch * each,
                    steps * params.num_candidates * batch * each * REPAIR,
                    unraced=steps * params.num_candidates * batch * each,
                ),
                Phase(
                    "write rules",
                    0,
                    steps * WRITTEN * paths,
                    steps * max(grown, WRITTEN) * paths * REPAIR,
                    "writer",
                ),
                Phase(
                    "try what grew",
                    0,
                    0,
                    steps * grown * batch * each * REPAIR,
                    unraced=steps * grown * batch * each,
                ),
                Phase(
                    "score the best",
                    each * fewest,
                    math.ceil(each * fewest * (1 + steps * (raced / 4 + 0.5))),
                    each * rows * final * REPAIR,
                    unraced=each * rows * min(params.num_candidates + 1, steps + 1),
                ),
            )
        )

    def _warn_of_few_rows(self, view: SearchView) -> None:
        count = len(view.problem.train)
        if count < self.params.bsize and self.params.max_steps:
            view.warn(
                f"There {are(count)} {counted(count, 'training row')}, "
                f"fewer than bsize={self.params.bsize}: every batch is all of them.",
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
    best = -math.inf
    for candidate in report.candidates:
        notes, mean = candidate.notes, None if candidate.score is None else candidate.score.mean
        won = bool(notes.get("won"))
        if "scores" not in notes and candidate.status == "full" and mean is not None and mean > best:
            best, won = mean, True  # raced: it was the best so far on all rows
        if "step" in notes and candidate.parents:
            if "scores" in notes:
                mean = math.fsum(notes["scores"]) / max(1, len(notes["scores"]))
            log = logs.setdefault(notes["step"], {"batch_scores": [], "candidates": [], "won": None})
            log["candidates"].append(candidate.id)
            log["batch_scores"].append(mean)
            log["won"] = candidate.id if won else log["won"]
    return logs
