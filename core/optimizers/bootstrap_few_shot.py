"""BootstrapFewShot: demos from a teacher's own successful runs.

Knows nothing about scoring candidates: it makes one. Khattab et al., "DSPy: Compiling Declarative Language Model Calls
into Self-Improving Pipelines", arXiv:2310.03714.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import Field

from core.data.example import Example
from core.modules.module import Module
from core.optimizers.base import Optimizer, OptimizerParams, optimizers
from core.optimizers.demos import Bootstrap, DemoRules, bootstrap_all, check_structure, summarize
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.search.problem import Problem
from core.search.proposal import Proposal
from core.search.view import SearchView

__all__ = ["BootstrapFewShot", "BootstrapParams", "bootstrap_phase"]

LIKELY_PASS_RATE = 0.6
"""Share of attempts that are expected to pass, for estimates."""


class BootstrapParams(OptimizerParams):
    """Parameters of all optimizers that bootstrap."""

    max_bootstrapped_demos: int = Field(
        4, ge=0, le=1_000, description="Demos from the teacher's passing runs."
    )
    max_labeled_demos: int = Field(
        16,
        ge=0,
        le=1_000,
        description="Demos in all, filled up with labelled rows; also what the teacher is shown.",
    )
    max_rounds: int = Field(
        1, ge=1, le=100, description="Attempts per row; those after the first ask for a fresh sample."
    )
    metric_threshold: float | None = Field(
        None, description="The least score of a trace that is kept; without it anything but zero passes."
    )
    max_errors: int | None = Field(
        None,
        ge=0,
        description="So many failed rows end it with an error; without it as many as the settings say.",
        json_schema_extra={"execution": True},
    )
    counter_examples: bool = Field(
        False,
        description="A demo of a step that assertions had repeated also shows its past output and the feedback.",
    )

    def rules(self, settings: Mapping[str, Any]) -> DemoRules:
        """Return the limits for `core.optimizers.demos`."""
        return DemoRules(
            self.max_bootstrapped_demos,
            self.max_labeled_demos,
            self.max_rounds,
            self.metric_threshold,
            settings,
            self.counter_examples,
        )


@optimizers.register(
    "bootstrap_few_shot", summary="Demos from a teacher's own successful runs.", title="Bootstrapped examples"
)
class BootstrapFewShot(Optimizer[BootstrapParams]):
    """Runs a teacher over the training rows and keeps traces that pass the metric as demos.

    Args:
        metric: `metric(example, prediction, trace)`; None keeps every trace.
        metric_threshold: The least score of a kept trace.
        teacher_settings: Settings while the teacher runs, e.g. {"lm": a stronger model}.
        max_bootstrapped_demos: Traces to keep.
        max_labeled_demos: Demos in all, filled up with labelled rows.
        max_rounds: Attempts per row.
        max_errors: So many failed rows end it with an error.
        counter_examples: A demo of a step that assertions had repeated also holds its past output and the feedback;
            later retries are shown them.
    """

    name = "bootstrap_few_shot"
    Params = BootstrapParams
    marks_compiled = True
    needs_metric = False
    scores = False
    when = "About 10 labelled rows and a few calls: the bulk of the gain for the least money."
    needs = "A metric, and about 10 rows."

    def __init__(
        self,
        metric: Callable[..., Any] | None = None,
        metric_threshold: float | None = None,
        teacher_settings: Mapping[str, Any] | None = None,
        max_bootstrapped_demos: int = 4,
        max_labeled_demos: int = 16,
        max_rounds: int = 1,
        max_errors: int | None = None,
        *,
        counter_examples: bool = False,
    ) -> None:
        params = self.checked(
            {
                "metric_threshold": metric_threshold,
                "max_bootstrapped_demos": max_bootstrapped_demos,
                "max_labeled_demos": max_labeled_demos,
                "max_rounds": max_rounds,
                "max_errors": max_errors,
                "counter_examples": counter_examples,
            }
        )
        super().__init__(params, metric=metric, teacher_settings=teacher_settings)

    def prepare(self, problem: Problem) -> None:
        """Check that student and teacher fit."""
        check_structure(problem)

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose the one candidate."""
        if view.round:
            return ()
        rules = self.params.rules(self.teacher_settings)
        bootstrap = Bootstrap(view, rules, view.problem.train, "bootstrapped demos")
        await bootstrap_all(view, [bootstrap])
        summarize(view, bootstrap.label, rules)
        return [Proposal(bootstrap.state(), label=bootstrap.label, seed=-1, evaluate=False)]

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """Calls of the teacher."""
        return Estimate((bootstrap_phase(self.params, student, len(trainset), teacher),))


def bootstrap_phase(
    params: BootstrapParams, student: Module, rows: int, teacher: Module | None, times: int = 1
) -> Phase:
    """Return the calls that `times` bootstrappings take."""
    wanted, calls = params.max_bootstrapped_demos, calls_per_run(teacher or student)
    low = min(wanted, rows)
    likely = min(math.ceil(wanted / LIKELY_PASS_RATE), rows)
    most = rows * params.max_rounds * REPAIR if wanted else 0
    return Phase("bootstrap", low * calls * times, likely * calls * times, most * calls * times, "teacher")
