"""Decides every output of a task: picks the solver for each field, draws from its options, keeps the evidence.

Knows nothing about messages or replies.
"""

from __future__ import annotations

from typing import Any

from core.lm.embedded.answers import solve_question
from core.lm.embedded.closed import choices_for, solve_closed
from core.lm.embedded.context import Context
from core.lm.embedded.freetext import solve_freetext
from core.lm.embedded.options import Option
from core.lm.embedded.reasoning import is_reasoning, write_reasoning
from core.lm.embedded.task import Slot

__all__ = ["solve"]


def solve(context: Context) -> dict[str, Any]:
    """Return a value for every output of the task."""
    later = [slot for slot in context.task.outputs if is_reasoning(slot)]
    for slot in context.task.outputs:
        if slot not in later:
            context.settled[slot.name] = context.sampler.pick(_options(context, slot))
    values = {name: option.value for name, option in context.settled.items()}
    for slot in later:
        values[slot.name] = write_reasoning(context.settled)
    return values


def _options(context: Context, slot: Slot) -> list[Option]:
    if choices_for(context.task, slot):
        return solve_closed(context, slot)
    return solve_question(context, slot) or solve_freetext(context, slot)
