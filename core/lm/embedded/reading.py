"""Reads a conversation as a task: which layout wrote it, its fields, instruction, demos and the input to answer.

Knows nothing about how to answer, and nothing about where a conversation came from: it sees the messages alone.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.lm.embedded.declared import declared_fields, refine
from core.lm.embedded.decoding import decoded_prefix
from core.lm.embedded.freeform import read_freeform
from core.lm.embedded.shapes import Shape, shape_of_schema, tagged_value
from core.lm.embedded.task import Demo, Slot, Task
from core.wire.sections import split_sections

__all__ = ["read_task"]

_MARKER = re.compile(r"^\s*\[\[ ## \w+ ## \]\]", re.MULTILINE)
_STAND_IN = re.compile(
    r"^[(\[<]?\s*(?:not (?:supplied|provided|given|available|shown)|no value|missing|omitted|left out|unknown here)",
    re.I,
)
_LEAD_IN = re.compile(
    r"^[^\n:]{0,80}\b(?:objective|task|instructions?|goal)\b(?: is)?\s*:[ \t]*\n?", re.IGNORECASE
)
_JSON_WISH = re.compile(r"\bJSON\b")


@dataclass(slots=True)
class _Turn:
    role: str
    text: str
    sections: dict[str, str] = field(default_factory=dict[str, str])
    preamble: str = ""


def read_task(messages: Sequence[Mapping[str, Any]], response_format: Any = None) -> Task:
    """Return the task that `messages` set.

    Args:
        messages: OpenAI chat messages; contents may be texts or lists of parts.
        response_format: As in the OpenAI protocol; a schema in it shapes the reply.
    """
    turns = [
        _Turn(str(message.get("role", "user")), content_text(message.get("content"))) for message in messages
    ]
    system = "\n\n".join(turn.text for turn in turns if turn.role in {"system", "developer"})
    talk = [turn for turn in turns if turn.role not in {"system", "developer"}]
    inputs, outputs, lists_end = declared_fields(system)
    # Values may hold markers, a trajectory's for one: the system message tells the layout before the turns do.
    tagged = not _MARKER.search(system) and _is_tagged(system, inputs, outputs)
    marked = not tagged and any(_MARKER.search(text) for text in (system, *(turn.text for turn in talk)))
    if not (marked or tagged) or not (inputs or outputs):
        return with_format(read_freeform(turns_of(talk), system, inputs, outputs), response_format)
    names = [slot.name for slot in (*inputs, *outputs)]
    for turn in talk:
        turn.preamble, turn.sections = _sections(turn.text, names, tagged)
    layout = _layout(system, talk, outputs, tagged)
    inputs, outputs = _by_use(talk, inputs, outputs)
    notes = _notes(system[lists_end:], outputs, layout)
    outputs = [refine(slot, notes.get(slot.name, "")) for slot in outputs]
    instruction = _instruction(system, lists_end, outputs, layout)
    task = Task(layout, instruction, tuple(inputs), tuple(outputs), closing="## completed ##" in system)
    return with_format(_with_turns(task, talk), response_format)


def content_text(content: Any) -> str:
    """Return a message's text; of a list of parts, the text parts joined."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return "" if content is None else str(content)


def turns_of(talk: list[_Turn]) -> list[tuple[str, str]]:
    """Return the turns as (role, text)."""
    return [(turn.role, turn.text) for turn in talk]


def with_format(task: Task, response_format: Any) -> Task:
    """Return `task` with what a `response_format` of the protocol asks of the reply."""
    if not isinstance(response_format, Mapping) or response_format.get("type") in (None, "text"):
        return task
    schema = (response_format.get("json_schema") or {}).get("schema")
    outputs = task.outputs
    if isinstance(schema, dict):
        shape = shape_of_schema(schema)
        described = {slot.name: slot for slot in outputs}
        outputs = tuple(_schema_slot(part, described) for part in shape.parts) or outputs
    return replace(task, layout="json", outputs=outputs)


def _schema_slot(part: tuple[str, Shape, str, bool], described: dict[str, Slot]) -> Slot:
    name, shape, description, _ = part
    slot = described.get(name)
    if slot is None:
        return Slot(name, description, shape)
    return slot if slot.shape.kind not in {"named", "any"} else replace(slot, shape=shape)


def _is_tagged(system: str, inputs: list[Slot], outputs: list[Slot]) -> bool:
    slots = [*inputs, *outputs]
    return bool(slots) and all(f"<{slot.name}>" in system for slot in slots)


def _sections(text: str, names: list[str], tagged: bool) -> tuple[str, dict[str, str]]:
    """Return what stands before the first section, and the sections; the first of a name wins."""
    found: dict[str, str] = {}
    if tagged:
        begin = len(text)
        for name in names:
            if match := re.search(rf"<{re.escape(name)}>(.*?)</{re.escape(name)}>", text, re.DOTALL):
                found[name] = match[1].strip()
                begin = min(begin, match.start())
        return text[:begin].strip(), found
    pieces = split_sections(text)
    for name, value in pieces[1:]:
        if name != "completed":
            found.setdefault(name, value)
    return pieces[0][1], found


def _layout(system: str, talk: list[_Turn], outputs: list[Slot], tagged: bool) -> str:
    answers = [turn.text.lstrip() for turn in talk if turn.role == "assistant"]
    last = next((turn.text for turn in reversed(talk) if turn.role == "user"), "")
    if tagged:
        return "xml"
    if answers and answers[0].startswith("{"):
        return "json"
    if answers and answers[0].startswith("[["):
        return "chat"
    tail = last[-1500:]
    if any(f"[[ ## {slot.name} ## ]]" in tail for slot in outputs):
        return "chat"
    return "json" if _JSON_WISH.search(tail) or _JSON_WISH.search(system) else "chat"


def _by_use(talk: list[_Turn], inputs: list[Slot], outputs: list[Slot]) -> tuple[list[Slot], list[Slot]]:
    """Tell inputs from outputs by the turns where the lists do not."""
    if inputs and outputs:
        return inputs, outputs
    asked = {name for turn in talk if turn.role == "user" for name in turn.sections}
    slots = [*inputs, *outputs]
    return [s for s in slots if s.name in asked], [s for s in slots if s.name not in asked]


def _notes(template: str, outputs: list[Slot], layout: str) -> dict[str, str]:
    """Return, per output, what its place in the template holds."""
    if layout == "chat":
        return dict(split_sections(template)[1:])
    if layout == "xml":
        found: dict[str, str] = {}
        for slot in outputs:
            if match := re.search(rf"<{slot.name}>(.*?)</{slot.name}>", template, re.DOTALL):
                found[slot.name] = match[1]
        return found
    data, _ = template_object(template)
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in data.items()}


def template_object(text: str) -> tuple[dict[str, Any], int]:
    """Return the first JSON object in `text` that begins a line, and where it ends (0: none)."""
    for match in re.finditer(r"^\{", text, re.MULTILINE):
        found, end = decoded_prefix(text[match.start() :])
        if isinstance(found, dict):
            return found, match.start() + end
    return {}, 0


def _instruction(system: str, lists_end: int, outputs: list[Slot], layout: str) -> str:
    tail = system[lists_end:]
    if layout == "chat":
        sections = split_sections(tail)
        text = sections[-1][1] if len(sections) > 1 and sections[-1][0] == "completed" else ""
        if len(sections) > 1 and not text:
            text = sections[-1][1].split("\n\n", 1)[-1]
    elif layout == "json":
        text = tail[template_object(tail)[1] :]
    else:
        ends = [
            tail.rfind(f"</{slot.name}>") + len(slot.name) + 3
            for slot in outputs
            if f"</{slot.name}>" in tail
        ]
        text = tail[max(ends, default=0) :]
    text = _LEAD_IN.sub("", text.strip(), count=1)
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _with_turns(task: Task, talk: list[_Turn]) -> Task:
    """Fill in demos, the request, and what followed it."""
    names = {slot.name for slot in task.inputs}
    requests = [
        index for index, turn in enumerate(talk) if turn.role == "user" and names & turn.sections.keys()
    ]
    users = [index for index, turn in enumerate(talk) if turn.role == "user"]
    at = requests[-1] if requests else (users[-1] if users else -1)
    if at < 0:
        return task
    demos = tuple(_demos(task, talk[:at]))
    given = _given(task, talk[at])
    later = talk[at + 1 :]
    complaint = "\n".join(turn.text for turn in later if turn.role == "user")
    refused = tuple(turn.text for turn in later if turn.role == "assistant")
    return replace(task, demos=demos, given=given, complaint=complaint, refused=refused)


def _demos(task: Task, talk: list[_Turn]) -> list[Demo]:
    found: list[Demo] = []
    for ask, answer in itertools.pairwise(talk):
        if ask.role != "user" or answer.role != "assistant":
            continue
        outputs = _outputs(task, answer)
        inputs = {slot.name: ask.sections[slot.name] for slot in task.inputs if slot.name in ask.sections}
        if inputs or outputs:
            found.append(Demo(inputs, _supplied(outputs)))
    return found


def _outputs(task: Task, turn: _Turn) -> dict[str, str]:
    if task.layout == "xml":
        return {
            slot.name: _untagged(turn.sections[slot.name], slot)
            for slot in task.outputs
            if slot.name in turn.sections
        }
    if task.layout != "json":
        return {slot.name: turn.sections[slot.name] for slot in task.outputs if slot.name in turn.sections}
    data, _ = template_object(turn.text)
    return {
        slot.name: data[slot.name]
        if isinstance(data[slot.name], str)
        else json.dumps(data[slot.name], ensure_ascii=False)
        for slot in task.outputs
        if slot.name in data
    }


def _untagged(written: str, slot: Slot) -> str:
    """Return a tagged list or object as JSON text."""
    if slot.shape.kind in {"list", "object", "dict", "named"} and written.startswith("<"):
        return json.dumps(tagged_value(written), ensure_ascii=False)
    return written


def _supplied(outputs: dict[str, str]) -> dict[str, str]:
    """Leave out stand-ins for outputs that a demo does not give."""
    return {name: value for name, value in outputs.items() if value.strip() and not _STAND_IN.match(value)}


def _given(task: Task, turn: _Turn) -> dict[str, str]:
    names = [slot.name for slot in task.inputs if slot.name in turn.sections]
    given = {name: turn.sections[name] for name in names}
    last = next(reversed(list(turn.sections)), "") if task.layout != "xml" else ""
    if last in given:
        given[last] = without_reminder(given[last], [slot.name for slot in task.outputs])
    return given


def without_reminder(text: str, outputs: list[str]) -> str:
    """Return a request's last value without the closing paragraph that names the outputs to write."""
    paragraphs = text.split("\n\n")
    for index in range(len(paragraphs) - 1, -1, -1):
        if _reminds(paragraphs[index], outputs):
            return "\n\n".join(paragraphs[:index]).strip()
    return text


def _reminds(paragraph: str, outputs: list[str]) -> bool:
    return any(
        f"[[ ## {name} ## ]]" in paragraph or f"`{name}`" in paragraph or f'"{name}"' in paragraph
        for name in outputs
    )
