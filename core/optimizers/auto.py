"""Auto: demos first, then rules from failures; both are arms of one search, raced, and pruned of what does not help.

Knows nothing about stages (`auto_stages`), their course (`auto_course`), demo sets (`auto_demos`) or rules
(`auto_rules`). Demos before instructions: Wan et al., arXiv:2406.15708; the two together: Opsahl-Ong et al.,
arXiv:2406.11695; learning from failures in words: Agrawal et al., arXiv:2507.19457; tests of candidates on paired rows:
Birattari et al., F-Race, 2002.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.modules.module import Module
from core.optimizers.aside import readable
from core.optimizers.auto_course import PLENTY, Course
from core.optimizers.auto_data import Divided, choosing_rows, divide, proving_rows
from core.optimizers.auto_stages import Stages
from core.optimizers.base import Optimizer, OptimizerParams, optimizers
from core.optimizers.checks import check_predictors
from core.search.budget import Budget
from core.search.candidate import Candidate
from core.search.estimate import Estimate, Phase, calls_per_run
from core.search.problem import Problem, as_seed, check_program, rows_of
from core.search.proposal import Proposal
from core.search.run_log import RunLog, as_run_log
from core.search.view import SearchView

__all__ = ["Auto"]


LIKELY_QUESTIONS, QUESTIONS = 4, 0.2
"""Questions to the proposer to expect, and their share of the calls of all rounds at most."""


class AutoParams(OptimizerParams):
    """Parameters of `Auto`."""

    max_calls: int | None = Field(
        600,
        ge=1,
        le=1_000_000,
        description="Calls at most where the budget names no number; empty: no cap.",
    )
    max_bootstrapped_demos: int = Field(8, ge=0, le=1_000, description="Demos from runs that passed.")
    max_labeled_demos: int = Field(
        100, ge=0, le=1_000, description="Demos in all per step; many are tried beside few."
    )
    max_demo_tokens: int = Field(
        8_000, ge=0, le=1_000_000, description="Tokens, about, that the demos of one step may take."
    )
    max_scoring_rows: int = Field(
        100, ge=1, le=100_000, description="Validation rows that candidates are scored on, at most."
    )
    max_confirm_rows: int = Field(
        100,
        ge=0,
        le=100_000,
        description="Rows that the winner is confirmed on, at most, where 20 or more neither teach nor choose.",
    )
    metric_threshold: float | None = Field(
        None, description="The least score of a run that becomes a demo; without it 0.5."
    )
    worth: float = Field(
        0.01,
        ge=0,
        le=1,
        description="Gain of score, of 1, that 100 calls have to promise for another round; 0: use up the budget.",
    )
    length_worth: float = Field(
        0.002,
        ge=0,
        le=1,
        description="Gain of score, of 1, that a prompt of twice the length has to bring.",
    )
    temperature: float = Field(
        0.8, ge=0, le=2, description="Temperature of further questions to the proposer."
    )
    num_threads: int | None = Field(
        None,
        ge=1,
        description="Rows in flight; without it that of the settings.",
        json_schema_extra={"execution": True},
    )


@optimizers.register(
    "auto", summary="Examples and rules together, within a budget; the default.", title="Automatic"
)
class Auto(Optimizer[AutoParams]):
    """Improves a program within a number of calls, by whatever helps: demos, rules for the steps that fail, or both.

    Args:
        metric: `metric(example, prediction, trace)`; what it says in words reaches the rules.
        prompt_model: Writes the rules; None: the model in force.
        teacher_settings: Settings while a teacher makes the first demos.
        max_calls: Calls at most where `compile` gets no budget of calls.
        max_bootstrapped_demos: Demos from runs that passed.
        max_labeled_demos: Demos in all per step.
        max_demo_tokens: Tokens that the demos of one step may take, about.
        max_scoring_rows: Validation rows that candidates are scored on, at most.
        max_confirm_rows: Rows that the winner is confirmed on, at most, of those that neither teach nor choose.
        metric_threshold: The least score of a run that becomes a demo.
        worth: Gain of score that 100 calls have to promise for another round.
        length_worth: Gain of score that a prompt of twice the length has to bring.
        temperature: Of further questions to the proposer; the first is asked at 0.
        num_threads: Rows in flight.
    """

    name = "auto"
    Params = AutoParams
    when = "Always a good start: tries examples and rules, keeps what helps, stops when more is not worth its price."
    needs = (
        "A metric and 10 rows or more; labels, a validation set and a second model are of use, not needed."
    )

    def __init__(
        self,
        metric: Callable[..., Any] | None = None,
        prompt_model: Any = None,
        teacher_settings: Mapping[str, Any] | None = None,
        *,
        max_calls: int | None = 600,
        max_bootstrapped_demos: int = 8,
        max_labeled_demos: int = 100,
        max_demo_tokens: int = 8_000,
        max_scoring_rows: int = 100,
        max_confirm_rows: int = 100,
        metric_threshold: float | None = None,
        worth: float = 0.01,
        length_worth: float = 0.002,
        temperature: float = 0.8,
        num_threads: int | None = None,
    ) -> None:
        given = dict(locals())
        params = self.checked({name: given[name] for name in AutoParams.model_fields})
        super().__init__(params, metric=metric, teacher_settings=teacher_settings, prompt_model=prompt_model)

    async def acompile(
        self,
        student: Module,
        *,
        trainset: Iterable[Example],
        valset: Iterable[Example] | None = None,
        seed: int | None = 0,
        budget: Budget | Mapping[str, Any] | int | None = None,
        run_log: RunLog | str | os.PathLike[str] | None = None,
        **options: Any,
    ) -> Any:
        """Return a compiled copy of the student.

        Args:
            student: The program to improve.
            trainset: Rows to learn from.
            valset: Rows to choose by; None: some of the training rows, which then teach nothing.
            seed: Of everything random.
            budget: Caps; without one on calls, `max_calls` is it.
            run_log: Where to write what happens.
            **options: As for every optimizer.

        Returns:
            The program with its report.
        """
        own = {name: options.pop(name) for name in list(options) if name in AutoParams.model_fields}
        execution = {name: own.pop(name) for name in ("num_threads",) if name in own}
        made = copy.copy(self.with_params(**own)) if own else copy.copy(self)
        caps, log = Budget.of(budget), as_run_log(run_log)
        calls = caps.calls if caps.calls is not None else made.params.max_calls
        caps = Budget(calls=calls, tokens=caps.tokens, cost=caps.cost, seconds=caps.seconds)
        check_program(student, "student")
        train = rows_of(trainset, "trainset")
        given = None if valset is None else rows_of(valset, "valset")
        rows = (
            made._divided(student, train, given, calls, as_seed(seed), log, options)
            if readable([*train, *(given or ())])
            else None
        )
        if rows is not None:
            made._remarks, source = rows.remarks, "validation" if given else "training"
            train, given = rows.train, rows.validation
            if rows.proof:
                options["testset"], made._held_out = rows.proof, source
        return await super(Auto, made).acompile(
            student, trainset=train, valset=given, seed=seed, budget=caps, run_log=log, **execution, **options
        )

    def _divided(
        self,
        student: Module,
        train: list[Example],
        validation: list[Example] | None,
        calls: int | None,
        seed: int,
        log: RunLog,
        options: Mapping[str, Any],
    ) -> Divided:
        """Return which rows teach, which choose, and which prove where the caller does not see to that."""
        runs = None if calls is None else calls // calls_per_run(student)
        held = bool(options.get("confirm"))
        most = 0 if held or options.get("testset") is not None else self.params.max_confirm_rows
        wanted, proving = self._wanted(student, calls), proving_rows(runs, most)
        return divide(train, validation, wanted, seed, log, proving=proving, held=held)

    def _wanted(self, student: Module, calls: int | None) -> int:
        runs = None if calls is None else calls // calls_per_run(student)
        return choosing_rows(runs, self.params.max_scoring_rows)

    def prepare(self, problem: Problem) -> None:
        """Check that there is something to improve and rows to score on."""
        check_predictors(problem)
        if not problem.scoring:
            raise OptimizerError("There are no rows to score on.", hint="Give a trainset or a valset.")

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose the student, then demo sets, then round after round."""
        if not view.pool.proposals:
            for remark in self._remarks:
                view.warn(remark)
            return [
                Proposal({}, label="as given", seed=0, notes={"baseline": True, "stage": 0, "kind": "given"})
            ]
        best = Stages(view, self.params.length_worth).best()
        if best is None or view.ended:
            return ()
        return await Course(self, view).next(best)

    def pick(self, view: SearchView) -> Candidate | None:
        """Return the best candidate, with rules only where they clearly help; the student where none was scored."""
        return Stages(view, self.params.length_worth).best() or super().pick(view)

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """The program as given is always scored; the rest ends at the cap or when it is not worth its price."""
        each = calls_per_run(student)
        cap = self.params.max_calls or PLENTY * each
        rows = min(
            self._wanted(student, self.params.max_calls), len(valset or ()) or max(1, len(trainset) // 2)
        )
        given = min(rows * each, cap)
        left = cap - given
        demos = round(0.6 * left)
        rounds = left - demos
        asked = round(QUESTIONS * rounds)
        return Estimate(
            (
                Phase("score the program as given", given, given, given),
                Phase("demo sets", 0, min(demos, 3 * given // 2), demos),
                Phase("write rules", 0, min(asked, LIKELY_QUESTIONS), asked, "writer"),
                Phase("rounds of rules and demos", 0, min(rounds - asked, 2 * given), rounds - asked),
            )
        )
