"""The task that a prompt sets, whichever layout it was written in: fields, instruction, demos, input.

Knows nothing about layouts or about how to answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.lm.embedded.shapes import TEXT, Shape

__all__ = ["Demo", "Slot", "Task"]


@dataclass(frozen=True, slots=True)
class Slot:
    """A field: its name, what is said of it, and the values it takes."""

    name: str
    description: str = ""
    shape: Shape = TEXT


@dataclass(frozen=True, slots=True)
class Demo:
    """An example in the prompt; values as they were written. Outputs it does not give are absent."""

    inputs: dict[str, str]
    outputs: dict[str, str]


@dataclass(frozen=True, slots=True)
class Task:
    """What a prompt asks.

    Attributes:
        layout: How the reply is to be written: "chat", "json", "xml", "lines" (`name: value`), "fenced"
            (between ```) or "bare".
        given: The inputs to answer now.
        closing: The chat layout's last marker is expected.
        complaint: What a later turn said of an answer that could not be read; empty in a first attempt.
        refused: The answers that were refused.
    """

    layout: str = "bare"
    instruction: str = ""
    inputs: tuple[Slot, ...] = ()
    outputs: tuple[Slot, ...] = ()
    demos: tuple[Demo, ...] = ()
    given: dict[str, str] = field(default_factory=dict[str, str])
    closing: bool = True
    complaint: str = ""
    refused: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Every given input, one below another."""
        return "\n".join(value for value in self.given.values() if value.strip())

    def slot(self, name: str) -> Slot:
        """Return the output of that name."""
        return next(slot for slot in self.outputs if slot.name == name)

    def taught(self, name: str) -> list[tuple[Demo, str]]:
        """Return the demos that give an output, with its text."""
        return [(demo, demo.outputs[name]) for demo in self.demos if name in demo.outputs]
