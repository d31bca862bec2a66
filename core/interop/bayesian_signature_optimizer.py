"""`BayesianSignatureOptimizer` and `MIPRO` of 2024: `MIPROv2` under their names, with rows of their own for the score.

Knows nothing about search. Then one devset made the demos, was described to the proposer, chose the winner and scored
it; here it is split in three, and `held_out` is the score on rows that did none of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar

from core.data.example import Example
from core.evaluate import Evaluate
from core.foundation.drive import drive
from core.foundation.errors import OptimizerError
from core.foundation.randomness import rng
from core.modules.module import Module
from core.optimizers.bayesian import MIPROv2
from core.optimizers.random_search import ZERO_SHOT
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.settings import context

__all__ = ["MIPRO", "BayesianSignatureOptimizer"]

HELD_OUT, CHOOSING = 0.2, 0.5
"""Of the devset, what scores the winner; of the rest, what chooses it."""

LEAST_ROWS = 5
"""With fewer rows than this nothing is held out."""


class BayesianSignatureOptimizer(MIPROv2):
    """Searches instructions and demo sets together, by the names of 2024.

    Args:
        prompt_model: Writes summaries and instructions; None: the model in force.
        task_model: Runs the program; None: the model in force.
        teacher_settings: Settings while the teacher runs.
        n: Demo sets, and instructions for each step.
        metric: `metric(example, prediction, trace)`.
        init_temperature: Temperature of the proposer.
        verbose: Print the report at the end.
        track_stats: Keep `trial_logs` on the program.
        view_data_batch_size: Rows that are looked at at once.
    """

    set_seeds: ClassVar[Sequence[int]] = (ZERO_SHOT,)

    def __init__(
        self,
        prompt_model: Any = None,
        task_model: Any = None,
        teacher_settings: Mapping[str, Any] | None = None,
        n: int = 10,
        metric: Callable[..., Any] | None = None,
        init_temperature: float = 1.0,
        verbose: bool = False,
        track_stats: bool = False,
        view_data_batch_size: int = 10,
    ) -> None:
        super().__init__(
            metric,
            prompt_model,
            task_model,
            teacher_settings,
            auto=None,
            num_candidates=n,
            seed=42,
            init_temperature=init_temperature,
            verbose=verbose,
            track_stats=track_stats,
        )
        self.params = self.checked(
            {
                **self.params.model_dump(),
                "view_data_batch_size": view_data_batch_size,
                "minibatch": False,
                "program_aware_proposer": False,
                "tip_aware_proposer": False,
            }
        )

    async def acompile(
        self,
        student: Module,
        *,
        devset: Iterable[Example] | None = None,
        trainset: Iterable[Example] | None = None,
        valset: Iterable[Example] | None = None,
        optuna_trials_num: int | None = None,
        max_bootstrapped_demos: int | None = None,
        max_labeled_demos: int | None = None,
        eval_kwargs: Mapping[str, Any] | None = None,
        seed: int | None = None,
        view_data: bool = True,
        view_examples: bool = True,
        **options: Any,
    ) -> Any:
        """Return a compiled copy of the student; it also has `held_out`, an evaluation of it on rows set aside.

        Args:
            student: The program to improve.
            devset: Rows: two fifths to learn from, two to choose by, one to score the winner.
            trainset: Later name of `devset`.
            valset: Rows to choose by, in place of rows of the devset.
            optuna_trials_num: Combinations to try. `num_trials` is the same.
            max_bootstrapped_demos: The most traces of a demo set.
            max_labeled_demos: Demos in all.
            eval_kwargs: As `Evaluate` takes them: `num_threads`, `max_errors`; the rest is for the held-out score.
            seed: Of everything random; None: that of the constructor, 42.
            view_data: Instructions are told what the rows are like.
            view_examples: Instructions are shown the demos of a set.
            **options: As for every optimizer. Under a `budget` nothing runs after the search: score `held_out_rows`
                yourself.

        Raises:
            OptimizerError: There are no rows, or both `devset` and `trainset`.
        """
        given = [rows for rows in (devset, trainset) if rows is not None]
        if len(given) != 1:
            raise OptimizerError("Give the rows once, as devset.", hint="trainset is its later name.")
        number = self.seed if seed is None else seed
        learn, choose, held = thirds(list(given[0]), valset, number)
        shown: dict[str, Any] = dict(eval_kwargs or {})
        taken = {name: shown[name] for name in ("num_threads", "max_errors") if shown.get(name) is not None}
        wanted = {
            "num_trials": optuna_trials_num,
            "max_bootstrapped_demos": max_bootstrapped_demos,
            "max_labeled_demos": max_labeled_demos,
            "data_aware_proposer": view_data,
            "fewshot_aware_proposer": view_examples,
        }
        said = {name: value for name, value in wanted.items() if value is not None}
        search: dict[str, Any] = {**taken, **options, **said}
        program = await super().acompile(student, trainset=learn, valset=choose, seed=number, **search)
        program.held_out_rows, program.held_out = held, None
        if held and options.get("budget") is None:
            shown |= {"devset": held, "metric": self.metric}
            with nullcontext() if self.task_model is None else context(lm=self.task_model):
                program.held_out = await Evaluate(**shown).acall(program)
        return program

    def compile(self, student: Module, *, devset: Iterable[Example] | None = None, **options: Any) -> Any:
        """Same as `acompile`, from sync code."""
        return drive(self.acompile(student, devset=devset, **options))

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """The calls of `MIPROv2` on its part of the rows, and the score on those held out."""
        learn, choose, held = thirds(list(trainset), valset, self.seed)
        calls = len(held) * calls_per_run(student)
        phases = super().expected_calls(student, learn, choose, teacher).phases
        return Estimate((*phases, Phase("score held-out rows", calls, calls, calls * REPAIR)))


class MIPRO(BayesianSignatureOptimizer):
    """The same as `BayesianSignatureOptimizer`, by its second name: `num_candidates`, `trainset`, `num_trials`.

    Args:
        metric: `metric(example, prediction, trace)`.
        prompt_model: Writes summaries and instructions; None: the model in force.
        task_model: Runs the program; None: the model in force.
        teacher_settings: Settings while the teacher runs.
        num_candidates: Demo sets, and instructions for each step.
        init_temperature: Temperature of the proposer.
        verbose: Print the report at the end.
        track_stats: Keep `trial_logs` on the program.
        view_data_batch_size: Rows that are looked at at once.
    """

    def __init__(
        self,
        metric: Callable[..., Any] | None = None,
        prompt_model: Any = None,
        task_model: Any = None,
        teacher_settings: Mapping[str, Any] | None = None,
        num_candidates: int = 10,
        init_temperature: float = 1.0,
        verbose: bool = False,
        track_stats: bool = True,
        view_data_batch_size: int = 10,
    ) -> None:
        super().__init__(
            prompt_model,
            task_model,
            teacher_settings,
            num_candidates,
            metric,
            init_temperature,
            verbose,
            track_stats,
            view_data_batch_size,
        )


def thirds(
    rows: Sequence[Example], validation: Iterable[Example] | None, seed: int
) -> tuple[list[Example], list[Example] | None, list[Example]]:
    """Return rows to learn from, to choose by, and to score the winner; drawn, and each row in one of them."""
    order = rng(seed, "devset").sample(range(len(rows)), len(rows))
    out = int(HELD_OUT * len(rows)) if len(rows) >= LEAST_ROWS else 0
    rest = sorted(order[out:])
    held = [rows[position] for position in sorted(order[:out])]
    if validation is not None:
        return [rows[position] for position in rest], list(validation), held
    cut = len(rest) - int(CHOOSING * len(rest))
    learn, choose = sorted(order[out : out + cut]), sorted(order[out + cut :])
    return [rows[position] for position in learn], [rows[position] for position in choose] or None, held
