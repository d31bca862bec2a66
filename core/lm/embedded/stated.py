"""Answers that the input already states: lines headed by an output's name, and attempts to compare.

Knows nothing about layouts. The second step of a two-step adapter is given free text that says each output; a
comparison is given several attempts and takes the answer that most of them give.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from core.lm.embedded.closed import choices_for, position_of
from core.lm.embedded.context import Context
from core.lm.embedded.decoding import MISSING, decoded
from core.lm.embedded.numbers import read_number
from core.lm.embedded.options import Option
from core.lm.embedded.passages import question_of
from core.lm.embedded.reasoning import is_reasoning
from core.lm.embedded.task import Slot, Task
from core.lm.embedded.text import content_words, humanized, plain, words

__all__ = ["solve_attempts", "solve_stated"]

_ATTEMPT = re.compile(r"(?:^|_)(?:attempt|candidate|chain)s?_?\d+$", re.IGNORECASE)
_SAID = r"(?:my prediction is|(?:final )?answer\s*[:=]|answer is)"


def solve_stated(context: Context, slot: Slot) -> list[Option]:
    """Return the value that an input gives behind the output's name; empty unless it gives every output so."""
    task = context.task
    for text in task.given.values():
        found = _headed(text, [one.name for one in task.outputs])
        wanted = [one.name for one in task.outputs if not is_reasoning(one)]
        if slot.name not in found or not all(name in found for name in wanted):
            continue
        value = _read(task, slot, found[slot.name])
        if value is not MISSING:
            return [Option(value, 0.0, f'the input says "{slot.name}: {found[slot.name][:80]}"')]
    return []


def _headed(text: str, names: Sequence[str]) -> dict[str, str]:
    """Return what stands behind each name that heads a line, up to the next such line."""
    forms = {humanized(name): name for name in names}
    spelled = "|".join(re.escape(form).replace(r"\ ", r"[ _]") for form in forms)
    if not spelled:
        return {}
    mark = re.compile(
        rf"^[ \t]*(?:[-*•]|\*\*|\#+)?[ \t]*({spelled})(?:\*\*)?[ \t]*[:：](?:\*\*)?[ \t]*", re.I | re.M
    )
    marks = list(mark.finditer(text))
    found: dict[str, str] = {}
    for at, match in enumerate(marks):
        end = marks[at + 1].start() if at + 1 < len(marks) else len(text)
        found[forms[humanized(match[1])]] = text[match.end() : end].strip()
    return found


def _read(task: Task, slot: Slot, written: str) -> Any:
    """Return what is written as a value of the field, or `MISSING`."""
    first = written.splitlines()[0].strip() if written else ""
    if choices := choices_for(task, slot):
        at = position_of(first.rstrip("."), choices)
        return choices[at] if at >= 0 else MISSING
    if slot.shape.kind in {"int", "float"}:
        number = read_number(first)
        if number is None or (slot.shape.kind == "int" and number != int(number)):
            return MISSING
        return int(number) if slot.shape.kind == "int" else number
    if slot.shape.kind in {"list", "dict", "object"}:
        value = decoded(written)
        expected = list if slot.shape.kind == "list" else dict
        if isinstance(value, expected):
            return value
        parts = [part.strip(" -*•\t") for part in re.split(r"[,\n]", written)]
        items = slot.shape.items
        open_list = slot.shape.kind == "list" and (items is None or items.kind in {"str", "any"})
        return [part for part in parts if part] if open_list else MISSING
    return written if slot.shape.kind in {"str", "any", "date", "named"} else MISSING


def solve_attempts(context: Context, slot: Slot) -> list[Option]:
    """Return what the attempts among the inputs answer, what most of them say first."""
    task = context.task
    attempts = [text for name, text in task.given.items() if _ATTEMPT.search(name) and text.strip()]
    if len(attempts) < 2 or slot != [one for one in task.outputs if not is_reasoning(one)][-1]:
        return []
    asked = set(content_words(question_of(task)[1]))
    votes: dict[str, tuple[Any, list[int], float]] = {}
    for number, text in enumerate(attempts, 1):
        written = _answer_of(text, slot)
        value = _read(task, slot, written)
        if value is MISSING:
            continue
        before, numbers, near = votes.get(plain(str(value)), (value, [], 0.0))
        near += len(asked & set(words(text))) / max(len(asked), 1)
        votes[plain(str(value))] = (before, [*numbers, number], near)
    return sorted(
        (
            Option(value, 2.0 * len(numbers) + 0.5 * near, _because(numbers, len(attempts), value))
            for value, numbers, near in votes.values()
        ),
        key=lambda option: -option.score,
    )


def _answer_of(text: str, slot: Slot) -> str:
    """Return what an attempt ends in: what stands behind its last `answer:`, or all of it."""
    bare = text.strip().removeprefix("«").removesuffix("»").strip()
    said = list(re.finditer(rf"{_SAID}|\b{re.escape(humanized(slot.name))}\s*:", bare, re.IGNORECASE))
    return bare[said[-1].end() :].strip().rstrip(".") if said else bare


def _because(numbers: Sequence[int], count: int, value: Any) -> str:
    listed = ", ".join(map(str, numbers))
    return f"{len(numbers)} of {count} attempts (number {listed}) say {value}"
