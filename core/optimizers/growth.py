"""One step of SIMBA: runs a batch several times, and grows programs by a demo or a rule of the runs that differ most.

Knows nothing about other steps; what they made stands in the pool. A rule is asked for each predictor whose outputs
differ between the best and the worst run, one short question each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from core.foundation.fingerprint import jsonable
from core.modules.module import Module
from core.modules.overrides import Override
from core.modules.predict import Predict
from core.optimizers.material import fields_text, instructions_of
from core.optimizers.reflection import last_step, run_text
from core.optimizers.trajectories import Bucket, buckets_of, percentile, poisson, softmax_draw
from core.search.candidate import State, build, state_key
from core.search.jobs import AskJob, Attempt, TraceJob
from core.search.problem import Item
from core.search.proposal import Proposal
from core.search.view import SearchView
from core.signature import InputField, OutputField, Signature

__all__ = ["Growth", "Program", "programs_of", "student_state"]

SAMPLING_TEMPERATURE = 1.0
"""At which a model answers again."""

FEWEST_DEMOS = 3
"""What demos are dropped by where none are added."""


class RuleFromRuns(Signature):
    """Two runs of the same step stand here: one went well, one did not. Write one short rule that leads to the better
    one, concrete and also true for other inputs. Do not repeat the task. Return the rule alone.
    """

    task_description: str = InputField()
    task_fields: str = InputField()
    better_run: str = InputField()
    worse_run: str = InputField()
    proposed_rule: str = OutputField()


@dataclass(frozen=True)
class Program:
    """A candidate with what is known of it from batches.

    Attributes:
        step: In which it was made.
        won: It was the best of its step.
    """

    id: str
    key: str
    state: State
    step: int
    scores: Sequence[float]
    won: bool

    @property
    def mean(self) -> float:
        """Of its scores; 0 without any."""
        return math.fsum(self.scores) / len(self.scores) if self.scores else 0.0


@dataclass(frozen=True)
class _Grown:
    """A new program before it ran: its source, its state, and what was added."""

    source: Program
    state: State
    how: str
    row: str


def programs_of(view: SearchView) -> list[Program]:
    """Return the programs of a search in order; the first is the student."""
    return [
        Program(
            one.id,
            one.key,
            one.state,
            one.notes.get("step", 0),
            one.notes.get("scores", ()),
            bool(one.notes.get("won")),
        )
        for one in (entry.candidate for entry in view.pool if entry.status != "duplicate")
    ]


class _SIMBA(Protocol):
    params: Any
    teacher_settings: dict[str, Any]

    def prompt_settings(self) -> dict[str, Any]: ...


class Growth:
    """One step.

    Args:
        programs: Those so far; none in the first step.
        step: Its number from 0.
    """

    def __init__(self, optimizer: _SIMBA, view: SearchView, programs: Sequence[Program], step: int) -> None:
        self._optimizer = optimizer
        self._params = optimizer.params
        self._view = view
        self._problem = view.problem
        self._step = step
        self._fresh = not programs
        student = student_state(self._problem.student)
        self._programs = list(programs) or [Program("c0", state_key(student), student, 0, (), False)]
        self._signatures = {path: part.signature for path, part in self._problem.student.named_predictors()}
        self._built: dict[str, Module] = {}

    async def proposals(self) -> list[Proposal]:
        """Return what this step grew; nothing where no run was better than another, or the search ended."""
        batch = self._batch()
        found = await self._sampled(batch)
        if len(found) < len(batch) * self._params.num_candidates:
            return [self._baseline(())] if self._fresh else []
        scores = [attempt.score or 0.0 for attempt in found]
        grown = await self._grown(buckets_of(batch, found), percentile(scores, 0.1), percentile(scores, 0.9))
        first = [self._baseline(scores)] if self._fresh else []
        return [*first, *await self._tried(grown, batch)]

    def _baseline(self, scores: Sequence[float]) -> Proposal:
        notes = {"baseline": True, "step": self._step if scores else -1, "scores": list(scores), "won": False}
        return Proposal(self._programs[0].state, label="as given", seed=0, evaluate=False, notes=notes)

    def _batch(self) -> list[Item]:
        train = self._problem.train
        size = min(self._params.bsize, len(train))
        turn, place = divmod(self._step, len(train) // size)
        order = self._view.rng("simba rows", turn).sample(train, len(train))
        return order[place * size : (place + 1) * size]

    def _top(self) -> list[Program]:
        """Return the best programs by their batches, the student among them."""
        best = sorted(self._programs, key=lambda program: -program.mean)[: self._params.num_candidates]
        return best if self._programs[0] in best else [*best[:-1], self._programs[0]]

    async def _sampled(self, batch: Sequence[Item]) -> list[Attempt]:
        """Run every row once for each copy of the model, each time by a program that is drawn."""
        draw, top = self._view.rng("simba sampling", self._step), self._top()
        means, jobs = [program.mean for program in top], list[TraceJob]()
        for copy in range(self._params.num_candidates):
            for item in batch:
                program = top[softmax_draw(means, self._params.temperature_for_sampling, draw)]
                jobs.append(self._job(program.key, program.state, item, copy))
        return [attempt for attempt in await self._view.traces(jobs) if attempt is not None]

    def _job(self, key: str, state: State, item: Item, copy: int = 0) -> TraceJob:
        """Return a run; copy 0 is the model as it is, the teacher's settings (if any) hold for the last one."""
        if key not in self._built:
            self._built[key] = build(self._problem.student, state, self._problem.train_rows)
        settings = (
            self._optimizer.teacher_settings if copy == self._params.num_candidates - 1 and copy else {}
        )
        rollout = self._step * self._params.num_candidates + copy
        fresh = Override(config={"temperature": SAMPLING_TEMPERATURE, "rollout_id": rollout})
        return TraceJob(
            key=f"simba:{key}:{rollout if copy else 0}:{item.key}",
            item=item,
            teacher=self._built[key],
            judge=lambda _: "",
            overrides={"*": fresh} if copy else {},
            settings=settings,
            whole=True,
        )

    async def _grown(self, buckets: Sequence[Bucket], low: float, high: float) -> list[_Grown]:
        """Return new programs, from the row with the widest spread on.

        Args:
            low: A tenth of all runs score no more.
            high: A tenth of all runs score no less.
        """
        draw, top = self._view.rng("simba growth", self._step), self._top()
        means = [program.mean for program in top]
        known = {program.key for program in self._programs}
        grown: list[_Grown] = []
        for bucket in buckets:
            if len(grown) > self._params.num_candidates or self._view.ended:
                break
            source = top[softmax_draw(means, self._params.temperature_for_candidates, draw)]
            state = self._thinned(source.state, draw)
            by_demo = bool(self._params.max_demos) and draw.random() < 0.5
            if by_demo:
                made = self._with_demo(state, bucket, low)
            else:
                made = await self._with_rule(state, bucket, low, high)
            if made is not None and state_key(made) not in known:
                known.add(state_key(made))
                grown.append(_Grown(source, made, "a demo" if by_demo else "a rule", bucket.item.key))
        return grown

    def _thinned(self, state: State, draw: Any) -> State:
        """Return a state with some demos dropped, the same places at every predictor."""
        count = max((len(part.get("demos", ())) for part in state.values()), default=0)
        usual = self._params.max_demos or FEWEST_DEMOS
        drops = min(count, max(poisson(count / usual, draw), int(count >= usual)))
        gone = {draw.randrange(count) for _ in range(drops)}
        return {
            path: {**part, "demos": [demo for place, demo in enumerate(part["demos"]) if place not in gone]}
            if "demos" in part
            else part
            for path, part in state.items()
        }

    def _with_demo(self, state: State, bucket: Bucket, low: float) -> State | None:
        """Return a state with the best run as a demo; None where it is as bad as the worst tenth."""
        if bucket.best.score <= low:
            return None
        made: State = dict(state)
        for path in self._problem.paths:
            step = last_step(bucket.best.attempt, path)
            if step is not None:
                inputs = {name: self._cut(value) for name, value in step["inputs"].items()}
                demo = {"row": bucket.item.key, "values": {**inputs, **step["outputs"]}}
                part = made.get(path, {})
                made[path] = {**part, "demos": [*part.get("demos", ()), demo]}
        return made

    def _cut(self, value: Any) -> Any:
        most = self._params.demo_input_field_maxlen
        return f"{value[:most]}…" if isinstance(value, str) and len(value) > most else value

    async def _with_rule(self, state: State, bucket: Bucket, low: float, high: float) -> State | None:
        """Return a state with a rule; None where the runs teach nothing.

        As published, also where the best run is among the worst tenth or the worst among the best tenth: programs that
        seldom succeed get no rules (`growth_raced` writes some).
        """
        best, worst = bucket.best, bucket.worst
        if best.score <= worst.score or best.score <= low or worst.score >= high:
            return None
        paths = [path for path in self._problem.paths if self._differs(bucket, path)]
        answers = await self._view.ask([self._question(state, bucket, path) for path in paths])
        made: State = dict(state)
        for path, answer in zip(paths, answers, strict=True):
            rule = str(answer.fields.get("proposed_rule") or "").strip() if answer is not None else ""
            if rule:
                text = instructions_of(state, path, self._signatures[path].instructions)
                made[path] = {**made.get(path, {}), "instructions": f"{text}\n\n{rule}"}
        return made if made != state else None

    def _differs(self, bucket: Bucket, path: str) -> bool:
        steps = [last_step(run.attempt, path) for run in (bucket.best, bucket.worst)]
        outputs = [None if step is None else step["outputs"] for step in steps]
        return outputs[0] != outputs[1]

    def _question(self, state: State, bucket: Bucket, path: str) -> AskJob:
        signature = self._signatures[path]
        return AskJob(
            key=f"simba:{self._step}:{bucket.item.key}:{path}",
            proposer=Predict(RuleFromRuns),
            inputs={
                "task_description": instructions_of(state, path, signature.instructions),
                "task_fields": fields_text(signature),
                "better_run": run_text(bucket.best.attempt, bucket.item, path),
                "worse_run": run_text(bucket.worst.attempt, bucket.item, path),
            },
            settings=self._optimizer.prompt_settings(),
            config={"rollout_id": self._step + 1, "temperature": SAMPLING_TEMPERATURE},
        )

    async def _tried(self, grown: Sequence[_Grown], batch: Sequence[Item]) -> list[Proposal]:
        """Run new programs on the batch; return them with their scores, the best marked."""
        jobs = [self._job(state_key(one.state), one.state, item) for one in grown for item in batch]
        found = await self._view.traces(jobs)
        if any(attempt is None for attempt in found):
            return []
        scores = [attempt.score or 0.0 for attempt in found if attempt is not None]
        by_program = [scores[place * len(batch) : (place + 1) * len(batch)] for place in range(len(grown))]
        winner = max(range(len(grown)), key=lambda place: math.fsum(by_program[place]), default=None)
        return [
            Proposal(
                one.state,
                label=f"{one.how}, step {self._step + 1}",
                parents=(one.source.id,),
                seed=len(self._programs) + place,
                evaluate=False,
                notes={
                    "step": self._step,
                    "scores": by_program[place],
                    "won": place == winner,
                    "row": one.row,
                },
            )
            for place, one in enumerate(grown)
        ]


def student_state(student: Module) -> State:
    """Return the student with its own demos named one by one, so that they can be dropped like others."""
    return {
        path: {
            "demos": [
                {"row": f"own:{number}", "own": number, "values": jsonable(dict(demo.items()))}
                for number, demo in enumerate(part.demos)
            ]
        }
        for path, part in student.named_predictors()
        if part.demos
    }
