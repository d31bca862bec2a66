"""OPRO: a model writes the next instruction after reading the earlier ones with their scores.

Knows nothing about demos. Yang et al., Large Language Models as Optimizers, arXiv:2309.03409; the 2024 function
`optimize_signature` is this with its own names.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from core.data.example import Example
from core.modules.module import Module
from core.modules.predict import Predict
from core.optimizers.base import Optimizer, OptimizerParams, optimizers
from core.optimizers.material import attempts_text, check_writable, fields_text, instructions_of, rows_text
from core.search.candidate import Candidate, State
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.search.jobs import AskJob
from core.search.problem import Problem
from core.search.proposal import Proposal
from core.search.view import SearchView
from core.signature import InputField, OutputField, Signature

__all__ = ["OPRO"]


class FirstInstruction(Signature):
    """Write an instruction with which a language model solves this task well. Read the examples for what the answers
    have in common. Return the instruction alone.
    """

    current_instruction: str = InputField()
    task_fields: str = InputField()
    examples: str = InputField()
    proposed_instruction: str = OutputField()


class NextInstruction(Signature):
    """Earlier instructions for a task stand here with the scores they reached. Write one that is different and will
    score higher. Return the instruction alone.
    """

    current_instruction: str = InputField()
    task_fields: str = InputField()
    examples: str = InputField()
    attempted_instructions: str = InputField()
    proposed_instruction: str = OutputField()


class OPROParams(OptimizerParams):
    """Parameters of `OPRO`."""

    initial_prompts: int = Field(
        2, ge=1, le=100, description="Instructions written before any score is known."
    )
    n_iterations: int = Field(10, ge=0, le=1_000, description="Instructions written from the scores so far.")
    max_examples: int = Field(20, ge=1, le=200, description="Earlier instructions that the proposer reads.")
    sorted_order: Literal["increasing", "decreasing", "chronological"] = Field(
        "increasing", description="Order in which it reads them."
    )
    strategy: Literal["best", "last"] = Field("best", description="Which program to return.")
    shown_rows: int = Field(8, ge=0, le=100, description="Training rows that the proposer reads.")
    init_temperature: float = Field(1.0, ge=0, le=2, description="Temperature of the proposer.")


@optimizers.register(
    "opro",
    summary="Instructions written from earlier ones and their scores.",
    title="Instructions from past scores",
)
class OPRO(Optimizer[OPROParams]):
    """Writes instructions for every step, scores them, and writes the next ones from what scored how.

    Args:
        metric: `metric(example, prediction, trace)`.
        prompt_model: Writes the instructions; None: the model in force.
        initial_prompts: Instructions before any score is known.
        n_iterations: Instructions written from scores.
        max_examples: Earlier instructions that the proposer reads.
        sorted_order: Order in which it reads them.
        strategy: "best" returns the best program, "last" the one proposed last.
    """

    name = "opro"
    Params = OPROParams
    asks_teacher = False
    takes_teacher_settings = False
    gives_demos = False
    when = "Instructions matter more than examples, or demos do not fit: writes them from what scored how."
    needs = "A metric and rows; a stronger model as proposer helps."

    def __init__(
        self,
        metric: Callable[..., Any] | None = None,
        prompt_model: Any = None,
        initial_prompts: int = 2,
        n_iterations: int = 10,
        max_examples: int = 20,
        sorted_order: str = "increasing",
        strategy: str = "best",
        init_temperature: float = 1.0,
        teacher_settings: Mapping[str, Any] | None = None,
    ) -> None:
        params = self.checked(
            {
                "initial_prompts": initial_prompts,
                "n_iterations": n_iterations,
                "max_examples": max_examples,
                "sorted_order": sorted_order,
                "strategy": strategy,
                "init_temperature": init_temperature,
            }
        )
        super().__init__(params, metric=metric, teacher_settings=teacher_settings, prompt_model=prompt_model)

    def prepare(self, problem: Problem) -> None:
        """Check that there are predictors to write for and rows to score on."""
        check_writable(problem)

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose the student, then the first instructions, then one after the other."""
        made = view.pool.proposals
        if not made:
            return [Proposal({}, label="as given", seed=0, notes={"baseline": True})]
        first, last = self.params.initial_prompts, self.params.initial_prompts + self.params.n_iterations
        numbers = range(made, first + 1) if made <= first else range(made, made + 1)
        wanted = [number for number in numbers if number <= last]
        states = [await self._state(view, number) for number in wanted]
        return [
            Proposal(state, label=self._label(number), seed=number, parents=_parents(view, number > first))
            for number, state in zip(wanted, states, strict=True)
            if not view.ended
        ]

    def pick(self, view: SearchView) -> Candidate | None:
        """Return the best candidate, or the last where `strategy` says so."""
        if self.params.strategy == "last":
            full = [entry.candidate for entry in view.pool if entry.status in {"full", "dropped"}]
            return full[-1] if full else super().pick(view)
        return super().pick(view)

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """One question a step and instruction, and scoring each."""
        rows = len(valset or trainset)
        written = self.params.initial_prompts + self.params.n_iterations
        asked = written * max(1, len(student.named_predictors()))
        full = calls_per_run(student) * rows
        return Estimate(
            (
                Phase("write instructions", 0, asked, asked * REPAIR, "writer"),
                Phase("score candidates", full, full * (written + 1), full * (written + 1) * REPAIR),
            )
        )

    async def _state(self, view: SearchView, number: int) -> State:
        """Return new instructions for every step; where nothing came of it, those of the student: a duplicate."""
        jobs = [self._job(view, path, number) for path in view.problem.paths]
        answers = await view.ask(jobs)
        state: State = {}
        for path, answer in zip(view.problem.paths, answers, strict=True):
            text = str(answer.fields.get("proposed_instruction") or "").strip() if answer is not None else ""
            if text:
                state[path] = {"instructions": text}
        return state

    def _job(self, view: SearchView, path: str, number: int) -> AskJob:
        signature = dict(view.problem.student.named_predictors())[path].signature
        draw = view.rng("shown", path, number)
        train = [item.example for item in view.problem.train]
        shown = draw.sample(train, min(self.params.shown_rows, len(train)))
        inputs = {
            "current_instruction": signature.instructions,
            "task_fields": fields_text(signature),
            "examples": rows_text(shown, signature),
        }
        proposer = Predict(FirstInstruction)
        if number > self.params.initial_prompts:
            proposer = Predict(NextInstruction)
            inputs["attempted_instructions"] = attempts_text(
                self._attempts(view, path, signature.instructions)
            )
        return AskJob(
            key=f"opro:{path}:{number}",
            proposer=proposer,
            inputs=inputs,
            settings=self.prompt_settings(),
            config={"temperature": self.params.init_temperature, "rollout_id": number},
        )

    def _attempts(self, view: SearchView, path: str, default: str) -> list[tuple[str, float]]:
        scored = [
            (instructions_of(entry.candidate.state, path, default), mean)
            for entry in view.pool
            if math.isfinite(mean := view.pool.mean(entry.candidate))
        ]
        if self.params.sorted_order == "chronological":
            return scored[-self.params.max_examples :]
        best = sorted(scored, key=lambda pair: -pair[1])[: self.params.max_examples]
        return best if self.params.sorted_order == "decreasing" else best[::-1]

    def _label(self, number: int) -> str:
        return (
            f"instruction {number}"
            if number <= self.params.initial_prompts
            else f"instruction {number}, from scores"
        )


def _parents(view: SearchView, from_scores: bool) -> tuple[str, ...]:
    return (view.leader.id,) if from_scores and view.leader is not None else ()
