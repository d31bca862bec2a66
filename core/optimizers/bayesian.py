"""MIPROv2: demo sets and instructions are made first, and a Bayesian search finds out which go together.

Knows nothing about how demos (`demo_sets`) and instructions (`grounded_proposer`) come about. Opsahl-Ong et al.,
"Optimizing Instructions and Demonstrations for Multi-Stage Language Model Programs", arXiv:2406.11695. The 2024 class
`BayesianSignatureOptimizer` is this with its own names (`core.interop.bayesian_signature_optimizer`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field, model_validator

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.modules.module import Module
from core.optimizers.base import Optimizer, optimizers
from core.optimizers.bootstrap_few_shot import BootstrapParams, bootstrap_phase
from core.optimizers.checks import check_model, check_predictors
from core.optimizers.combinations import Combinations, baseline, warn_of_equals
from core.optimizers.demo_sets import demo_sets
from core.optimizers.demos import check_structure
from core.optimizers.grounded_proposer import GroundedProposer, Grounding, data_asks, program_asks
from core.optimizers.mipro_end import no_better, promising
from core.optimizers.mipro_plan import Effort, Plan, plan_of, split_rows
from core.optimizers.random_search import LABELS_ONLY, ZERO_SHOT
from core.optimizers.tpe import check_optuna
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.search.problem import Problem, as_seed, rows_of
from core.search.proposal import Proposal
from core.search.run_log import log_in
from core.search.view import SearchView
from core.settings import context, current

__all__ = ["MIPROParams", "MIPROv2"]


class MIPROParams(BootstrapParams):
    """Parameters of `MIPROv2`."""

    max_labeled_demos: int = Field(
        4,
        ge=0,
        le=1_000,
        description="Demos in all, filled up with labelled rows; also what the teacher sees.",
    )
    auto: Effort | None = Field(
        "light", description="How much to try; without it num_candidates and num_trials say so."
    )
    num_candidates: int | None = Field(
        None, ge=1, le=1_000, description="Demo sets, and instructions for each step. Not together with auto."
    )
    num_trials: int | None = Field(
        None, ge=1, le=10_000, description="Combinations to try. Not together with auto."
    )
    minibatch: bool = Field(True, description="Try combinations on some of the rows first.")
    minibatch_size: int = Field(35, ge=1, le=10_000, description="Rows of such a mini-batch.")
    minibatch_full_eval_steps: int = Field(
        5, ge=1, le=1_000, description="Trials between two full evaluations of the best average."
    )
    program_aware_proposer: bool = Field(True, description="Instructions are told what the program is for.")
    data_aware_proposer: bool = Field(True, description="Instructions are told what the rows are like.")
    view_data_batch_size: int = Field(10, ge=1, le=1_000, description="Rows that are looked at at once.")
    tip_aware_proposer: bool = Field(True, description="Each instruction is asked for in another style.")
    fewshot_aware_proposer: bool = Field(True, description="Instructions are shown the demos of a set.")
    init_temperature: float = Field(1.0, ge=0, le=2, description="Temperature of the proposer.")
    num_threads: int | None = Field(
        None,
        ge=1,
        description="Rows in flight; without it that of the settings.",
        json_schema_extra={"execution": True},
    )

    @model_validator(mode="after")
    def _one_size(self) -> MIPROParams:
        given = [name for name in ("num_candidates", "num_trials") if getattr(self, name) is not None]
        if self.auto is not None and given:
            raise ValueError(f"auto={self.auto!r} sets {' and '.join(given)}; say auto=None to set them")
        if self.auto is None and self.num_candidates is None:
            raise ValueError("without auto, num_candidates is needed")
        return self

    @property
    def zero_shot(self) -> bool:
        """True where no demos are wanted at all."""
        return not self.max_bootstrapped_demos and not self.max_labeled_demos


@optimizers.register(
    "miprov2",
    summary="Instructions and demo sets together, by Bayesian search.",
    title="Instructions and examples together",
)
class MIPROv2(Optimizer[MIPROParams]):
    """Makes demo sets and instructions for every step and searches for the combination that scores best.

    Args:
        metric: `metric(example, prediction, trace)`.
        prompt_model: Writes summaries and instructions; None: the model in force.
        task_model: Runs the program; None: the model in force.
        teacher_settings: Settings while the teacher runs.
        max_bootstrapped_demos: The most traces of a demo set.
        max_labeled_demos: Demos in all, filled up with labelled rows. Both 0: instructions alone.
        auto: "light", "medium", "heavy" or None.
        num_candidates: Demo sets, and instructions for each step; with `auto=None`.
        num_threads: Rows in flight.
        max_errors: So many failed rows end it with an error.
        seed: Of everything random.
        init_temperature: Temperature of the proposer.
        verbose: Print the report at the end.
        track_stats: Keep `trial_logs` on the program.
        log_dir: Folder for the run log; the same call with the same folder goes on where it was killed.
        metric_threshold: The least score of a kept trace.
    """

    name = "miprov2"
    Params = MIPROParams
    when = "Instructions and examples both matter, and there are 100 rows or more to tell them apart."
    needs = "A metric, 100 rows or more, some hundred calls, and the extra [optuna]."
    task_model: Any = None
    seed: int = 9
    verbose: bool = False
    track_stats: bool = True
    log_dir: str | os.PathLike[str] | None = None
    set_seeds: ClassVar[Sequence[int]] = (ZERO_SHOT, LABELS_ONLY)
    """Demo sets that come before those of passing runs."""

    def __init__(
        self,
        metric: Callable[..., Any] | None = None,
        prompt_model: Any = None,
        task_model: Any = None,
        teacher_settings: Mapping[str, Any] | None = None,
        max_bootstrapped_demos: int = 4,
        max_labeled_demos: int = 4,
        auto: Effort | None = "light",
        num_candidates: int | None = None,
        num_threads: int | None = None,
        max_errors: int | None = None,
        seed: int = 9,
        init_temperature: float = 1.0,
        verbose: bool = False,
        track_stats: bool = True,
        log_dir: str | os.PathLike[str] | None = None,
        metric_threshold: float | None = None,
    ) -> None:
        params = self.checked(
            {
                "max_bootstrapped_demos": max_bootstrapped_demos,
                "max_labeled_demos": max_labeled_demos,
                "auto": auto,
                "num_candidates": num_candidates,
                "num_threads": num_threads,
                "max_errors": max_errors,
                "init_temperature": init_temperature,
                "metric_threshold": metric_threshold,
            }
        )
        super().__init__(params, metric=metric, teacher_settings=teacher_settings, prompt_model=prompt_model)
        check_model(task_model, "task_model")
        self.task_model, self.seed = task_model, seed
        self.verbose, self.track_stats, self.log_dir = verbose, track_stats, log_dir

    async def acompile(
        self,
        student: Module,
        *,
        trainset: Iterable[Example],
        teacher: Module | None = None,
        valset: Iterable[Example] | None = None,
        seed: int | None = None,
        requires_permission_to_run: bool | None = None,
        provide_traceback: bool | None = None,
        **options: Any,
    ) -> Any:
        """Return a compiled copy of the student.

        Args:
            student: The program to improve; one that is compiled already is improved further.
            trainset: Rows to learn from.
            teacher: Makes the traces; None: a copy of the student.
            valset: Rows to choose by; None: four fifths of the training rows are set aside.
            seed: None: that of the constructor.
            requires_permission_to_run: Accepted and ignored: nothing asks at the terminal; `estimate` says the price.
            provide_traceback: Accepted and ignored: errors are in the report.
            **options: Parameters for this compile alone (None leaves one as it is), and what every optimizer takes.
        """
        named = set(self.Params.model_fields) - {"num_threads", "max_errors"}
        changes = {name: options.pop(name) for name in list(options) if name in named}
        made = self.with_params(**{name: value for name, value in changes.items() if value is not None})
        if made.task_model is not None and made.prompt_model is None:
            made.prompt_model = current().lm
        number = as_seed(self.seed if seed is None else seed)
        rows = None if valset is None else rows_of(valset, "valset")
        learn, choose = split_rows(rows_of(trainset, "trainset"), rows, made.params.auto, number)
        if made.log_dir is not None and options.get("run_log") is None:
            options["run_log"] = log_in(made.log_dir, f"{made.name}.jsonl")
        with nullcontext() if made.task_model is None else context(lm=made.task_model):
            return await made._run(student, learn, choose, teacher, number, options)

    async def _run(
        self,
        student: Module,
        learn: Sequence[Example],
        choose: Sequence[Example] | None,
        teacher: Module | None,
        seed: int,
        options: Mapping[str, Any],
    ) -> Any:
        program = await super().acompile(
            student, trainset=learn, valset=choose, teacher=teacher, seed=seed, **options
        )
        score = program.report.score
        program.score = None if score is None else score.percent
        if self.track_stats:
            program.trial_logs = _trial_logs(program)
        if self.verbose:
            print(program.report.summary())  # noqa: T201  what it prints is what was asked for
        return program

    def prepare(self, problem: Problem) -> None:
        """Check that there are steps to work on, rows to score on, a fitting teacher, and optuna."""
        check_optuna()
        check_predictors(problem)
        if not problem.scoring:
            raise OptimizerError("There are no rows to score on.", hint="Give a trainset or a valset.")
        if problem.teacher is not None:
            student = problem.student.deepcopy()
            student._compiled = False  # one that is compiled is improved further
            check_structure(replace(problem, student=student))

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose the student, then one combination after the other, from time to time the best average in full."""
        plan = self._plan(len(view.problem.paths), len(view.problem.scoring))
        if view.round == 0:
            view.note(plan.said(view.racing))
            return [baseline()]
        steps = plan.steps(view.racing)
        over, barren = view.round > len(steps), no_better(view, plan)
        last = barren and not over and promising(view, plan)
        if over or (barren and not last):
            if barren:
                view.end(f"The last {barren} combinations did not beat the best: no more are tried.")
            warn_of_equals(view)
            return ()
        combinations = Combinations.known(view)
        if combinations is None:
            combinations = await self._materials(view, plan)
            if view.ended:
                return ()
        promotes = last or steps[view.round - 1] == "promote"
        if promotes and (best := combinations.best_average(view)) is not None:
            return [best]
        if not combinations.sizes:
            view.warn(
                "There is one instruction and one demo set for every step: nothing to choose among.",
                hint="Raise num_candidates, give more rows, or use a stronger prompt_model.",
            )
        return combinations.next(view, plan.batch)

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """Calls of the teacher, of the proposer and of scoring."""
        learn, choose = split_rows(trainset, valset, self.params.auto, self.seed)
        predictors, rows = len(student.named_predictors()), len(choose if choose is not None else learn)
        plan = self._plan(predictors, rows)
        boots = sum(number > LABELS_ONLY for number in self._seeds(plan.demo_sets))
        made = bootstrap_phase(self.params, student, len(learn), teacher, boots)
        full, batch = calls_per_run(student) * rows, calls_per_run(student) * (plan.batch or rows)
        promoted = plan.steps().count("promote") * full
        likely = full + plan.trials * batch + promoted
        most = (full + plan.trials * full + promoted) * REPAIR
        return Estimate(
            (
                # A student with full marks ends the search before anything is made.
                Phase("bootstrap", 0, made.likely, made.high, "teacher"),
                self._proposing(student, len(learn), plan),
                Phase("score candidates", full, likely, most),
            )
        )

    def _proposing(self, student: Module, rows: int, plan: Plan) -> Phase:
        written = len(student.named_predictors()) * (plan.instructions - 1)
        params, asks = self.params, written
        if written:
            asks += data_asks(rows, params.view_data_batch_size) if params.data_aware_proposer else 0
            asks += program_asks(student) if params.program_aware_proposer else 0
        return Phase("write instructions", 0, asks, asks * REPAIR, "writer")

    def _plan(self, predictors: int, rows: int) -> Plan:
        params = self.params
        return plan_of(
            auto=params.auto,
            num_candidates=params.num_candidates,
            num_trials=params.num_trials,
            zero_shot=params.zero_shot,
            minibatch=params.minibatch,
            size=params.minibatch_size,
            full_every=params.minibatch_full_eval_steps,
            predictors=predictors,
            rows=rows,
        )

    def _seeds(self, count: int) -> list[int]:
        fixed = [seed for seed in self.set_seeds if seed != LABELS_ONLY or self.params.max_labeled_demos]
        return [*fixed, *range(LABELS_ONLY + 1, LABELS_ONLY + 1 + count)][:count]

    async def _materials(self, view: SearchView, plan: Plan) -> Combinations:
        params = self.params
        seeds = self._seeds(plan.demo_sets)
        sets = await demo_sets(view, params, self.teacher_settings, seeds) if seeds else []
        grounding = Grounding(
            data=params.data_aware_proposer,
            program=params.program_aware_proposer,
            demos=params.fewshot_aware_proposer,
            tip=params.tip_aware_proposer,
            batch=params.view_data_batch_size,
            temperature=params.init_temperature,
            settings=self.prompt_settings(),
        )
        return Combinations(sets, await GroundedProposer(view, grounding).propose(sets, plan.instructions))


def _trial_logs(program: Any) -> dict[int, dict[str, Any]]:
    """Return what became of every trial, the student being the first; a later trial of the same is in the first."""
    listed = {item["seed"]: item for item in (*program.candidate_programs, *program.mb_candidate_programs)}
    return {
        candidate.seed + 1: {
            **dict(candidate.notes.get("choice", {})),
            "score": candidate.score.percent if candidate.score else None,
            "rows": candidate.score.rows if candidate.score else 0,
            "full": bool(candidate.score and candidate.score.full),
            "pruned": candidate.status == "dropped",
            "program": listed[candidate.seed]["program"] if candidate.seed in listed else None,
        }
        for candidate in program.report.candidates
        if candidate.seed is not None and candidate.status != "duplicate"
    }
