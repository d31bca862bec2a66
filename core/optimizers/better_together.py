"""BetterTogether: optimizers one after another on one budget, each starting from what the one before it made.

Knows nothing about what any of them does. Soylu, Potts, Khattab, "Fine-Tuning and Prompt Optimization: Two Great Steps
that Work Better Together", arXiv:2407.10930. It is made of optimizers and not of parameters, so it stands outside the
registry; every step is a search of its own and keeps what searches promise: caps, seeds, resume.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.callbacks import reported
from core.data.example import Example
from core.foundation.drive import drive
from core.foundation.errors import OptimizerError
from core.foundation.randomness import rng
from core.modules.module import Module
from core.optimizers.base import Optimizer
from core.optimizers.estimating import asked_rows, confirmed, with_judge
from core.optimizers.finish import with_confirmation
from core.optimizers.random_search import BootstrapFewShotWithRandomSearch
from core.optimizers.together_run import SharedRun
from core.search.budget import Budget
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.search.options import SearchOptions
from core.search.problem import Problem, as_seed, check_program, rows_of
from core.search.racing import RacingRule
from core.search.run_log import Event, RunLog, as_run_log, closing

__all__ = ["BetterTogether"]

STRATEGY = "p -> w -> p"
"""DSPy's default: prompts, weights, prompts."""

FINE_TUNING = "w"

_PASSED_ON = ("racing", "target", "plateau")
"""What every step is given as it is."""

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
        racing: bool | RacingRule = True,
        target: float | None = None,
        plateau: int | None = None,
        testset: Iterable[Example] | None = None,
        confirm: float | None = None,
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
            racing, plateau: Of every step, as for every optimizer.
            target: End a step at a candidate whose mean reaches this, and all of them at such a program.
            testset: Rows that choose nothing: at the end the winner and the program as given are compared on them.
            confirm: Without a testset: set this share, or number, of the valset (or trainset) aside for that.
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
        shared: dict[str, Any] = {"num_threads": num_threads, "max_errors": max_errors}
        shared |= {"stop_requested": stop_requested, "target": target, "plateau": plateau}
        self._check_options(names, shared, racing, on_event)
        check_program(student, "student")
        number, asked = as_seed(seed), {"testset": testset, "confirm": confirm}
        rows = self._rows(student, trainset, valset, number, _share(valset_ratio), asked)
        log = as_run_log(run_log)
        run = SharedRun(self.metric, rows.choose, rows.problem, Budget.of(budget), log, shared, on_event)
        given = {"student": student, "trainset": rows.learn, "valset": rows.choose, "teacher": teacher}
        with closing(log), reported("compile", self, given) as told:
            await run.baseline(student)
            for step, name in enumerate(names):
                learn = list(rows.learn)
                if step and shuffle_trainset_between_steps:
                    rng(number, "step", step).shuffle(learn)
                arguments = {"trainset": learn, "teacher": teacher, "seed": number + step, **further[name]}
                if not await run.step(name, self.optimizers[name], arguments):
                    break
            await run.confirm()
            return told.gives(run.result(" -> ".join(names), self._params(valset_ratio), number))

    def estimate(
        self,
        student: Module,
        trainset: Iterable[Example],
        valset: Iterable[Example] | None = None,
        teacher: Module | None = None,
        *,
        strategy: str = STRATEGY,
        valset_ratio: float = 0.1,
        optimizer_compile_args: Mapping[str, Mapping[str, Any]] | None = None,
        seed: int | None = None,
        budget: Budget | Mapping[str, Any] | int | None = None,
        testset: Iterable[Example] | None = None,
        confirm: float | None = None,
        racing: bool | RacingRule = True,
    ) -> Estimate:
        """Return how many calls the steps would send, and scoring what they make; sends none.

        The arguments are those of `acompile`. With a `target` the first steps may be all.
        """
        names, share = self._steps(strategy), _share(valset_ratio)
        further, caps, number = self._further(optimizer_compile_args, names), Budget.of(budget), as_seed(seed)
        known = asked_rows(
            student,
            trainset,
            valset,
            self.metric,
            teacher=teacher,
            seed=number,
            testset=testset,
            confirm=confirm,
        )
        learn, choose = _split(known.train, known.choose, share, number)
        full = calls_per_run(student) * len(choose or ())
        own = [Phase("score the program as given", full, full, full * REPAIR)]
        own += [Phase(f"{step}:{name} score", 0, 0, full * REPAIR) for step, name in enumerate(names, 1)]
        scored = with_judge(Estimate(tuple(own)), self.metric, student, teacher)
        phases = list(scored.phases)
        for step, name in enumerate(names, 1):
            options = {
                "valset": choose,
                "teacher": teacher,
                "budget": caps,
                "racing": racing,
                **further[name],
            }
            made = _estimate_of(self.optimizers[name], student, learn, options)
            phases += [replace(phase, name=f"{step}:{name} {phase.name}") for phase in made.phases]
        return confirmed(Estimate(tuple(phases)), student, known.problem, caps).capped(caps)

    def _steps(self, strategy: str) -> list[str]:
        if not isinstance(strategy, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise OptimizerError(
                f"strategy={strategy!r} is no strategy.",
                hint=f"Write names with arrows between them: '{' -> '.join(self.optimizers)}'.",
            )
        names = [name.strip() for name in strategy.split("->")]
        known = ", ".join(self.optimizers)
        if not any(names):
            raise OptimizerError(
                f"The strategy '{strategy}' names no optimizer.",
                hint=f"There are: {known}. Write names with arrows between them: 'p -> q'.",
            )
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
        _check_named(given, "optimizer_compile_args")
        for name, arguments in (given or {}).items():
            if name not in self.optimizers:
                raise OptimizerError(
                    f"optimizer_compile_args names '{name}', which is no optimizer of this BetterTogether.",
                    hint=f"There are: {', '.join(self.optimizers)}.",
                )
            _check_named(arguments, f"optimizer_compile_args of '{name}'")
            if taken := sorted(_OURS & set(arguments)):
                raise OptimizerError(
                    f"optimizer_compile_args of '{name}' sets {taken[0]}, which all steps share.",
                    hint=f"Give {taken[0]} to compile.",
                )
        return {name: dict((given or {}).get(name, {})) for name in names}

    def _check_options(
        self,
        names: Sequence[str],
        shared: dict[str, Any],
        racing: Any,
        on_event: Callable[[Event], None] | None,
    ) -> None:
        """Check what all steps are given, before anything is spent, and that each takes it; put racing beside it.

        Raises:
            ConfigurationError: An option cannot be.
            OptimizerError: A step does not take one.
        """
        SearchOptions(**shared, racing=racing, on_event=on_event)
        shared["racing"] = None if racing is True else racing
        for option in _PASSED_ON:
            strangers = [name for name in names if not _takes(self.optimizers[name], option)]
            if shared[option] is not None and strangers:
                name, kind = strangers[0], type(self.optimizers[strangers[0]]).__name__
                raise OptimizerError(
                    f"{option}= is given to every step, and '{name}' ({kind}) takes none.",
                    hint=f"Give it to the others: optimizer_compile_args={{'name': {{'{option}': …}}}}.",
                )

    def _params(self, share: float) -> dict[str, Any]:
        """Return what the report shows as parameters."""
        kinds = {name: type(made).__name__ for name, made in self.optimizers.items()}
        return {"valset_ratio": share, "optimizers": kinds}

    def _rows(
        self,
        student: Module,
        trainset: Any,
        valset: Any,
        seed: int,
        share: float,
        confirming: Mapping[str, Any],
    ) -> _Rows:
        """Return which rows teach, which choose and which confirm."""
        train, given = rows_of(trainset, "trainset"), None if valset is None else rows_of(valset, "valset")
        if confirming["testset"] is None and not confirming["confirm"]:
            return _Rows(*_split(train, given, share, seed))
        problem = Problem.of(student, train, given, self.metric, seed=seed)
        problem = with_confirmation(problem, confirming["testset"], confirming["confirm"])
        if confirming["confirm"]:
            train = [item.example for item in problem.train]
            given = [item.example for item in problem.scoring] if given else None
        return _Rows(*_split(train, given, share, seed), problem)


@dataclass(frozen=True)
class _Rows:
    """The rows of one compile; the problem holds those to confirm on, where there are any."""

    learn: list[Example]
    choose: list[Example] | None
    problem: Problem | None = None


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1:
        raise OptimizerError(f"valset_ratio={value!r} is no share.", hint="Give 0 or more, below 1.")
    return value


def _check_named(given: Any, what: str) -> None:
    if given is not None and not isinstance(given, Mapping):
        raise OptimizerError(
            f"{what} is a {type(given).__name__}, {given!r}, not arguments by name.",
            hint="Give them so: optimizer_compile_args={'p': {'max_labeled_demos': 4}}.",
        )


def _takes(optimizer: Any, option: str) -> bool:
    parameters = inspect.signature(optimizer.acompile).parameters
    return option in parameters or any(item.kind is item.VAR_KEYWORD for item in parameters.values())


def _estimate_of(
    optimizer: Any, student: Module, learn: Sequence[Example], options: Mapping[str, Any]
) -> Estimate:
    """Return what one step takes, with what its `compile` is given beside the rest."""
    own = type(optimizer.params).model_fields if isinstance(optimizer, Optimizer) else {}
    if changes := {name: value for name, value in options.items() if name in own}:
        optimizer = optimizer.with_params(**changes)
    known = inspect.signature(optimizer.estimate).parameters
    return optimizer.estimate(
        student, trainset=learn, **{name: value for name, value in options.items() if name in known}
    )


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
