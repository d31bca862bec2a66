"""Optimizers under their names and parameters of 2024: `SignatureOptimizer`, with `devset` for `trainset`.

Knows nothing about search: each is one of `core.optimizers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.modules import Module
from core.optimizers import COPRO

__all__ = ["SignatureOptimizer"]


class SignatureOptimizer(COPRO):
    """`COPRO` as it was called in 2024.

    Args:
        prompt_model: Writes the instructions; None: the model in force.
        metric: `metric(example, prediction, trace)`.
        breadth: Instructions tried for each step in each round.
        depth: Rounds.
        init_temperature: Temperature of the proposer.
        verbose: Print the report at the end.
        track_stats: Keep the scores of every round on the program.
        task_model: Answers while candidates are scored; None: the model in force.
        log_dir: Accepted and not used: `run_log` of `compile` says where to write.
    """

    def __init__(
        self,
        prompt_model: Any = None,
        metric: Callable[..., Any] | None = None,
        breadth: int = 10,
        depth: int = 3,
        init_temperature: float = 1.4,
        verbose: bool = False,
        track_stats: bool = False,
        task_model: Any = None,
        log_dir: str | None = None,
    ) -> None:
        super().__init__(prompt_model, metric, breadth, depth, init_temperature, track_stats, verbose=verbose)
        self.task_model = task_model

    async def acompile(
        self,
        student: Module,
        *,
        trainset: Iterable[Example] | None = None,
        devset: Iterable[Example] | None = None,
        evalset: Iterable[Example] | None = None,
        eval_kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Any:
        """Return a compiled copy of the student.

        Args:
            student: The program to improve.
            trainset: Rows to score on.
            devset: The same, as it was called first.
            evalset: The same, as the cheat sheet called it.
            eval_kwargs: As for `COPRO`.
            **options: As for every optimizer.

        Raises:
            OptimizerError: There are no rows, or several sets of them.
        """
        given = [rows for rows in (trainset, devset, evalset) if rows is not None]
        if len(given) != 1:
            raise OptimizerError(
                "Give the rows once: trainset (devset and evalset are its older names).",
                hint="compile(program, trainset=rows)",
            )
        if self.task_model is not None:
            student = student.deepcopy()
            student.set_lm(self.task_model)
        return await super().acompile(student, trainset=given[0], eval_kwargs=eval_kwargs, **options)

    def compile(self, student: Module, *, trainset: Iterable[Example] | None = None, **options: Any) -> Any:
        """Same as `acompile`, from sync code."""
        from core.foundation.drive import drive

        return drive(self.acompile(student, trainset=trainset, **options))
