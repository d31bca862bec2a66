"""InferRules: rules in words, induced from rows for every step and appended to its instructions.

Knows nothing about how demos are made (`demos`) or candidates scored (`core.search`). DSPy's `InferRules`: bootstrap
first, then several candidates whose rules a model reads out of one half of the rows; the other half chooses. Rules
that a model made up rather than found mislead: with `ablate`, each rule of the best candidate is left out once, and
stays out where the score rises (backward elimination; Guyon & Elisseeff, JMLR 3:2003, §4.2). One that changes nothing
stays in: the rows that it is for may be missing here.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import Field

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.modules.module import Module
from core.modules.predict import Predict
from core.optimizers.aside import HALVES, set_aside
from core.optimizers.base import Optimizer, optimizers
from core.optimizers.bootstrap_few_shot import BootstrapParams, bootstrap_phase
from core.optimizers.demos import Bootstrap, bootstrap_all, check_structure, summarize
from core.optimizers.material import fields_text, rows_text
from core.search.candidate import Candidate, State
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.search.jobs import Answer, AskJob
from core.search.pool import Entry
from core.search.problem import Problem
from core.search.proposal import Proposal
from core.search.view import SearchView
from core.signature import InputField, OutputField, Signature

__all__ = ["InferRules"]

AS_THEY_WERE = 2
"""Candidates before the first set of rules: the student as it was given, and bootstrapped."""

LEAST_SHOWN = 2
"""With fewer rows than this a prompt that is too long is not shortened further."""

_BULLET = re.compile(r"^\s*(?:[-*•]|\(?\d+[.):])\s+")

_Rules = dict[str, list[str]]
"""{predictor path: rules}."""


class RulesFromExamples(Signature):
    """Read the examples and write down the rules that lead from their inputs to their outputs.

    Each rule must hold for several examples and help with new inputs. Write one rule a line and nothing else.
    """

    task_fields: str = InputField()
    examples: str = InputField()
    number_of_rules: int = InputField(desc="the most that are wanted")
    natural_language_rules: str = OutputField()


class InferRulesParams(BootstrapParams):
    """Parameters of `InferRules`."""

    num_candidates: int = Field(10, ge=0, le=1_000, description="Sets of rules to try.")
    num_rules: int = Field(10, ge=1, le=100, description="Rules of a step, at most.")
    shown_rows: int = Field(40, ge=1, le=1_000, description="Rows that rules are read out of, drawn anew.")
    temperature: float = Field(1.0, ge=0, le=2, description="Temperature of the proposer.")
    ablate: bool = Field(
        False, description="Leave each rule of the best set out once, for good where the score rises."
    )
    num_threads: int | None = Field(
        None,
        ge=1,
        description="Rows in flight; without it that of the settings.",
        json_schema_extra={"execution": True},
    )


@optimizers.register(
    "infer_rules",
    summary="Rules read out of the rows, added to the instructions.",
    title="Rules read off the examples",
)
class InferRules(Optimizer[InferRulesParams]):
    """Bootstraps demos, then adds the rules to every step's instructions with which the program scores best.

    Args:
        num_candidates: Sets of rules to try.
        num_rules: Rules of a step, at most.
        num_threads: Rows in flight.
        teacher_settings: Settings while the teacher runs and while rules are written.
        metric: `metric(example, prediction, trace)`.
        prompt_model: Writes the rules; None: the model of the teacher settings, or the one in force.
        ablate: Take rules out again that mislead. A search that ends at full marks ends before that, unless
            `racing` is False.
        **bootstrap_kw: As for `BootstrapFewShot`: `max_bootstrapped_demos`, `metric_threshold` …
    """

    name = "infer_rules"
    Params = InferRulesParams
    marks_compiled = True
    when = "The rows follow rules that can be said in words, and people should be able to read them."
    needs = "A metric, about 50 rows: half to read rules out of, half to choose by."

    def __init__(
        self,
        num_candidates: int = 10,
        num_rules: int = 10,
        num_threads: int | None = None,
        teacher_settings: Mapping[str, Any] | None = None,
        *,
        metric: Any = None,
        prompt_model: Any = None,
        ablate: bool = False,
        **bootstrap_kw: Any,
    ) -> None:
        params = self.checked(
            {
                **bootstrap_kw,
                "num_candidates": num_candidates,
                "num_rules": num_rules,
                "num_threads": num_threads,
                "ablate": ablate,
            }
        )
        super().__init__(params, metric=metric, teacher_settings=teacher_settings, prompt_model=prompt_model)

    async def acompile(
        self,
        student: Module,
        *,
        trainset: Iterable[Example],
        valset: Iterable[Example] | None = None,
        **options: Any,
    ) -> Any:
        """Return a compiled copy of the student.

        Args:
            student: The program to improve.
            trainset: Rows to make demos and rules from.
            valset: Rows to choose by; None: half of the training rows, drawn by the seed.
            **options: As for every optimizer.
        """
        run, every = copy.copy(self), dict[str, Any](options, valset=valset)
        rows, remarks = set_aside(trainset, every, HALVES)
        run._remarks = (*self._remarks, *remarks)
        return await Optimizer.acompile(run, student, trainset=rows, **every)

    def prepare(self, problem: Problem) -> None:
        """Check that student and teacher fit and that there are steps to write for and rows to score on."""
        check_structure(problem)
        if not problem.scoring:
            raise OptimizerError("There are no rows to score on.", hint="Give a trainset or a valset.")

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose the student as given and bootstrapped, then sets of rules, then the best set without single ones."""
        made = view.pool.proposals - AS_THEY_WERE
        if made < 0:
            return await self._first(view)
        numbers = range(made + 1, min(self.params.num_candidates, made + view.width) + 1)
        if numbers:
            found = [await self._with_rules(view, number) for number in numbers if not view.ended]
            return [] if view.ended else found
        left = _ablation(view) if self.params.ablate else None
        return () if left is None else [left]

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """Calls of the teacher, one question a step and candidate, and scoring."""
        params, steps = self.params, max(1, len(student.named_predictors()))
        every: dict[str, Any] = {"valset": valset}
        learn, _ = set_aside(trainset, every, HALVES)
        full = calls_per_run(student) * len(every["valset"] or learn)
        asked = params.num_candidates * steps
        tried = 2 + params.num_candidates
        made = bootstrap_phase(params, student, len(learn), teacher)
        # A student with full marks ends the search before anything is made.
        phases = [
            Phase("bootstrap", 0, made.likely, made.high, "teacher"),
            Phase("write rules", 0, asked, asked * REPAIR, "writer"),
            Phase(
                "score candidates",
                full,
                max(full, full * tried // 2),
                full * tried * REPAIR,
                unraced=full * tried,
            ),
        ]
        if params.ablate:
            most = params.num_rules * steps
            phases.append(
                Phase("leave out rules", 0, full * most // 2, full * most * REPAIR, unraced=full * most)
            )
        return Estimate(tuple(phases))

    async def _first(self, view: SearchView) -> list[Proposal]:
        """Return the student as given and bootstrapped; raced, one after the other, both on every row."""
        given = Proposal({}, label="as given", seed=0, notes={"baseline": True})
        if view.round == 0:
            for remark in self._remarks:
                view.warn(remark)
            if view.racing:  # it sets the mark, and with full marks nothing else is worth a call
                return [given]
        rules = self.params.rules(self.teacher_settings)
        bootstrap = Bootstrap(view, rules, view.problem.train, "bootstrapped demos")
        await bootstrap_all(view, [bootstrap])
        summarize(view, bootstrap.label, rules)
        # All sets of rules build on it, so that its score is wanted whole.
        every = tuple(range(len(view.problem.scoring))) if view.racing else None
        made = Proposal(
            bootstrap.state(), label=bootstrap.label, seed=-1, rows=every, notes={"without_rules": True}
        )
        return [made] if view.racing else [made, given]

    async def _with_rules(self, view: SearchView, number: int) -> Proposal:
        """Return one candidate; where no rules came of it, the bootstrapped program: a duplicate."""
        rules: _Rules = {}
        for path in view.problem.paths:
            found = _rules_in(await self._asked(view, path, number), self.params.num_rules)
            if found:
                rules[path] = found
        base = _base(view)
        return Proposal(
            _told(view.problem, base.state, rules),
            label=f"rules {number}",
            parents=(base.id,),
            seed=number,
            notes={"rules": rules},
        )

    async def _asked(self, view: SearchView, path: str, number: int) -> Answer | None:
        """Ask for the rules of a step, with fewer rows where the prompt was too long."""
        shown = _shown(view, path, number, self.params.shown_rows)
        while True:
            [answer] = await view.ask([self._job(view, path, number, shown)])
            if answer is None or "ContextWindowExceeded" not in answer.error or len(shown) <= LEAST_SHOWN:
                return answer
            shown = shown[: len(shown) // 2]

    def _job(self, view: SearchView, path: str, number: int, shown: Sequence[Example]) -> AskJob:
        signature = dict(view.problem.student.named_predictors())[path].signature
        return AskJob(
            key=f"rules:{path}:{number}:{len(shown)}",
            proposer=Predict(RulesFromExamples),
            inputs={
                "task_fields": fields_text(signature),
                "examples": rows_text(shown, signature),
                "number_of_rules": self.params.num_rules,
            },
            settings={**self.teacher_settings, **self.prompt_settings()},
            config={"temperature": self.params.temperature, "rollout_id": number},
        )


def _base(view: SearchView) -> Candidate:
    """Return the bootstrapped program."""
    return next(entry.candidate for entry in view.pool if entry.candidate.notes.get("without_rules"))


def _shown(view: SearchView, path: str, number: int, most: int) -> list[Example]:
    """Return examples of a step: its own passing runs first, then training rows."""
    signature = dict(view.problem.student.named_predictors())[path].signature
    asked = set(signature.input_fields)
    demos = [demo for demo in _base(view).state.get(path, {}).get("demos", ()) if "values" in demo]
    own = [
        Example(**demo["values"]).with_inputs(*(name for name in demo["values"] if name in asked))
        for demo in demos
    ]
    used = {demo["row"] for demo in demos}
    rest = [item.example for item in view.problem.train if item.key not in used]
    draw = view.rng("shown", path, number)
    return [*own, *draw.sample(rest, max(0, min(most - len(own), len(rest))))][:most]


def _rules_in(answer: Answer | None, most: int) -> list[str]:
    said = str(answer.fields.get("natural_language_rules") or "") if answer is not None else ""
    lines = [_BULLET.sub("", line).strip() for line in said.splitlines()]
    return list(dict.fromkeys(line for line in lines if line))[:most]


def _told(problem: Problem, base: State, rules: Mapping[str, Sequence[str]]) -> State:
    """Return the base with the rules at the end of the instructions."""
    predictors = dict(problem.student.named_predictors())
    state: State = {path: dict(part) for path, part in base.items()}
    for path, own in rules.items():
        if own:
            listed = "\n".join(f"- {rule}" for rule in own)
            text = f"{predictors[path].signature.instructions}\n\nKeep to these rules:\n{listed}"
            state.setdefault(path, {})["instructions"] = text
    return state


def _ablation(view: SearchView) -> Proposal | None:
    """Return the best set of rules so far without one that was not left out yet; None: each was, once."""
    best = _winner_with_rules(view)
    if best is None:
        return None
    start, out = best, ()
    rules: _Rules = start.notes["rules"]
    tried = {tuple(entry.candidate.notes.get("left_out", ())): entry for entry in view.pool}
    for name in (f"{path}#{number}" for path, own in rules.items() for number in range(len(own))):
        entry = tried.get((*out, name))
        if entry is None:
            return _without(view, start, (*out, name))
        if entry.status == "full" and view.pool.mean(entry.candidate) > view.pool.mean(best):
            best, out = entry.candidate, (*out, name)
    return None


def _winner_with_rules(view: SearchView) -> Candidate | None:
    """Return the candidate that won before any rule was left out; None where it is one without rules."""
    full: list[Entry] = [
        entry for entry in view.pool if entry.status == "full" and "left_out" not in entry.candidate.notes
    ]
    found = max(full, key=lambda entry: view.pool.mean(entry.candidate), default=None)
    return found.candidate if found is not None and found.candidate.notes.get("rules") else None


def _without(view: SearchView, start: Candidate, out: tuple[str, ...]) -> Proposal:
    """Return the winner without some of its rules."""
    kept = {
        path: [rule for number, rule in enumerate(own) if f"{path}#{number}" not in out]
        for path, own in start.notes["rules"].items()
    }
    return Proposal(
        _told(view.problem, _base(view).state, kept),
        label=f"{start.label} without {len(out)}",
        parents=(start.id,),
        notes={"rules": kept, "left_out": list(out)},
    )
