"""Instructions that are grounded: in the data, in the program's structure, in demos, and in a tip on style.

Knows nothing about scores. Opsahl-Ong et al., "Optimizing Instructions and Demonstrations for Multi-Stage Language
Model Programs", arXiv:2406.11695, §3.2; the sentences are ours. The program is read, never run.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.data.example import Example
from core.foundation.fingerprint import fingerprint
from core.modules.module import Module
from core.modules.predict import Predict
from core.optimizers.demo_sets import DemoSet
from core.optimizers.material import fields_text, rows_text
from core.search.jobs import AskJob
from core.search.view import SearchView
from core.signature import InputField, OutputField, Signature

__all__ = ["TIPS", "GroundedProposer", "Grounding", "data_asks", "program_asks", "program_text"]

MOST_BATCHES, MOST_SKIPS = 10, 5
"""Batches of rows that are looked at, and how many of them may add nothing before the rest is left out."""

SHOWN_ROWS = 6
"""Labelled rows that stand for demos where the search makes none."""

LONGEST_SOURCE = 6_000
"""Characters of a program's source that are read."""

TIPS = {
    "none": "",
    "short": "Keep it short and plain.",
    "detailed": "Be specific: name the cases and how each is answered.",
    "role": "Begin with the role of somebody who is good at this task.",
    "careful": "Write it as if a mistake were costly.",
    "unusual": "Approach the task from a side that the current instruction leaves out.",
}
"""What a proposal may be asked to be like."""


class Observe(Signature):
    """Say in a few short sentences what these rows of a data set have in common: their subject, the form of inputs and
    answers, and what decides which answer is right.
    """

    examples: str = InputField()
    observations: str = OutputField()


class ObserveFurther(Signature):
    """Here are more rows of a data set that was described before. Say what they add to the prior observations. Where
    they add nothing, answer COMPLETE.
    """

    examples: str = InputField()
    prior_observations: str = InputField()
    observations: str = OutputField()


class SumUpData(Signature):
    """Sum up these observations on a data set in two or three sentences for somebody who writes an instruction for its
    task.
    """

    observations: str = InputField()
    data_summary: str = OutputField()


class SumUpProgram(Signature):
    """Say in two or three sentences what this program of language model steps is for, and what each step hands on."""

    program_structure: str = InputField()
    program_summary: str = OutputField()


class WriteInstruction(Signature):
    """Write an instruction with which a language model solves this task well. Use everything that is told of the task.
    Return the instruction alone.
    """

    current_instruction: str = InputField()
    task_fields: str = InputField()
    proposed_instruction: str = OutputField()


@dataclass(frozen=True)
class Grounding:
    """What proposals are made from.

    Attributes:
        data: Look at the training rows and sum them up.
        program: Read the program's structure and source.
        demos: Show the demos of a set, or labelled rows where there are no sets.
        tip: Ask for one style or another.
        batch: Rows that are looked at at once.
        temperature: Of the proposals.
        settings: Settings in force while the proposer is asked.
    """

    data: bool = True
    program: bool = True
    demos: bool = True
    tip: bool = True
    batch: int = 10
    temperature: float = 1.0
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])


class GroundedProposer:
    """Writes instructions for every predictor.

    Args:
        view: The search.
        grounding: What the proposals are made from.
    """

    def __init__(self, view: SearchView, grounding: Grounding) -> None:
        self._view = view
        self._grounding = grounding
        self._predictors = dict(view.problem.student.named_predictors())

    async def propose(self, sets: Sequence[DemoSet], count: int) -> dict[str, list[str]]:
        """Return `count` instructions or fewer for every predictor; the first is the one it has.

        Args:
            sets: Demo sets; the i-th proposal is shown the i-th, or the next that has demos. Empty: rows are shown.
        """
        common = await self._common() if count > 1 else {}
        jobs = {
            (path, number): self._job(path, number, sets, common)
            for path in self._view.problem.paths
            for number in range(1, count)
        }
        if sets and self._grounding.demos and not any(demos for part in sets for demos in part.values()):
            self._view.warn(
                "There are no demos to show to the proposer: instructions are written without examples.",
                hint="Check the metric on a few rows, or use a stronger teacher (teacher_settings).",
            )
        answers = await self._view.ask(list(jobs.values()))
        found = {path: [part.signature.instructions] for path, part in self._predictors.items()}
        for (path, _), answer in zip(jobs, answers, strict=True):
            text = _text(answer, "proposed_instruction")
            if text and text not in found[path]:
                found[path].append(text)
        return found

    async def _common(self) -> dict[str, str]:
        """Return what every proposal is told."""
        told: dict[str, str] = {}
        if self._grounding.data:
            told["data_summary"] = await self._data_summary()
        if self._grounding.program and program_asks(self._view.problem.student):
            structure = program_text(self._view.problem.student)
            told["program_summary"] = await self._ask(
                "program", SumUpProgram, "program_summary", program_structure=structure
            )
        return {name: text for name, text in told.items() if text}

    async def _data_summary(self) -> str:
        rows = [item.example for item in self._view.problem.train]
        batch, seen, skipped = self._grounding.batch, list[str](), 0
        for start in range(0, min(len(rows), MOST_BATCHES * batch), batch):
            examples = rows_text(rows[start : start + batch])
            asked = {"examples": examples, **({"prior_observations": "\n".join(seen)} if seen else {})}
            text = await self._ask("data", ObserveFurther if seen else Observe, "observations", **asked)
            if text and not text.upper().startswith("COMPLETE"):
                seen.append(text)
                continue
            skipped += 1
            if skipped == MOST_SKIPS:
                break
        if not seen:
            return ""
        return await self._ask("summary", SumUpData, "data_summary", observations="\n".join(seen))

    async def _ask(self, kind: str, signature: Any, output: str, **inputs: str) -> str:
        key = f"ground:{kind}:{fingerprint(inputs)[:16]}"
        job = AskJob(key, Predict(signature), inputs, settings=self._grounding.settings)
        return _text((await self._view.ask([job]))[0], output)

    def _job(self, path: str, number: int, sets: Sequence[DemoSet], common: Mapping[str, str]) -> AskJob:
        own = self._predictors[path].signature
        asked = {**common, **({"step": path} if "program_summary" in common else {})}
        if self._grounding.demos and (examples := self._examples(path, number, sets)):
            asked["examples"] = examples
        tip = TIPS[self._view.rng("tip", path, number).choice(list(TIPS))] if self._grounding.tip else ""
        if tip:
            asked["tip"] = tip
        inputs = {"current_instruction": own.instructions, "task_fields": fields_text(own), **asked}
        return AskJob(
            key=f"instruction:{path}:{number}:{fingerprint(inputs)[:16]}",
            proposer=Predict(_with_inputs(WriteInstruction, list(asked))),
            inputs=inputs,
            settings=self._grounding.settings,
            config={"temperature": self._grounding.temperature, "rollout_id": number},
        )

    def _examples(self, path: str, number: int, sets: Sequence[DemoSet]) -> str:
        """Return the demos of a set as text; without sets, rows drawn for this proposal."""
        own = self._predictors[path]
        if not sets:
            rows = [item.example for item in self._view.problem.train]
            drawn = self._view.rng("shown", path, number).sample(rows, min(SHOWN_ROWS, len(rows)))
            return rows_text(drawn, own.signature)
        turned = [sets[(number + step) % len(sets)].get(path) for step in range(len(sets))]
        demos = next((demos for demos in turned if demos), None)
        return rows_text([self._row(demo, own.signature) for demo in demos], own.signature) if demos else ""

    def _row(self, demo: Mapping[str, Any], signature: Any) -> Example:
        if "values" not in demo:
            return self._view.problem.train_rows[demo["row"]]
        inputs = [name for name in signature.input_fields if name in demo["values"]]
        return Example(**demo["values"]).with_inputs(*inputs)


def _with_inputs(signature: Any, names: Sequence[str]) -> Any:
    """Return the signature with further inputs; what is not known is not asked about."""
    for name in names:
        signature = signature.append(name, InputField(), str)
    return signature


def _text(answer: Any, name: str) -> str:
    return "" if answer is None else str(answer.fields.get(name) or "").strip()


def data_asks(rows: int, batch: int) -> int:
    """Return how many questions the summary of the data takes at most."""
    return min(MOST_BATCHES, math.ceil(rows / batch)) + 1 if rows else 0


def program_asks(program: Module) -> int:
    """Return how many questions the summary of the program takes; one step on its own needs none."""
    return int(len(program.named_predictors()) > 1 or bool(_source(program)))


def program_text(program: Module) -> str:
    """Return the steps of a program with their fields and instructions, and its source where it is a user's own."""
    steps = [
        f"Step {path}: {part.signature.signature}\n{part.signature.instructions}"
        for path, part in program.named_predictors()
    ]
    source = _source(program)
    return "\n\n".join([*steps, *([f"Source:\n{source}"] if source else [])])


def _source(program: Module) -> str:
    kind = type(program)
    if kind.__module__.partition(".")[0] == "core":  # how a module of ours works says nothing about the task
        return ""
    try:
        return inspect.getsource(kind)[:LONGEST_SOURCE]
    except (OSError, TypeError):  # made in a terminal, or without a file
        return ""
