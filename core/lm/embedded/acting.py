"""Which tool to call next and with what, and what to answer from what calls gave.

Knows nothing about how tools and calls are written. A tool is chosen by what its name and description share with the
task and by whether its arguments can be filled from it; a call that was made is not made again; once a call has given
something, only words of the task that nothing has dealt with yet speak for a further tool.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.lm.embedded.candidates import pieces
from core.lm.embedded.context import Context, Solver
from core.lm.embedded.matching import covered
from core.lm.embedded.numbers import read_number
from core.lm.embedded.options import Option
from core.lm.embedded.passages import question_of
from core.lm.embedded.queries import solve_query
from core.lm.embedded.records import solve_record
from core.lm.embedded.shapes import TEXT
from core.lm.embedded.task import Slot, Task
from core.lm.embedded.text import content_words, humanized, words
from core.lm.embedded.tools import Tool, Toolbox

__all__ = ["Call", "called", "next_call", "observed"]

Call = tuple[Tool, dict[str, Any], str]
"""A tool, its arguments, and why."""

_QUERIES = {"query", "search", "keywords", "q"}
_WHOLE = {"question", "text", "input", "prompt", "message", "request"}
_SUMS = {"expression", "expr", "formula", "calculation", "equation", "code"}
_SUM = re.compile(r"[-(]*\d[\d.,\s()+*/×÷^%-]*[\d)]")
_FILLED = 2.0


def next_call(context: Context, box: Toolbox, answer: Solver) -> Call | None:
    """Return the call to make next; None where there is nothing left to call.

    Args:
        answer: Solves an output of the task; the ending tool may take the answers.
    """
    useful = [tool for tool in box.tools if not tool.ends]
    left = _left(context.task, box)
    best: tuple[float, Call] | None = None
    if useful and (left or not box.found):
        text = " ".join(left) if box.found else context.task.text
        names = tuple(humanized(tool.name) for tool in useful)
        fitted = context.fit(names, tuple(_about(tool) for tool in useful), (), (), ())
        for tool, share in zip(useful, fitted.shares(text), strict=True):
            for args, filled in _fillings(context, box, tool):
                if any(one.name == tool.name and one.args == args for one in box.done):
                    continue
                if box.found and not covered(left, set(words(f"{humanized(tool.name)} {tool.said}"))):
                    continue
                score = math.log(max(share, 1e-6)) + _FILLED * filled
                why = f'"{tool.name}" shares most with what is asked and takes {_shown(args)}'
                if best is None or score > best[0]:
                    best = score, (tool, args, why)
                break
    if best is not None:
        return best[1]
    ender = next((tool for tool in box.tools if tool.ends), None)
    if ender is None:
        return None
    known = f'"{box.found[-1][:120]}" has been found' if box.found else "no tool helps further"
    return ender, _closing(context, box, ender, answer), known


def called(context: Context, box: Toolbox, choice: Any, answer: Solver) -> tuple[str, str] | None:
    """Return the call to reply with, as its name and its arguments in JSON; None where an answer is the better reply.

    Args:
        box: With the tools that the request offers.
        choice: `tool_choice` of the OpenAI protocol.
        answer: As for `next_call`.
    """
    about = choice.get("function") if isinstance(choice, Mapping) else None
    if isinstance(about, Mapping):
        box = replace(box, tools=[tool for tool in box.tools if tool.name == about.get("name")])
    call = next_call(context, box, answer)
    if call is None and choice == "required" and box.tools:
        call = box.tools[0], _fillings(context, box, box.tools[0])[0][0], ""
    return None if call is None else (call[0].name, json.dumps(call[1], ensure_ascii=False))


def _about(tool: Tool) -> str:
    return " ".join([tool.said, *(f"{humanized(slot.name)} {slot.description}" for slot in tool.args)])


def _shown(args: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in args.items()) or "nothing"


def _left(task: Task, box: Toolbox) -> list[str]:
    """Return the words of the task that neither calls nor what they gave have dealt with."""
    known = {tool.name: tool for tool in box.tools}
    dealt: set[str] = set()
    for one in box.done:
        if not one.failed:
            tool = known.get(one.name)
            about = f"{humanized(one.name)} {tool.said if tool else ''}"
            dealt |= set(words(f"{about} {' '.join(map(str, one.args.values()))} {one.gave}"))
    return [word for word in content_words(task.text) if not covered([word], dealt)]


def _fillings(context: Context, box: Toolbox, tool: Tool) -> list[tuple[dict[str, Any], float]]:
    """Return ways to fill a tool's arguments, the likeliest first, each with the share that could be filled."""
    slots = tool.args
    columns = [_values(context, box, slot, slots) for slot in slots]
    ways: list[tuple[dict[str, Any], float]] = []
    for rank in range(3):
        args: dict[str, Any] = {}
        filled = 0
        for slot, values in zip(slots, columns, strict=True):
            if values:
                args[slot.name] = values[min(rank, len(values) - 1)]
                filled += 1
            elif slot.name in tool.required and slot.shape.kind == "str":
                args[slot.name] = context.task.text
        if not any(args == other for other, _ in ways):
            ways.append((args, filled / len(slots) if slots else 0.5))
    return ways


def _values(context: Context, box: Toolbox, slot: Slot, slots: Sequence[Slot]) -> list[Any]:
    text = context.task.text
    own = set(humanized(slot.name).split())
    if slot.shape.kind in {"int", "float"}:
        return _numbers(text, slot, slots)
    if own & _SUMS and slot.shape.kind in {"str", "any"}:
        return sorted((match[0].strip() for match in _SUM.finditer(text)), key=len, reverse=True)[:1]
    if own & _QUERIES and slot.shape.kind in {"str", "any"}:
        asked = question_of(context.task)[1]
        given = {"question": asked, **({"passages": _listed(box.found)} if box.found else {})}
        inner = replace(context, task=replace(context.task, given=given, demos=()))
        return [option.value for option in solve_query(inner, Slot("query", "", TEXT))][:3]
    if own & _WHOLE and slot.shape.kind in {"str", "any"}:
        return [text]
    inner = replace(context, task=replace(context.task, demos=()))
    options = sorted(solve_record(inner, slot), key=lambda option: -option.score)
    values = [option.value for option in options if option.value not in (None, "", [], {})]
    if slot.shape.kind == "str":  # a number is rather a numeric argument's
        values = [value for value in values if read_number(str(value)) is None]
    if slot.shape.kind in {"str", "any"}:  # a name that opens the sentence is rather its first word
        values.sort(key=lambda value: text.startswith(str(value)))
        names = [piece.text for piece in pieces(text) if piece.kind in {"name", "quoted"} and piece.start]
        values = [*names[:2], *values] if names and str(values[:1]) not in names else values
    return (
        list(dict.fromkeys(values))[:3] if all(isinstance(v, (str, int, float)) for v in values) else values
    )


def _numbers(text: str, slot: Slot, slots: Sequence[Slot]) -> list[Any]:
    """Return the number for an argument: the first number for the first such argument, and so on."""
    whole = slot.shape.kind == "int"
    found = [
        read_number(piece.text)
        for piece in pieces(text)
        if piece.kind in {"number", "year", "money", "percent"}
    ]
    numbers = [n for n in found if n is not None and (not whole or n == int(n))]
    at = [one.name for one in slots if one.shape.kind in {"int", "float"}].index(slot.name)
    return [int(numbers[at]) if whole else numbers[at]] if at < len(numbers) else []


def _listed(found: Sequence[str]) -> str:
    return "\n".join(f"[{number}] «{text}»" for number, text in enumerate(found, 1) if "»" not in text)


def _closing(context: Context, box: Toolbox, ender: Tool, answer: Solver) -> dict[str, Any]:
    """Return what the ending tool is given: answers, from what the calls gave."""
    made: dict[str, Any] = {}
    for slot in ender.args:
        inner = observed(context, box, slot)
        options = inner if isinstance(inner, list) else answer(inner, slot)
        made[slot.name] = context.sampler.pick(options).value
    return made


def observed(context: Context, box: Toolbox, slot: Slot) -> Context | list[Option]:
    """Return the answer that a call gave as it stands, or the task with what the calls gave as its passages."""
    if not box.found:
        return context
    last = box.found[-1].strip()
    if slot.shape.kind in {"str", "any", "int", "float"} and len(last.split()) <= 4:
        number = read_number(last) if slot.shape.kind in {"int", "float"} else None
        value = last if number is None else int(number) if slot.shape.kind == "int" else number
        if isinstance(value, str) == (slot.shape.kind in {"str", "any"}):
            return [Option(value, 0.0, f'the last call gave "{last}"', last)]
    given = {**context.task.given, "passages": _listed(box.found) or "\n".join(box.found)}
    return replace(context, task=replace(context.task, given=given))
