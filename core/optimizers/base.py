"""What every optimizer is: documented parameters, three decisions, and DSPy's `compile` on the one search loop.

Knows nothing about any single optimizer. To add one, write a file here with a frozen `Params` and a class that
decides `prepare` (can this work?), `propose` (what to try next) and `pick` (what to take), and register it. It keeps
no state of its own: everything it knows comes from the view, so a search can be killed and resumed at any point.
"""

from __future__ import annotations

import copy
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from core.callbacks import reported
from core.data.example import Example
from core.foundation.drive import drive
from core.foundation.errors import OptimizerError
from core.foundation.registry import Registry
from core.modules.module import Module
from core.optimizers.checks import check_metric, check_model, checked_settings
from core.optimizers.estimating import asked_rows, estimated
from core.optimizers.finish import compiled_program, header_of, with_confirmation
from core.optimizers.remarks import without_effect
from core.search.budget import Budget
from core.search.candidate import Candidate
from core.search.estimate import Estimate
from core.search.halving import SuccessiveHalving
from core.search.likely import likely_best
from core.search.loop import Search
from core.search.options import SearchOptions
from core.search.problem import Problem, as_seed
from core.search.proposal import Proposal
from core.search.racing import RacingRule
from core.search.run_log import Event, RunLog, as_run_log, closing
from core.search.view import SearchView

__all__ = ["Optimizer", "OptimizerParams", "optimizers"]


class OptimizerParams(BaseModel):
    """Base of parameters: frozen, strict about names, every field with a description.

    A field with `json_schema_extra={"execution": True}` says how to run and not what to find: a resumed search may
    change it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def decisive(self) -> dict[str, Any]:
        """Return what a resumed search must share."""
        fields = type(self).model_fields
        return {
            name: value
            for name, value in self.model_dump(mode="json").items()
            if not (isinstance(extra := fields[name].json_schema_extra, Mapping) and extra.get("execution"))
        }


_DEMO_LIMITS = ("k", "max_demos", "max_labeled_demos", "max_bootstrapped_demos")

_log = logging.getLogger("core.optimizers")

P = TypeVar("P", bound=OptimizerParams)


class Optimizer(Generic[P]):
    """Base of optimizers.

    Attributes:
        name: Its name in the registry.
        Params: Its parameters.
        needs_metric: It cannot work without one.
        scores: It scores candidates, so a validation set is of use.
        gives_demos: Its programs may carry demos.
        asks_teacher: A teacher takes part; otherwise one that is given changes nothing, and the report says so.
        takes_teacher_settings: It runs something under `teacher_settings`; otherwise the report says that it does not.
        rule: The racing rule that `racing=True` means.
        marks_compiled: Its programs count as compiled: frozen as a part of others, and refused as students where
            demos are bootstrapped. As in DSPy, those of most optimizers do not; a student that does, still does.
        when: When to use it, in a sentence, for the page that offers it.
        needs: What it needs beside a program, in a sentence.
    """

    name: ClassVar[str]
    Params: ClassVar[type[OptimizerParams]]
    needs_metric: ClassVar[bool] = True
    scores: ClassVar[bool] = True
    gives_demos: ClassVar[bool] = True
    asks_teacher: ClassVar[bool] = True
    takes_teacher_settings: ClassVar[bool] = True
    rule: ClassVar[RacingRule] = SuccessiveHalving()
    marks_compiled: ClassVar[bool] = False
    when: ClassVar[str] = ""
    needs: ClassVar[str] = ""
    _remarks: tuple[str, ...] = ()
    """What to warn of at the start of this compile."""
    _held_out: str = ""
    """Where the rows come from that this compile set aside by itself to confirm the winner on."""

    def __init__(
        self,
        params: P,
        *,
        metric: Callable[..., Any] | None = None,
        teacher_settings: Mapping[str, Any] | None = None,
        prompt_model: Any = None,
    ) -> None:
        if metric is None and self.needs_metric:
            raise OptimizerError(
                f"{type(self).__name__} needs a metric.",
                hint="A metric is metric(example, prediction, trace=None) and returns a number or True or False.",
            )
        check_metric(metric)
        check_model(prompt_model, "The model that writes instructions (prompt_model or reflection_lm)")
        self.params = params
        self.metric = metric
        self.teacher_settings = checked_settings(teacher_settings)
        self.prompt_model = prompt_model

    @classmethod
    def create(
        cls,
        params: Mapping[str, Any] | None = None,
        *,
        metric: Callable[..., Any] | None = None,
        teacher_settings: Mapping[str, Any] | None = None,
        prompt_model: Any = None,
    ) -> Optimizer[Any]:
        """Return one from plain data, as the command line and the browser make it.

        Raises:
            OptimizerError: A parameter is unknown or out of bounds.
        """
        checked = cls.checked(params or {})
        made = cls.__new__(cls)
        Optimizer.__init__(
            made, checked, metric=metric, teacher_settings=teacher_settings, prompt_model=prompt_model
        )
        return made

    @classmethod
    def checked(cls, params: Mapping[str, Any]) -> Any:
        """Return parameters with their bounds checked.

        Raises:
            OptimizerError: One is unknown or out of bounds; says which.
        """
        try:
            return cls.Params(**params)
        except ValidationError as error:
            problems = "; ".join(_said(item) for item in error.errors())
            known = ", ".join(cls.Params.model_fields)
            raise OptimizerError(
                f"{cls.__name__}: {problems}.", hint=f"Its parameters are: {known}."
            ) from error

    def with_params(self, **changes: Any) -> Any:
        """Return one like this with other parameters.

        Raises:
            OptimizerError: One is unknown or out of bounds.
        """
        made = copy.copy(self)  # all that the constructor took stays
        made.params = self.checked({**self.params.model_dump(), **changes})
        return made

    def prompt_settings(self) -> dict[str, Any]:
        """Return the settings under which a proposer is asked: the prompt model, or those in force."""
        return {} if self.prompt_model is None else {"lm": self.prompt_model}

    def get_params(self) -> dict[str, Any]:
        """Return the parameters by name."""
        return self.params.model_dump()

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """Return the caller's own functions that decide beside the parameters: a resumed search must share them."""
        return {}

    def prepare(self, problem: Problem) -> None:
        """Check that the search can work, before anything is spent.

        Raises:
            OptimizerError: It cannot; says what to change.
        """

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Return what to try next; nothing: all is tried."""
        raise NotImplementedError

    def pick(self, view: SearchView) -> Candidate | None:
        """Return the candidate to compile: the likely best one, or else the first."""
        best = likely_best(view.pool)
        if best is not None:
            return best
        first = next(iter(view.pool), None)
        return None if first is None else first.candidate

    def target(self) -> float | None:
        """Return the mean at which to stop; None: none."""
        return None

    @property
    def most_demos(self) -> int:
        """How many demos a step of its programs may carry, for estimates of tokens."""
        given = self.params.model_dump()
        return max([0, *(int(given.get(name) or 0) for name in _DEMO_LIMITS)]) if self.gives_demos else 0

    def estimate(
        self,
        student: Module,
        trainset: Iterable[Example],
        valset: Iterable[Example] | None = None,
        teacher: Module | None = None,
        *,
        seed: int | None = 0,
        budget: Budget | Mapping[str, Any] | int | None = None,
        testset: Iterable[Example] | None = None,
        confirm: float | None = None,
        racing: bool | RacingRule = True,
    ) -> Estimate:
        """Return how many calls a compile would send, per phase; sends none.

        The arguments are those of `acompile`, and so is what they mean: no sum is above a cap, confirming the winner
        is counted, and so are the calls of a metric that asks a model itself, as far as that can be seen.

        Raises:
            OptimizerError: There is no program, or the rows are none, or can be read only once.
        """
        rows = asked_rows(
            student,
            trainset,
            valset,
            self.metric,
            teacher=teacher,
            seed=as_seed(seed),
            testset=testset,
            confirm=confirm,
        )
        return estimated(self, student, rows, teacher, Budget.of(budget), racing is not False)

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """Return how many calls the search itself sends, by its formula; `estimate` sees to everything else.

        Raises:
            OptimizerError: The optimizer does not say.
        """
        raise OptimizerError(
            f"{type(self).__name__} does not say how many calls it takes.",
            hint="Write its expected_calls; until then cap what it spends: budget=500.",
        )

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
        valset: Iterable[Example] | None = None,
        teacher: Module | None = None,
        seed: int | None = 0,
        budget: Budget | Mapping[str, Any] | int | None = None,
        run_log: RunLog | str | os.PathLike[str] | None = None,
        racing: bool | RacingRule = True,
        num_threads: int | None = None,
        max_errors: int | None = None,
        target: float | None = None,
        plateau: int | None = None,
        testset: Iterable[Example] | None = None,
        confirm: float | None = None,
        stop_requested: Callable[[], bool] | None = None,
        on_event: Callable[[Event], None] | None = None,
        **params: Any,
    ) -> Any:
        """Return a compiled copy of the student; the student is untouched.

        Args:
            student: The program to improve, not compiled yet; frozen parts of it stay as they are.
            trainset: Examples to learn from, with their inputs set.
            valset: Examples to choose candidates by. None: the training rows, as in DSPy; the report says so, and the
                score is then optimistic.
            teacher: Makes the traces; None: a copy of the student.
            seed: Of everything random; the same seed gives the same program at any concurrency.
            budget: Caps on calls, tokens, cost and seconds; a number caps the calls.
            run_log: Where to write what happens (a path means JSON lines). The same call with the same log goes on
                where it was killed.
            racing: Stop scoring candidates that will hardly win (by its `rule`, a `SuccessiveHalving`); False: the
                published algorithm exactly; or a rule: `Curtailed()` stops only those that cannot win any more.
            num_threads: Rows in flight; None: that of the settings.
            max_errors: So many failed rows end it with an error; None: as many as the settings say.
            target: End the search at a candidate whose mean over all rows reaches this; None: the optimizer's own.
            plateau: End the search once this many candidates in a row did not beat the best; None: never.
            testset: Rows that choose nothing: at the end the winner and the program as given are compared on them.
            confirm: Without a testset: set this share, or this number, of the rows that candidates are scored on
                aside for that. Under a cap up to a fourth of the budget is kept for it.
            stop_requested: Asked before every row; True ends the search with the best so far.
            on_event: Told every event as it is written.
            **params: Parameters of the optimizer, for this compile alone.

        Returns:
            The program, with `.report` (a `CompileReport`), `.candidate_programs` and `.mb_candidate_programs`
            (candidates that were not scored on every row).

        Raises:
            OptimizerError: The arguments cannot work.
            ResumeMismatch: The run log belongs to other work; says what differs.
            EvaluationAborted: Too many rows failed; the run log keeps what is finished.
        """
        asked = {
            "trainset": trainset,
            "valset": valset,
            "teacher": teacher,
            "seed": seed,
            "testset": testset,
            "confirm": confirm,
        }
        run: dict[str, Any] = {
            "budget": budget,
            "run_log": run_log,
            "racing": racing,
            "num_threads": num_threads,
            "max_errors": max_errors,
            "target": target,
            "plateau": plateau,
            "stop_requested": stop_requested,
            "on_event": on_event,
        }
        if params:
            return await self.with_params(**params).acompile(student, **asked, **run)
        return await self._compiled({"student": student, **asked}, run)

    async def _compiled(self, asked: dict[str, Any], run: dict[str, Any]) -> Any:
        rows, testset, part = (asked["trainset"], asked["valset"]), asked.pop("testset"), asked.pop("confirm")
        problem = Problem.of(
            asked["student"], *rows, self.metric, seed=as_seed(asked["seed"]), teacher=asked["teacher"]
        )
        problem = with_confirmation(problem, testset, part)
        problem = replace(problem, confirmed_on=self._held_out or problem.confirmed_on)
        self.prepare(problem)
        for remark in self._to_know(problem, run):
            problem = replace(problem, warnings=(*problem.warnings, remark))
            _log.warning("%s", remark)
        own = {name: getattr(self.params, name, None) for name in ("num_threads", "max_errors")}
        own["target"] = self.target()
        run |= {name: value for name, value in own.items() if run[name] is None}
        run |= {"budget": Budget.of(run["budget"]), "run_log": as_run_log(run["run_log"])}
        options = SearchOptions(**run, default_rule=self.rule)
        with closing(options.run_log), reported("compile", self, asked) as told:
            outcome = await Search(problem, self, options, header_of(self, problem)).run()
            return told.gives(compiled_program(self, problem, outcome, options))

    def _to_know(self, problem: Problem, run: Mapping[str, Any]) -> list[str]:
        """Return what the caller should know before anything is spent."""
        return without_effect(self, problem, run)


def _said(problem: Mapping[str, Any]) -> str:
    place, text = ".".join(map(str, problem["loc"])), problem["msg"]
    return f"{place}: {text}" if place else text.removeprefix("Value error, ")


optimizers: Registry[type[Optimizer[Any]]] = Registry("optimizer", "core.optimizers")
"""Every optimizer by name."""
