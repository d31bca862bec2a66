"""What a compile takes with all that it is asked to do: confirming the winner, a judge's calls, caps, no racing.

Knows nothing about any single optimizer: each says by `expected_calls` what its own search takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from core.data.example import Example
from core.modules.module import Module
from core.optimizers.aside import readable
from core.optimizers.checks import counted_rows
from core.optimizers.finish import with_confirmation
from core.search.budget import Budget
from core.search.confirm import search_part
from core.search.estimate import Amount, Estimate, Phase, calls_per_run, confirmation_phase
from core.search.metric_calls import calls_of_metric
from core.search.problem import Problem, check_program

__all__ = ["AskedRows", "asked_rows", "confirmed", "estimated", "with_judge"]


class _Optimizer(Protocol):
    params: Any
    metric: Any

    def with_params(self, **changes: Any) -> Any: ...
    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate: ...


@dataclass(frozen=True)
class AskedRows:
    """The rows of an estimate.

    Attributes:
        train: Rows to learn from.
        choose: Rows to choose by; None: none were given.
        problem: The same with rows to confirm on; None where they are no examples that one could tell apart.
    """

    train: list[Any]
    choose: list[Any] | None
    problem: Problem | None


def asked_rows(
    student: Any,
    trainset: Any,
    valset: Any,
    metric: Any,
    *,
    teacher: Any = None,
    seed: int = 0,
    testset: Any = None,
    confirm: float | None = None,
) -> AskedRows:
    """Return the rows that a compile would learn from, choose by and confirm on.

    Raises:
        OptimizerError: Student or teacher are no programs, or rows are none or can be read only once.
    """
    check_program(student, "student")
    if teacher is not None:
        check_program(teacher, "teacher")
    train = counted_rows(trainset, "trainset")
    given = None if valset is None else counted_rows(valset, "valset")
    test = None if testset is None else counted_rows(testset, "testset")
    if test is None and not confirm and not readable([*train, *(given or ())]):
        return AskedRows(train, given, None)
    problem = with_confirmation(Problem.of(student, train, given, metric, seed=seed), test, confirm)
    choose = [item.example for item in problem.scoring] if given else given
    return AskedRows([item.example for item in problem.train], choose, problem)


def estimated(
    optimizer: _Optimizer,
    student: Module,
    rows: AskedRows,
    teacher: Module | None,
    budget: Budget,
    racing: bool,
) -> Estimate:
    """Return what one optimizer's compile takes."""
    optimizer, caps = _with_cap(optimizer, budget)
    found = optimizer.expected_calls(student, rows.train, rows.choose, teacher)
    found = found if racing else found.unraced()
    found = confirmed(found, student, rows.problem, caps)
    return with_judge(found, optimizer.metric, student, teacher).capped(caps)


def _with_cap(optimizer: _Optimizer, budget: Budget) -> tuple[_Optimizer, Budget]:
    """Return the optimizer and the caps in force: a budget takes the place of a cap of its own, and the other way."""
    own = getattr(optimizer.params, "max_calls", None)
    if budget.calls is None:
        return optimizer, budget if own is None else replace(budget, calls=int(own))
    if "max_calls" in type(optimizer.params).model_fields:
        return optimizer.with_params(max_calls=max(1, budget.calls)), budget
    return optimizer, budget


def confirmed(found: Estimate, student: Module, problem: Problem | None, caps: Budget) -> Estimate:
    """Return the estimate with confirming the winner where that is asked for; a part of a cap is kept back for it."""
    if problem is None or not problem.confirm:
        return found
    left = search_part(caps, problem).calls
    phases: list[Phase] = []
    for phase in found.phases:
        low = phase.low if left is None else min(phase.low, left)
        left = None if left is None else left - low
        phases.append(replace(phase, low=low))
    return replace(found, phases=(*phases, confirmation_phase(student, len(problem.confirm))))


def with_judge(found: Estimate, metric: Any, student: Module, teacher: Module | None) -> Estimate:
    """Return the estimate with the calls of the metric, as far as one sees that it asks a model."""
    calls = calls_of_metric(metric)
    if not calls:
        return found

    def share(program: Module) -> Amount:
        each = calls / calls_per_run(program)
        return Amount(0.0, each, each)  # it may ask only where it has to

    return found.judged({"program": share(student), "teacher": share(teacher or student)})
