"""Reads a prompt in nobody's layout: headed lines, blocks of examples, or one plain request.

Knows nothing about marked layouts or about how to answer.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import replace

from core.lm.embedded.shapes import TEXT, Shape
from core.lm.embedded.shown import shown_examples
from core.lm.embedded.task import Demo, Slot, Task
from core.lm.embedded.text import humanized

__all__ = ["listed_choices", "read_freeform"]

_HEADED = re.compile(
    r"^[ \t]*(?:\*\*|#{1,4} ?)?([A-Za-zÀ-￿][\w '/-]{0,40}?)(?:\*\*)?[ \t]*[:：](?:\*\*)?[ \t]*(.*)$"
)
_CHOICE_WORDS = (
    r"(?:one of|either|choose (?:from|between)|options?(?: are)?|labels?(?: are)?|categories(?: are)?|classes(?: are)?|"
    r"allowed values?|eine[rsm]? von|un de|uno de)\b"
)
_CHOICES_BEHIND_COLON = re.compile(rf"{_CHOICE_WORDS}[^:\n.]{{0,60}}[:：]\s*(.+)", re.IGNORECASE | re.DOTALL)
_CHOICES = re.compile(rf"{_CHOICE_WORDS}(?: the following| these)?,? \s*(.+)", re.IGNORECASE | re.DOTALL)
_WANTS_INSTRUCTION = re.compile(
    r"\b(?:write|propose|provide|give|suggest|create|generate|improve)\b[^.\n]{0,60}\b(?:instructions?|prompt|rules)\b",
    re.IGNORECASE,
)
_FENCE = re.compile(r"```[\w-]*\n(.*?)```", re.DOTALL)
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*(.+)$")


def read_freeform(
    turns: Sequence[tuple[str, str]], system: str, inputs: list[Slot], outputs: list[Slot]
) -> Task:
    """Return the task of a plain conversation; the fields are those declared, or those its lines are headed with."""
    users = [text for role, text in turns if role == "user"]
    request = "\n".join(line.rstrip() for line in users[-1].splitlines()) if users else ""
    if inputs and outputs:
        return _declared(system, inputs, outputs, request)
    if _WANTS_INSTRUCTION.search(request):
        return _proposal(system, request)
    blocks = [block for block in re.split(r"\n\n+|\n-{3,}\n", request) if block.strip()]
    heads = _final_heads(request)
    demos = [demo for demo in (_pair(turn, after) for turn, after in itertools.pairwise(turns)) if demo]
    body, instruction = request, system
    if heads:
        return _headed(blocks, heads, system, demos)
    if len(blocks) > 1:
        instruction = "\n".join(part for part in (system, _instruction_of(blocks)) if part)
        body = blocks[-1] if _instruction_of(blocks) == blocks[0] else blocks[0]
    elif (match := re.match(r"(?s)(.{4,400}?[:.?!])\s*[\"'“«](.+)[\"'”»]\s*(.*)$", request)) is not None:
        instruction, body = f"{system}\n{match[1]} {match[3]}".strip(), match[2]
    else:
        instruction = f"{system}\n{request}".strip()
    task = Task(
        "bare",
        instruction,
        (Slot("text"),),
        (_answer_slot(f"{system}\n{request}"),),
        tuple(demos),
        {"text": body},
    )
    return task


def _declared(system: str, inputs: list[Slot], outputs: list[Slot], request: str) -> Task:
    names = {slot.name.casefold(): slot.name for slot in inputs}
    given: dict[str, str] = {}
    current = ""
    for line in request.splitlines():
        match = _HEADED.match(line)
        if match and match[1].strip().casefold() in names:
            current = names[match[1].strip().casefold()]
            given[current] = match[2]
        elif current:
            given[current] += "\n" + line
    instruction = system[system.rfind("`") :].split("\n", 1)[-1]
    filled = {name: value.strip() for name, value in given.items()} or {inputs[0].name: request}
    return Task("lines", instruction, tuple(inputs), tuple(outputs), (), filled)


def _proposal(system: str, request: str) -> Task:
    """Read a plain request for an instruction: the present one and the examples stand in fenced blocks."""
    blocks = [block.strip() for block in _FENCE.findall(request)] or [request]
    current = next((block for block in blocks if not shown_examples([block])), "")
    given = {
        "current_instruction": current,
        "examples": "\n\n".join(block for block in blocks if block != current),
    }
    layout = "fenced" if "```" in request else "bare"
    return Task(layout, system, tuple(Slot(name) for name in given), (Slot("new_instruction"),), (), given)


def _pair(turn: tuple[str, str], after: tuple[str, str]) -> Demo | None:
    if turn[0] != "user" or after[0] != "assistant":
        return None
    return Demo({"text": turn[1]}, {"answer": after[1]})


def _instruction_of(blocks: list[str]) -> str:
    """Return the block that says what to do: the one that lists choices, else the first."""
    for block in blocks:
        if listed_choices(block):
            return block
    return blocks[0]


def _final_heads(request: str) -> list[tuple[str, str]]:
    """Return the headed lines of the last block when that block waits for an answer or names an input."""
    found: list[tuple[str, str]] = []
    for line in request.splitlines():
        match = _HEADED.match(line)
        if match and not listed_choices(line):
            found.append((match[1].strip(), match[2].strip()))
        elif found and line.strip():
            name, value = found[-1]
            found[-1] = (name, f"{value}\n{line}".strip())
    return found


def _headed(blocks: list[str], heads: list[tuple[str, str]], system: str, demos: list[Demo]) -> Task:
    names = [name for name, _ in heads]
    waits = not heads[-1][1]
    answer = names[-1] if waits else "answer"
    records: list[dict[str, str]] = [{}]
    for name, value in heads:
        if name in records[-1]:
            records.append({})
        records[-1][name] = value
    final = records[-1]
    inputs = [name for name in final if name != answer]
    shots = [
        Demo({name: record[name] for name in inputs if name in record}, {answer: record[answer]})
        for record in records[:-1]
        if record.get(answer) and any(name in record for name in inputs)
    ]
    instruction = "\n".join(
        part
        for part in (
            system,
            *(block for block in blocks if not _HEADED.match(block) or listed_choices(block)),
        )
        if part
    )
    slot = replace(_answer_slot(instruction), name=answer)
    given = {humanized(name).replace(" ", "_"): final[name] for name in inputs}
    shots = [
        Demo({humanized(k).replace(" ", "_"): v for k, v in shot.inputs.items()}, shot.outputs)
        for shot in shots
    ]
    demos = [
        Demo({next(iter(given), "text"): demo.inputs["text"]}, {answer: demo.outputs["answer"]})
        for demo in demos
    ]
    return Task(
        "bare", instruction, tuple(Slot(name) for name in given), (slot,), tuple(demos + shots), given
    )


def _answer_slot(text: str) -> Slot:
    choices = listed_choices(text)
    if choices:
        return Slot("answer", "", Shape("closed", choices=choices))
    lower = text.casefold()
    if re.search(r"\b(?:yes or no|yes/no|ja oder nein|oui ou non|sí o no)\b", lower):
        return Slot("answer", "", Shape("closed", choices=_yes_no(lower)))
    if re.search(r"\btrue or false\b", lower):
        return Slot("answer", "", Shape("bool"))
    return Slot("answer", "", TEXT)


def _yes_no(lower: str) -> tuple[str, ...]:
    for pair in (("yes", "no"), ("ja", "nein"), ("oui", "non"), ("sí", "no")):
        if re.search(rf"\b{pair[0]}\b.{{1,6}}\b{pair[1]}\b", lower):
            return pair
    return ("yes", "no")


def listed_choices(text: str) -> tuple[str, ...]:
    """Return the values that a text tells to choose from: `one of: a, b or c`, or a list below such words."""
    match = _CHOICES_BEHIND_COLON.search(text) or _CHOICES.search(text)
    if match is None:
        return ()
    tail = match[1].strip()
    first, _, rest = tail.partition("\n")
    lines = [_BULLET.match(line) for line in tail.splitlines()]
    if lines and lines[0]:
        picked: list[str] = []
        for line in lines:
            if line is None:
                break
            picked.append(_clean(re.split(r"\s*[:–—]\s|\s-\s", line[1])[0]))
        return tuple(picked)
    if not first and rest:
        first = rest.split("\n", 1)[0]
    first = re.split(r"(?<=[\w\"'`])[.。](?:\s|$)", first, maxsplit=1)[0]
    values = [
        _clean(value)
        for value in re.split(r"\s*[,;|、，]\s*(?:(?:or|and|oder|ou|o)\s+)?|\s+(?:or|oder|ou)\s+", first)
    ]
    values = [value for value in values if value]
    fits = len(values) > 1 and all(len(value.split()) <= 5 and len(value) <= 50 for value in values)
    return tuple(dict.fromkeys(values)) if fits else ()


def _clean(value: str) -> str:
    return value.strip().strip("\"'`“”«»*[]()").strip().rstrip(".")
