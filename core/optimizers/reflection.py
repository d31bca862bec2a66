"""What a model reads that learns from runs: what went in, what came out, and what the metric said of it.

Knows nothing about search strategies. The reflection step of GEPA (Agrawal et al., arXiv:2507.19457, §3) with a prompt
of our own; where the metric says nothing in words, the labels of the training row are said instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.data.prediction import Prediction
from core.foundation.fingerprint import canonical_json, jsonable
from core.modules.module import Module
from core.search.jobs import Attempt, Step
from core.search.problem import Item
from core.signature import InputField, OutputField, Signature

__all__ = [
    "LONGEST_MATERIAL",
    "CustomProposer",
    "Record",
    "Reflect",
    "ReflectOnMany",
    "feedback_of",
    "last_step",
    "record_of",
    "records_text",
    "run_text",
]

LONGEST_SHOWN = 2_000
"""Characters of one value that a reflecting model reads."""

LONGEST_MATERIAL = 16_000
"""Characters of many runs together."""

Record = dict[str, Any]
"""{"Inputs": {…}, "Generated Outputs": {…}, "Feedback": text}: the shape that DSPy's instruction proposers get."""


class Reflect(Signature):
    """A model did a step of a task with the current instruction. Read what went in, what came out and the feedback.

    Write an instruction with which it does better: keep what works, add what the feedback teaches, as rules that also
    hold for inputs not shown here. Return the instruction alone.
    """

    current_instruction: str = InputField()
    task_fields: str = InputField()
    examples_with_feedback: str = InputField()
    proposed_instruction: str = OutputField()


class ReflectOnMany(Signature):
    """A model did a step of a task with the current instruction. Read what went in, what came out and the feedback,
    and the correct examples beside them.

    Write an instruction with which it does better: keep what works, add what the feedback and the examples teach, as
    rules that also hold for inputs not shown here. Return the instruction alone.
    """

    current_instruction: str = InputField()
    task_fields: str = InputField()
    examples_with_feedback: str = InputField()
    correct_examples: str = InputField()
    proposed_instruction: str = OutputField()


class CustomProposer(Module):
    """An instruction proposer of one's own as a module, so that its requests are counted like all others.

    Args:
        proposer: `proposer(candidate, reflective_dataset, components_to_update)` returns {path: instructions}.
    """

    def __init__(self, proposer: Any) -> None:
        super().__init__()
        self.proposer = proposer

    def forward(self, candidate: Any, reflective_dataset: Any, components_to_update: Any) -> Prediction:
        """Ask it."""
        found = self.proposer(
            candidate=candidate,
            reflective_dataset=reflective_dataset,
            components_to_update=components_to_update,
        )
        return Prediction(instructions={str(path): str(text) for path, text in dict(found).items()})


def last_step(attempt: Attempt, path: str) -> Step | None:
    """Return the last call of a predictor in a run."""
    return next((step for step in reversed(attempt.steps) if step["path"] == path), None)


def feedback_of(attempt: Attempt, item: Item, path: str | None = None, *, perfect: float = 1.0) -> str:
    """Return what there is to say of a run: the metric's words on the predictor or on all, or else the labels.

    Args:
        item: The training row.
        path: The predictor that is going to learn.
        perfect: The score at which there is nothing to correct.
    """
    said = attempt.advice.get(path or "", {}).get("feedback") or attempt.feedback
    if said:
        return str(said)
    if attempt.error:
        return f"It failed: {attempt.error}"
    score = attempt.score or 0.0
    if score >= perfect:
        return f"Score {score:g}: right."
    labels = dict(item.example.labels().items())
    known = [name for name in labels if name in attempt.outputs] or list(labels)
    return " ".join([f"Score {score:g}.", *(f"{name} should be {_text(labels[name])}." for name in known)])


def record_of(
    attempt: Attempt, item: Item, path: str, *, perfect: float = 1.0, failures: bool = False
) -> Record | None:
    """Return what a predictor did in a run; None where it took no part.

    Args:
        failures: Also where the program failed before the predictor's reply could be read.
    """
    step = last_step(attempt, path)
    if attempt.outcome != "scored":
        if not failures:
            return None
        inputs = step["inputs"] if step else jsonable(dict(item.example.inputs().items()))
        made = step["outputs"] if step else {"reply": "could not be read"}
        return {
            "Inputs": inputs,
            "Generated Outputs": made,
            "Feedback": feedback_of(attempt, item, path, perfect=perfect),
        }
    if step is None:
        return None
    feedback = feedback_of(attempt, item, path, perfect=perfect)
    return {"Inputs": step["inputs"], "Generated Outputs": step["outputs"], "Feedback": feedback}


def records_text(records: Sequence[Record], most: int | None = None) -> str:
    """Return records as numbered blocks of lines.

    Args:
        most: Characters; later records are left out where they do not fit, but the first never.
    """
    blocks: list[str] = []
    for number, record in enumerate(records, 1):
        block = (
            f"### Example {number}\nInputs:\n{_lines(record['Inputs'])}\n"
            f"Outputs:\n{_lines(record['Generated Outputs'])}\nFeedback: {record['Feedback']}"
        )
        if blocks and most is not None and sum(map(len, blocks)) + len(block) > most:
            break
        blocks.append(block)
    return "\n\n".join(blocks)


def run_text(attempt: Attempt, item: Item, path: str) -> str:
    """Return one run of a predictor with its score and feedback, as lines."""
    step = last_step(attempt, path)
    inputs = step["inputs"] if step else dict(item.example.inputs().items())
    outputs = step["outputs"] if step else {"reply": attempt.error or "none"}
    feedback = feedback_of(attempt, item, path)
    return f"Inputs:\n{_lines(inputs)}\nOutputs:\n{_lines(outputs)}\nFeedback: {feedback}"


def _lines(values: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}: {_text(value)}" for name, value in values.items())


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else canonical_json(jsonable(value))
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
