"""GEPA: a model reads runs with their feedback and rewrites instructions; candidates that lead on some row are bred on.

Knows nothing about prompts (`reflection`), fronts (`pareto`) or merging (`crossover`). Agrawal et al., GEPA: Reflective
Prompt Evolution Can Outperform Reinforcement Learning, arXiv:2507.19457. With `racing=False` the published algorithm;
else `gepa_raced`, which reads more and runs less.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.modules.module import Module
from core.optimizers.aside import SHARE, set_aside
from core.optimizers.base import Optimizer, optimizers
from core.optimizers.checks import check_predictors
from core.optimizers.crossover import find_pair, subsample
from core.optimizers.evolution import Evolution, Progress
from core.optimizers.gepa_params import BUDGETS, GEPAParams
from core.optimizers.gepa_raced import LATE, LOOKS, WRITTEN, RacedEvolution
from core.optimizers.gepa_result import result_of
from core.optimizers.pareto import row_scores
from core.search.candidate import Candidate
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.search.problem import Problem
from core.search.proposal import Proposal
from core.search.run_log import log_in
from core.search.view import SearchView

__all__ = ["GEPA"]

AUTO = {"light": 6, "medium": 12, "heavy": 18}
"""Candidates that a named budget is made for."""

MERGE_ROWS = 5
NOT_TAKEN = {
    "use_wandb": "Weights & Biases is not connected: give on_event=… or run_log=… to follow the search",
    "use_mlflow": "MLflow is not connected: give on_event=… or run_log=… to follow the search",
    "track_best_outputs": "outputs on validation rows are not kept: run the program on them",
    "code_proposer": "source code is not evolved: only instructions are",
    "gepa_kwargs": "there is no other package underneath to pass them to",
}


def _keep_nothing(_view: SearchView, _spent: int) -> None: ...


@optimizers.register(
    "gepa",
    summary="Instructions rewritten from feedback on single runs; specialists are bred on.",
    title="Instructions from feedback",
)
class GEPA(Optimizer[GEPAParams]):
    """Evolves instructions: reflects on a few training rows, keeps what improves on them, and breeds from the front.

    Unless `racing=False` asks for the published algorithm: a reflection reads up to ten earlier runs of the parent and
    its ancestors, failures first, and 32 labelled training rows where there are labels; it writes two instructions;
    each has to do better on what failed, not on the whole mini-batch; it then meets a quarter of the validation rows,
    and half and all of them only while it leads; mini-batches with full marks are passed over; three reflections
    without a better program end the search, and from two fifths of the budget on each has to bring 0.03; without a
    `valset` two fifths of 20 or more training rows choose and teach nothing.

    Args:
        metric: `metric(gold, pred, trace, pred_name, pred_trace)` or `metric(gold, pred, trace)`; returns a number or
            `Prediction(score=…, feedback=…)`. One of five arguments is also asked about single predictors.
        auto: "light", "medium" or "heavy"; exactly one of this and the next two.
        max_full_evals: Budget in passes over all rows.
        max_metric_calls: Budget in scored runs; checked before each reflection, so the last may go beyond it. For an
            exact cap on requests give `budget=` to `compile`.
        reflection_minibatch_size: Training rows that a reflection reads.
        candidate_selection_strategy: "pareto" or "current_best".
        reflection_lm: Writes the instructions; None: the model in force.
        skip_perfect_score: Do not reflect on runs that have full marks.
        add_format_failure_as_feedback: Also reflect on replies that could not be read.
        instruction_proposer: `(candidate, reflective_dataset, components_to_update) -> {path: instructions}`.
        component_selector: "round_robin", "all", or `(state, trajectories, subsample_scores, candidate_idx, candidate)`
            that returns paths.
        use_merge: Join candidates of a common ancestor.
        log_dir: The run log is written there, and read when the same call is made again.
        track_stats: Keep `detailed_results` on the program.
        seed: Used where `compile` gets none.

    Raises:
        OptimizerError: Not exactly one budget, or a parameter is out of bounds.
    """

    name = "gepa"
    Params = GEPAParams
    asks_teacher = False
    takes_teacher_settings = False
    gives_demos = False
    when = "The metric can say in words what is wrong, and instructions decide the result."
    needs = (
        "A metric, best with feedback; a few training rows to reflect on and validation rows to choose by."
    )

    seed: int = 0
    log_dir: str | None = None
    selector: Callable[..., Sequence[str]] | None = None
    instruction_proposer: Any = None
    remarks: tuple[str, ...] = ()
    _keep: Callable[[SearchView, int], None] = staticmethod(_keep_nothing)

    def __init__(
        self,
        metric: Callable[..., Any] | None = None,
        *,
        auto: str | None = None,
        max_full_evals: int | None = None,
        max_metric_calls: int | None = None,
        reflection_minibatch_size: int = 3,
        candidate_selection_strategy: str = "pareto",
        reflection_lm: Any = None,
        skip_perfect_score: bool = True,
        add_format_failure_as_feedback: bool = False,
        instruction_proposer: Any = None,
        code_proposer: Any = None,
        component_selector: str | Callable[..., Sequence[str]] = "round_robin",
        use_merge: bool = True,
        max_merge_invocations: int | None = 5,
        num_threads: int | None = None,
        failure_score: float = 0.0,
        perfect_score: float = 1.0,
        log_dir: str | None = None,
        track_stats: bool = False,
        use_wandb: bool = False,
        wandb_api_key: str | None = None,
        wandb_init_kwargs: Mapping[str, Any] | None = None,
        track_best_outputs: bool = False,
        warn_on_score_mismatch: bool = True,
        use_mlflow: bool = False,
        seed: int | None = 0,
        gepa_kwargs: Mapping[str, Any] | None = None,
    ) -> None:
        given = dict(locals())
        if sum(given[name] is not None for name in BUDGETS) != 1:
            raise OptimizerError(
                f"GEPA needs exactly one of {', '.join(BUDGETS)}.", hint="Start with auto='light'."
            )
        chosen = {name: given[name] for name in GEPAParams.model_fields if name in given}
        chosen["max_merge_invocations"] = (
            max_merge_invocations if max_merge_invocations is not None else 1_000
        )
        chosen["component_selector"] = "all" if callable(component_selector) else component_selector
        super().__init__(self.checked(chosen), metric=metric, prompt_model=reflection_lm)
        self.seed, self.log_dir, self.instruction_proposer = seed or 0, log_dir, instruction_proposer
        self.selector = component_selector if callable(component_selector) else None
        self.remarks = tuple(f"{name}: {why}." for name, why in NOT_TAKEN.items() if given[name])

    def with_params(self, **changes: Any) -> GEPA:
        """Return one like this with other parameters; another budget takes the place of this one."""
        if any(changes.get(name) is not None for name in BUDGETS):
            changes = {**dict.fromkeys(BUDGETS), **changes}
        return super().with_params(**changes)

    def functions(self) -> dict[str, Callable[..., Any]]:
        """Return the caller's selector and proposer."""
        given = {"component_selector": self.selector, "instruction_proposer": self.instruction_proposer}
        return {name: function for name, function in given.items() if function is not None}

    async def acompile(self, student: Module, *, trainset: Any, **options: Any) -> Any:
        """Return a compiled copy of the student.

        Args:
            student: The program to improve.
            trainset: Rows to reflect on.
            **options: As for every optimizer; `valset` chooses candidates and is best large enough to tell them apart.
                Without one two fifths of the training rows do; with `racing=False` all of them.

        Returns:
            The program; with `track_stats` its `detailed_results` is a `GEPAResult`.
        """
        kept: list[tuple[SearchView, int]] = []
        run = copy.copy(self)
        run._keep = lambda view, spent: kept.append((view, spent))
        every = dict[str, Any](options, seed=self.seed if options.get("seed") is None else options["seed"])
        if every.get("run_log") is None and self.log_dir is not None:
            every["run_log"] = log_in(self.log_dir, "gepa.jsonl")
        rows, remarks = set_aside(trainset, every)
        run.remarks = (*self.remarks, *remarks)
        program = await Optimizer.acompile(run, student, trainset=rows, **every)
        if kept and self.params.track_stats:
            spent = max(spent for _, spent in kept)
            program.detailed_results = result_of(kept[-1][0], program.report.best, spent, self.log_dir)
        return program

    def prepare(self, problem: Problem) -> None:
        """Check that there are predictors to write for, rows to reflect on and rows to score on."""
        check_predictors(problem)
        if not problem.train or not problem.scoring:
            raise OptimizerError("There are no rows to reflect on.", hint="Give a trainset.")

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose the student; then a join that passed a few rows, a new join, or what a reflection improved."""
        entries = list(view.pool)
        if not entries:
            for remark in self.remarks:
                view.warn(remark)
            return [Proposal({}, label="as given", seed=0, notes={"baseline": True, **Progress().to_notes()})]
        last = entries[-1]
        merging = last.candidate.notes.get("kind") == "merge"
        if merging and last.status == "minibatch" and self._passes(view, last.candidate):
            return [Proposal(last.candidate.state)]
        if view.racing:
            return await self._raced(view, merging)
        improved = last.candidate.notes.get("kind") == "reflection" and last.status in {"full", "dropped"}
        if improved and (merged := self._merged(view)) is not None:
            return [merged]
        evolution = Evolution(self, view)
        found = await evolution.next()
        self._keep(view, evolution.spent)
        return [] if found is None else [found]

    def pick(self, view: SearchView) -> Candidate | None:
        """Return the best candidate."""
        self._keep(view, Progress.of(view).spent(view))
        return super().pick(view)

    def limit(self, predictors: int, train: int, validation: int | None) -> int:
        """Return the budget in metric calls; the named ones are DSPy's formula.

        Args:
            validation: Rows; None where the training rows are used.
        """
        params = self.params
        if params.max_metric_calls is not None:
            return params.max_metric_calls
        if params.max_full_evals is not None:
            return params.max_full_evals * (train + (validation or 0))
        size = AUTO[params.auto or "light"]
        trials = int(max(2 * (predictors * 2) * math.log2(size), 1.5 * size))
        rows = validation or train
        return rows + 5 * size + 35 * trials + rows * ((trials + 1) // 5 + 1 + (trials < 5))

    def limit_of(self, problem: Problem) -> int:
        """Return the budget for a problem."""
        validation = len(problem.scoring) if problem.scored_on == "validation" else None
        return self.limit(len(problem.paths), len(problem.train), validation)

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """Scored runs up to the budget, and a request for each instruction that a reflection writes."""
        params, steps = self.params, max(1, len(student.named_predictors()))
        rows, each = len(valset or trainset), calls_per_run(student)
        fewest = rows if valset else round(SHARE * rows)
        limit = self.limit(steps, len(trainset), rows if valset else None)
        batch = params.reflection_minibatch_size
        reflections = max(0, math.ceil((limit - fewest) / batch))
        asked = WRITTEN * reflections * (1 if params.component_selector == "round_robin" else steps)
        # The last reflection begins below the budget; what it writes may run on every row.
        most = max(limit, rows) + (LOOKS + WRITTEN) * batch + WRITTEN * rows
        likely = max(fewest, min(limit, fewest + math.ceil(LATE * limit)))
        return Estimate(
            (
                Phase("reflect", 0, math.ceil(asked / 10), asked * REPAIR, "writer"),
                Phase(
                    "run and score",
                    each * fewest,
                    each * likely,
                    each * most * REPAIR,
                    unraced=each * max(limit, rows),
                ),
            )
        )

    async def _raced(self, view: SearchView, merging: bool) -> Sequence[Proposal]:
        """Propose the next part of the rows for who leads so far, a join with a new leader, or what is written next.

        Args:
            merging: The last candidate is a join.
        """
        raced = RacedEvolution(self, view)
        if (promoted := raced.promoted()) is not None:
            return [promoted]
        leader, last = view.leader, Progress.of(view).reflections
        improved = leader is not None and 0 < leader.notes.get("reflections", 0) == last
        if improved and not merging and (merged := self._merged(view)) is not None:
            return [merged]
        found = await raced.proposals()
        self._keep(view, raced.spent)
        return found

    def _passes(self, view: SearchView, join: Candidate) -> bool:
        """Return whether a join is as good as both that it joins on the rows that it ran on."""
        scores = row_scores(view.pool)
        own = scores.get(join.id, {})
        pair = [scores.get(name, {}) for name in join.notes["pair"]]
        return math.fsum(own.values()) >= max(math.fsum(other.get(row, 0.0) for row in own) for other in pair)

    def _merged(self, view: SearchView) -> Proposal | None:
        """Return a join of two candidates, to be scored on a few rows that tell them apart."""
        done = sum(entry.candidate.notes.get("kind") == "merge" for entry in view.pool)
        if (
            not self.params.use_merge
            or done >= self.params.max_merge_invocations
            or len(view.problem.paths) < 2
        ):
            return None
        scores, draw = row_scores(view.pool), view.rng("gepa merge", len(view.pool))
        pair = find_pair(view.pool, scores, view.problem.paths, draw)
        if pair is None:
            return None
        rows = subsample(scores[pair.first.id], scores[pair.second.id], MERGE_ROWS, draw)
        if not rows:  # raced, they have no row in common: nothing to measure the join by
            return None
        progress = Progress.of(view)
        return Proposal(
            pair.state,
            label=f"{pair.first.id} and {pair.second.id} joined",
            parents=(pair.first.id, pair.second.id),
            seed=len(view.pool),
            rows=rows,
            notes={
                "kind": "merge",
                "pair": pair.ids,
                "ancestor": pair.ancestor.id,
                "found_after": progress.spent(view),
                **progress.to_notes(),
            },
        )
