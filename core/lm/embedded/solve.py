"""Decides every output of a task: picks the solver for each field, draws from its options, keeps the evidence.

Knows nothing about messages or replies.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.lm.embedded.acting import next_call, observed
from core.lm.embedded.answers import solve_question
from core.lm.embedded.arithmetic import is_problem, solve_arithmetic
from core.lm.embedded.closed import choices_for, solve_closed
from core.lm.embedded.context import Context
from core.lm.embedded.freetext import solve_freetext
from core.lm.embedded.judge import is_assessment, solve_assessment, write_feedback
from core.lm.embedded.numbers import plain_number, read_number
from core.lm.embedded.options import Option
from core.lm.embedded.passages import passages_of, question_of
from core.lm.embedded.propose import is_proposal, solve_proposal
from core.lm.embedded.queries import is_query, solve_query
from core.lm.embedded.reasoning import is_reasoning, write_reasoning
from core.lm.embedded.records import solve_record, typed_examples
from core.lm.embedded.stated import solve_attempts, solve_stated
from core.lm.embedded.task import Slot
from core.lm.embedded.text import plain
from core.lm.embedded.tools import Toolbox
from core.lm.embedded.wishes import Wishes, read_wishes

__all__ = ["solve", "solve_slot"]


def solve(context: Context, box: Toolbox | None = None) -> dict[str, Any]:
    """Return a value for every output of the task, with what calls of tools gave where there were any."""
    task, wishes = read_wishes(context.task)
    context.task = task
    if box is not None and box.tools:
        _settle_call(context, box)
    later = [slot for slot in context.task.outputs if is_reasoning(slot)]
    for slot in context.task.outputs:
        if slot not in later and slot.name not in context.settled:
            options = wishes.kept(slot, _informed(context, box, wishes, slot))
            context.settled[slot.name] = context.sampler.pick(options)
    values = {name: option.value for name, option in context.settled.items()}
    for slot in later:
        stated = solve_stated(context, slot)
        values[slot.name] = stated[0].value if stated else write_reasoning(context.settled)
    return values


def _settle_call(context: Context, box: Toolbox) -> None:
    """Decide the outputs that name a tool, its arguments, or calls."""
    named = {slot.name: slot for slot in context.task.outputs}
    whole = next(
        (s.name for s in named.values() if s.name == "tool_calls" or s.shape.name == "ToolCalls"), ""
    )
    if not whole and "next_tool_name" not in named:
        return
    call = next_call(context, box, solve_slot)
    if call is None:
        return
    tool, args, why = call
    if whole:
        value = {"tool_calls": [{"name": tool.name, "args": args}]}
        context.settled[whole] = Option(value, 0.0, why)
    else:
        context.settled["next_tool_name"] = Option(tool.name, 0.0, why)
        context.settled["next_tool_args"] = Option(args, 0.0, "they are what the task gives")


def _informed(context: Context, box: Toolbox | None, wishes: Wishes, slot: Slot) -> list[Option]:
    """Return options for a field, with hints, and what calls gave, among its inputs where they can serve."""
    inner = context
    if wishes.hints and (choices_for(context.task, slot) or passages_of(context.task, "")):
        inner = replace(context, task=wishes.hinted(context.task))
    if box is not None and box.found:
        seen = observed(inner, box, slot)
        if isinstance(seen, list):
            return seen
        inner = seen
    return solve_slot(inner, slot)


def solve_slot(context: Context, slot: Slot) -> list[Option]:
    """Return values for one field, each with its weight."""
    if stated := solve_stated(context, slot) or solve_attempts(context, slot):
        return stated
    task = context.task
    if is_assessment(task, slot):
        return solve_assessment(context, slot)
    if choices_for(task, slot):
        return solve_closed(context, slot)
    if slot.shape.kind in {"int", "float"}:
        return _number(context, slot)
    if slot.shape.kind in {"list", "dict", "object", "date"} or (
        slot.shape.kind in {"named", "any"} and _typed(context, slot)
    ):
        return solve_proposal(context, slot) if is_proposal(task, slot) else solve_record(context, slot)
    return _text(context, slot)


def _typed(context: Context, slot: Slot) -> bool:
    return any(not isinstance(value, str) for _, value in typed_examples(context, slot))


def _number(context: Context, slot: Slot) -> list[Option]:
    """Return numbers: worked out, found in passages, or read off the input."""
    name, question = question_of(context.task)
    passages = passages_of(context.task, name)
    if not passages and is_problem(question):
        worked = solve_arithmetic(question)
    else:
        worked = solve_question(context, slot) if passages else []
    options: list[Option] = []
    for option in worked:
        number = read_number(str(option.value))
        if number is not None and (slot.shape.kind == "float" or number == int(number)):
            options.append(replace(option, value=number if slot.shape.kind == "float" else int(number)))
    return options or solve_record(context, slot)


def _text(context: Context, slot: Slot) -> list[Option]:
    task = context.task
    if is_proposal(task, slot):
        return solve_proposal(context, slot)
    if feedback := write_feedback(task, slot):
        return feedback
    if is_query(task, slot):
        return solve_query(context, slot)
    name, question = question_of(task)
    passages = passages_of(task, name)
    if not passages and is_problem(question):
        worked = solve_arithmetic(question)
        if worked:
            return [replace(option, value=_as_text(option.value)) for option in worked]
    if passages:
        return solve_question(context, slot) or solve_freetext(context, slot)
    if _copied(context, slot) or slot.shape.nullable:
        return solve_record(context, slot)
    return solve_freetext(context, slot)


def _as_text(value: Any) -> str:
    number = read_number(str(value))
    return str(value) if number is None else str(plain_number(number))


def _copied(context: Context, slot: Slot) -> bool:
    """Return whether the demos' values are mostly pieces of their inputs."""
    taught = context.task.taught(slot.name)
    hits = sum(plain(value) in plain("\n".join(demo.inputs.values())) for demo, value in taught)
    return bool(taught) and hits > 0.5 * len(taught)
