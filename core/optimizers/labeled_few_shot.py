"""LabeledFewShot: labelled examples as demos, with no call at all.

Knows nothing about metrics or teachers. The k-shot prompting of Brown et al., arXiv:2005.14165.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from core.data.example import Example
from core.foundation.words import are, counted
from core.modules.module import Module
from core.optimizers.base import Optimizer, OptimizerParams, optimizers
from core.optimizers.demos import labeled_state
from core.search.candidate import labelled_demos
from core.search.estimate import Estimate, Phase
from core.search.problem import Item, Problem
from core.search.proposal import Proposal
from core.search.view import SearchView

__all__ = ["LabeledFewShot", "draw_labeled"]


class LabeledFewShotParams(OptimizerParams):
    """Parameters of `LabeledFewShot`."""

    k: int = Field(16, ge=0, le=1_000, description="Labelled examples that every predictor gets as demos.")
    sample: bool = Field(True, description="Draw them at random; off takes the first k rows.")


@optimizers.register(
    "labeled_few_shot", summary="Labelled examples as demos; no calls.", title="Labelled examples"
)
class LabeledFewShot(Optimizer[LabeledFewShotParams]):
    """Gives every predictor k labelled examples as demos.

    Args:
        k: Demos per predictor.
    """

    name = "labeled_few_shot"
    Params = LabeledFewShotParams
    asks_teacher = False
    takes_teacher_settings = False
    needs_metric = False
    scores = False
    when = "First thing to try when rows carry the right answers: it costs nothing."
    needs = "A few labelled rows."

    def __init__(self, k: int = 16) -> None:
        super().__init__(self.checked({"k": k}))

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose the one candidate."""
        if view.round:
            return ()
        if self.params.k and (said := _without_labels(view.problem)):
            view.warn(
                said,
                hint="Give rows with the fields that the steps answer, or let BootstrapFewShot make demos.",
            )
        draw = draw_labeled(self.params.k, self.params.sample, view.problem.seed)
        state = labeled_state(view.problem, draw)
        return [Proposal(state, label="labelled demos", seed=0, evaluate=False)]

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """No calls."""
        return Estimate((Phase("labelled demos", 0, 0, 0),))


def _without_labels(problem: Problem) -> str:
    """Return what to say where rows have nothing that any step answers; empty: all have something."""
    if not problem.train:
        return "There are no training rows: the program has no demos."
    shown = labelled_demos(problem.student)
    steps = [(shown.get(path), part.signature) for path, part in problem.student.named_predictors()]
    bare = sum(not _has_label(item.example, steps) for item in problem.train)
    if not bare:
        return ""
    rows = counted(len(problem.train), "training row")
    return f"{bare} of {rows} {are(bare, 'has', 'have')} no label for any step: as demos such rows show inputs alone."


def _has_label(row: Example, steps: Sequence[tuple[Any, Any]]) -> bool:
    demos = [(row if shown is None else shown(row), signature) for shown, signature in steps]
    return any(demo.get(name) is not None for demo, signature in demos for name in signature.output_fields)


def draw_labeled(k: int, sample: bool, seed: int) -> Any:
    """Return a function that draws k rows, for one predictor after the other; DSPy's draws where the seed is 0."""
    generator = random.Random(seed)

    def draw(rows: Sequence[Item]) -> Sequence[Item]:
        count = min(k, len(rows))
        return generator.sample(list(rows), count) if sample else rows[:count]

    return draw
