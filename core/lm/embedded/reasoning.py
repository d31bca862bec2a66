"""The `reasoning` field: which evidence the answers rest on, truly.

Knows nothing about how answers were found; it reads the evidence that came with them.
"""

from __future__ import annotations

from core.lm.embedded.options import Option
from core.lm.embedded.task import Slot
from core.lm.embedded.text import humanized
from core.wire.values import value_text

__all__ = ["is_reasoning", "write_reasoning"]

_NAMES = {
    "reasoning", "rationale", "thought", "thoughts", "explanation", "justification", "thinking", "analysis",
    "begründung", "chain", "next_thought", "discussion",
}  # fmt: skip


def is_reasoning(slot: Slot) -> bool:
    """Return whether a field holds the reasons for the other fields."""
    return slot.shape.kind in {"str", "any", "named"} and (
        slot.name.casefold() in _NAMES or bool(set(humanized(slot.name).split()) & _NAMES)
    )


def write_reasoning(settled: dict[str, Option]) -> str:
    """Return one sentence per answer: what it is and what it rests on."""
    lines: list[str] = []
    for name, option in settled.items():
        reason = option.reason().rstrip(".")
        value = value_text(option.value)
        shown = value if len(value) <= 120 else value[:119] + "…"
        if reason:
            lines.append(f"{reason[0].upper()}{reason[1:]}, so {humanized(name)} is {shown}.")
        else:
            lines.append(f"{humanized(name).capitalize()} is {shown}.")
    return "\n".join(lines) or "There was nothing to decide."
