"""BetterTogether: optimizers one after another on one budget, each starting from what the one before it made.

Knows nothing about what any of them does. Soylu, Potts, Khattab, "Fine-Tuning and Prompt Optimization: Two Great Steps
that Work Better Together", arXiv:2407.10930. It is made of optimizers and not of parameters, so it stands outside the
registry; every step is a search of its own and keeps what searches promise: caps, seeds, resume.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.callbacks import reported
from core.data.example import Example
from core.foundation.drive import drive
from core.foundation.errors import OptimizerError
from core.foundation.randomness import rng
from core.modules.module import Module
from core.optimizers.checks import counted_rows
from core.optimizers.random_search import BootstrapFewShotWithRandomSearch
from core.optimizers.together_run import SharedRun
from core.search.budget import Budget
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.search.options import SearchOptions
from core.search.problem import as_seed, check_program, rows_of
from core.search.run_log import Event, RunLog, as_run_log, closing

__all__ = ["BetterTogether"]

STRATEGY = "p -> w -> p"
"""DSPy's default: prompts, weights, prompts."""

FINE_TUNING = "w"

_OURS = frozenset({"student", "budget", "run_log"})
"""What the steps share and no step may have of its own."""


class BetterTogether:
    """Runs optimizers in the order of a strategy and returns the program that scores best.

        BetterTogether(metric, i=core.COPRO(metric=metric), d=core.BootstrapRS(metric)).compile(
            program, trainset=rows, strategy="i -> d", budget=2_000
        )

    Args:
        metric: `metric(example, prediction, trace)`; compares the programs of the steps.
        **optimizers: By the names that strategies use. None at all: `p`, a random search over demos. DSPy's `w`,
            fine-tuning, is not there yet.

    Raises:
        OptimizerError: There is no metric, or something is no optimizer.
    """

    def __init__(self, metric: Callable[..., Any], **optimizers: Any) -> None:
        if not callable(metric):
            raise OptimizerError("BetterTogether needs a metric.", hint="BetterTogether(metric, p=…)")
        strangers = [
            (name, made if isinstance(made, type) else type(made))
            for name, made in optimizers.items()
            if isinstance(made, type) or not hasattr(made, "acompile")
        ]
        if strangers:
            name, kind = strangers[0]
            made = "the class " if isinstance(optimizers[name], type) else ""
            raise OptimizerError(
                f"{name}={made}{kind.__name__} is no optimizer.",
                hint="Give optimizers of core: they share a budget and can be resumed.",
            )
        self.metric = metric
        self.optimizers: dict[str, Any] = optimizers or {"p": BootstrapFewShotWithRandomSearch(metric)}

    def get_params(self) -> dict[str, Any]:
        """Return the optimizers by name."""
        return dict(self.optimizers)

    def compile(self, student: Module, *, trainset: Iterable[Example], **options: Any) -> Any:
        """Return a compiled copy of the student; the student is untouched.

        The arguments are those of `acompile`.
        """
        return drive(self.acompile(student, trainset=trainset, **options))

    async def acompile(
        self,
        student: Module,
        *,
        trainset: Iterable[Example],
        teacher: Module | None = None,
        valset: Iterable[Example] | None = None,
        num_threads: int | None = None,
        max_errors: int | None = None,
        provide_traceback: bool | None = None,
        seed: int | None = None,
        valset_ratio: float = 0.1,
        shuffle_trainset_between_steps: bool = True,
        strategy: str = STRATEGY,
        optimizer_compile_args: Mapping[str, Mapping[str, Any]] | None = None,
        budget: Budget | Mapping[str, Any] | int | None = None,
        run_log: RunLog | str | os.PathLike[str] | None = None,
        stop_requested: Callable[[], bool] | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> Any:
        """Return the best program of all steps; the student is untouched.

        Args:
            student: The program to improve.
            trainset: Rows to learn from.
            teacher: Makes the traces, in steps that have any.
            valset: Rows to choose by; None: a share of the training rows is set aside.
            num_threads: Rows in flight.
            max_errors: So many failed rows of one step end it with an error.
            provide_traceback: Accepted and ignored: errors are in the reports.
            seed: Of everything random; None: 0. Each step counts one on.
            valset_ratio: The share that is set aside. Where that is no row at all, the last program is returned.
            shuffle_trainset_between_steps: Show each step after the first the rows in another order.
            strategy: Names of optimizers with arrows between them.
            optimizer_compile_args: {name: further arguments of its `compile`}.
            budget: Caps on all steps together: what one spends, the later ones do not have.
            run_log: Where all steps are written; the same call with the same log goes on where it was killed. A longer
                strategy that begins with the same steps goes on after them.
            stop_requested: Asked before every row; True ends with the best so far.
            on_event: Told every event, with the step's name under `part`.

        Returns:
            The program, with `.report` (a `TogetherReport`), `.candidate_programs` ({"score", "program", "strategy"},
            best first) and `.flag_compilation_error_occurred`: a step failed, and those before it count.

        Raises:
            OptimizerError: The strategy or an argument cannot work; says so before anything is spent.
            WorkbenchError: The first step failed.
        """
        names = self._steps(strategy)
        further = self._further(optimizer_compile_args, names)
        if not 0 <= valset_ratio < 1:
            raise OptimizerError(f"valset_ratio={valset_ratio} is no share.", hint="Give 0 or more, below 1.")
        check_program(student, "student")
        number, given = as_seed(seed), None if valset is None else rows_of(valset, "valset")
        learn, choose = _split(rows_of(trainset, "trainset"), given, valset_ratio, number)
        shared: dict[str, Any] = {
            "num_threads": num_threads,
            "max_errors": max_errors,
            "stop_requested": stop_requested,
        }
        log = as_run_log(run_log)
        SearchOptions(**shared, on_event=on_event)  # says what cannot be before anything is spent
        run = SharedRun(self.metric, choose, Budget.of(budget), log, shared, on_event)
        asked = {"student": student, "trainset": learn, "valset": choose, "teacher": teacher}
        with closing(log), reported("compile", self, asked) as told:
            await run.baseline(student)
            for step, name in enumerate(names):
                rows = list(learn)
                if step and shuffle_trainset_between_steps:
                    rng(number, "step", step).shuffle(rows)
                arguments = {"trainset": rows, "teacher": teacher, "seed": number + step, **further[name]}
                if not await run.step(name, self.optimizers[name], arguments):
                    break
            return told.gives(run.result(names))

    def estimate(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
        *,
        strategy: str = STRATEGY,
        valset_ratio: float = 0.1,
    ) -> Estimate:
        """Return how many calls the steps would send, and scoring what they make; sends none."""
        rows = None if valset is None else counted_rows(valset, "valset")
        learn, choose = _split(counted_rows(trainset, "trainset"), rows, valset_ratio, 0)
        full = calls_per_run(student) * len(choose or ())
        phases = [Phase("score the program as given", full, full, full * REPAIR)]
        for number, name in enumerate(self._steps(strategy), 1):
            made = self.optimizers[name].estimate(student, learn, choose, teacher)
            phases += [replace(phase, name=f"{number}:{name} {phase.name}") for phase in made.phases]
            phases.append(Phase(f"{number}:{name} score", 0, 0, full * REPAIR))
        return Estimate(tuple(phases))

    def _steps(self, strategy: str) -> list[str]:
        if not isinstance(strategy, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise OptimizerError(
                f"strategy={strategy!r} is no strategy.",
                hint=f"Write names with arrows between them: '{' -> '.join(self.optimizers)}'.",
            )
        names = [name.strip() for name in strategy.split("->")]
        known = ", ".join(self.optimizers)
        for name in names:
            if name == FINE_TUNING and name not in self.optimizers:
                raise OptimizerError(
                    f"The strategy '{strategy}' fine-tunes weights (w), which cannot be done here yet.",
                    hint=f"Name a strategy of these alone: {known}; e.g. strategy='{next(iter(self.optimizers))}'.",
                )
            if name not in self.optimizers:
                raise OptimizerError(
                    f"The strategy '{strategy}' names '{name}', which is no optimizer of this BetterTogether.",
                    hint=f"There are: {known}. Write names with arrows between them: 'p -> q'.",
                )
        return names

    def _further(
        self, given: Mapping[str, Mapping[str, Any]] | None, names: Sequence[str]
    ) -> dict[str, dict[str, Any]]:
        for name, arguments in (given or {}).items():
            if name not in self.optimizers:
                raise OptimizerError(
                    f"optimizer_compile_args names '{name}', which is no optimizer of this BetterTogether.",
                    hint=f"There are: {', '.join(self.optimizers)}.",
                )
            if taken := sorted(_OURS & set(arguments)):
                raise OptimizerError(
                    f"optimizer_compile_args of '{name}' sets {taken[0]}, which all steps share.",
                    hint=f"Give {taken[0]} to compile.",
                )
        return {name: dict((given or {}).get(name, {})) for name in names}


def _split(
    train: list[Example], validation: Iterable[Example] | None, share: float, seed: int
) -> tuple[list[Example], list[Example] | None]:
    """Return rows to learn from and rows to choose by; drawn, as rows often come sorted."""
    if validation is not None:
        return train, list(validation)
    held = set(rng(seed, "validation").sample(range(len(train)), int(share * len(train))))
    if not held:
        return train, None
    return (
        [row for position, row in enumerate(train) if position not in held],
        [row for position, row in enumerate(train) if position in held],
    )
