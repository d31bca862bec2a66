"""`optimize_signature` of 2024: rewrites a program's instructions from their scores; `core.optimizers.opro` does it.

Knows nothing about search.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.evaluate import Evaluate
from core.foundation.errors import OptimizerError
from core.modules import Module
from core.optimizers.opro import OPRO

__all__ = ["OptimizerResult", "optimize_signature"]


@dataclass(frozen=True)
class OptimizerResult:
    """What `optimize_signature` found.

    Attributes:
        program: The program with the chosen instructions.
        signatures: Per candidate, in order of trial, {predictor: signature}.
        scores: Their scores in percent; those that were not scored on every row are left out of both lists.
    """

    program: Module
    signatures: list[dict[str, Any]]
    scores: list[float]


def optimize_signature(
    student: Module,
    evaluator: Evaluate,
    initial_prompts: int = 2,
    n_iterations: int = 10,
    max_examples: int = 20,
    sorted_order: str = "increasing",
    strategy: str = "best",
    prompt_model: Any = None,
    verbose: bool = False,
    **options: Any,
) -> OptimizerResult:
    """Rewrite the instructions of every predictor; the student is untouched.

    Args:
        student: The program.
        evaluator: Its `devset` and `metric` score the candidates.
        initial_prompts: Instructions written before any score is known.
        n_iterations: Instructions written from scores.
        max_examples: Earlier instructions that the proposer reads.
        sorted_order: "increasing", "decreasing" or "chronological".
        strategy: "best" or "last".
        prompt_model: Writes the instructions; None: the model in force.
        verbose: Print the report at the end.
        **options: As for `compile`: seed, budget, run_log …

    Raises:
        OptimizerError: The evaluator has no metric or no devset.
    """
    if evaluator.metric is None or evaluator.devset is None:
        raise OptimizerError(
            "The evaluator lacks a metric or a devset.", hint="Evaluate(devset=…, metric=…)."
        )
    optimizer = OPRO(
        metric=evaluator.metric,
        prompt_model=prompt_model,
        initial_prompts=initial_prompts,
        n_iterations=n_iterations,
        max_examples=max_examples,
        sorted_order=sorted_order,
        strategy=strategy,
    )
    # As then: every candidate is scored in full, so that each has a score to show.
    program = optimizer.compile(student, trainset=evaluator.devset, **{"racing": False, **options})
    if verbose:
        print(program.report)  # noqa: T201  what it prints is what was asked for
    tried = sorted(program.candidate_programs, key=lambda item: item["seed"])
    signatures = [
        {path: predictor.signature for path, predictor in item["program"].named_predictors()}
        for item in tried
    ]
    return OptimizerResult(program, signatures, [item["score"] for item in tried])
