"""The tools that a prompt offers, and what calling them has given so far.

Knows nothing about which tool to call. Tools come described in the text, as a list in an input, or in the protocol's
`tools`; steps come as a trajectory, as turns, or as the protocol's `tool` messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.lm.embedded.decoding import MISSING, decoded, decoded_prefix
from core.lm.embedded.shapes import shape_of_schema
from core.lm.embedded.task import Slot, Task
from core.wire.sections import split_sections

__all__ = ["Done", "Tool", "Toolbox", "read_toolbox"]

_LISTED = re.compile(r"^\s*\(?\d+[.)] `(\w+)`:?[ \t]*(.*?)[ \t]*Arguments: (?=\{)", re.MULTILINE)
_TOLD = re.compile(
    r"(\w+), whose description is <desc>(.*?)</desc>\.? It takes arguments (?=\{)", re.DOTALL | re.MULTILINE
)
_STEP = re.compile(
    r"\\?(?:\[\[ ## (thought|tool_name|tool_args|observation)_(\d+) ## \]\]|"
    r"<(tool_name|tool_args|observation)_(\d+)>)[ \t]*\n?"
)
_ENDERS = {"finish", "submit", "final_answer", "done"}
_FAILED = re.compile(r"^\s*(?:\w+ )?(?:execution error|error|failed|there is no tool|traceback)\b", re.I)
_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool: what it is called, what it does, what it takes."""

    name: str
    said: str = ""
    args: tuple[Slot, ...] = ()
    required: frozenset[str] = frozenset()

    @property
    def ends(self) -> bool:
        """Whether it ends the work rather than doing some."""
        return self.name in _ENDERS


@dataclass(frozen=True, slots=True)
class Done:
    """A call that was made, and what it gave."""

    name: str
    args: dict[str, Any]
    gave: str
    failed: bool


@dataclass(slots=True)
class Toolbox:
    """What there is to call and what was called."""

    tools: list[Tool] = field(default_factory=list[Tool])
    done: list[Done] = field(default_factory=list[Done])

    @property
    def found(self) -> list[str]:
        """What the calls gave that did not fail and did not merely end."""
        return [one.gave for one in self.done if not one.failed and one.name not in _ENDERS]


def read_toolbox(task: Task, messages: Sequence[Mapping[str, Any]], offered: Any) -> tuple[Task, Toolbox]:
    """Return the task without its tools and steps among the inputs, and these apart.

    Args:
        task: As it was read from `messages`.
        messages: OpenAI chat messages.
        offered: `tools` as in the OpenAI protocol, or nothing.
    """
    box = Toolbox()
    if isinstance(offered, Sequence):
        box.tools = [tool for one in offered if (tool := _protocol_tool(one)) is not None]
    texts = [task.instruction, *task.given.values()]
    if not box.tools and any("rguments" in text for text in texts):
        box.tools = _described("\n".join(texts))
    steps = _trajectory(task, messages)
    box.done = _protocol_steps(messages) or _turn_steps(messages) or steps
    if _calls(task):
        task = _gathered(task, messages)
    hidden = {name for name in task.given if name in {"trajectory", "history"} or name == "tools"}
    if hidden and (box.tools or box.done or "trajectory" in hidden):
        task = replace(task, given={name: v for name, v in task.given.items() if name not in hidden})
    return task, box


def _calls(task: Task) -> bool:
    return any(slot.shape.name == "ToolCalls" or slot.name == "tool_calls" for slot in task.outputs)


def _protocol_tool(one: Any) -> Tool | None:
    about = one.get("function", one) if isinstance(one, Mapping) else None
    if not isinstance(about, Mapping) or not isinstance(about.get("name"), str):
        return None
    schema = about.get("parameters")
    known = schema if isinstance(schema, Mapping) else {}
    required = known.get("required")
    names = frozenset(map(str, required)) if isinstance(required, list) else frozenset[str]()
    args = _args(known.get("properties"), known)
    return Tool(about["name"], str(about.get("description") or ""), args, names)


def _args(properties: Any, whole: Mapping[str, Any] | None = None) -> tuple[Slot, ...]:
    if not isinstance(properties, Mapping):
        return ()
    shared = (whole or {}).get("$defs") or {}
    return tuple(
        Slot(
            str(name),
            str(schema.get("description", "")) if isinstance(schema, Mapping) else "",
            shape_of_schema(schema, shared),
        )
        for name, schema in properties.items()
    )


def _described(text: str) -> list[Tool]:
    found: dict[str, Tool] = {}
    text = text[:_LONGEST]
    for match in [*_LISTED.finditer(text), *_TOLD.finditer(text)]:
        args = _args(_first_mapping(text[match.end() :]))
        tool = Tool(match[1], match[2].strip(), args, frozenset(slot.name for slot in args))
        found.setdefault(match[1], tool)
    return list(found.values())


def _mapping(text: str) -> Any:
    found = decoded(text)
    return decoded(text.replace("'", '"')) if found is MISSING else found


def _first_mapping(text: str) -> Any:
    """Return the object that a text begins with, in JSON or as Python writes it."""
    found, _ = decoded_prefix(text)
    return decoded_prefix(text.replace('\\"', '"').replace("'", '"'))[0] if found is MISSING else found


def _trajectory(task: Task, messages: Sequence[Mapping[str, Any]]) -> list[Done]:
    """Read `tool_name_0`, `tool_args_0` and `observation_0` off the request."""
    last = next((m.get("content") for m in reversed(messages) if m.get("role") == "user"), "")
    text = task.given.get("trajectory", "") or ""
    if not _STEP.search(text):
        text = last if isinstance(last, str) else ""
    marks = list(_STEP.finditer(text))
    steps: dict[int, dict[str, str]] = {}
    for at, mark in enumerate(marks):
        end = marks[at + 1].start() if at + 1 < len(marks) else len(text)
        value = re.split(r"</\w+>|\n+\[\[ ## |\n\nReply with|\n\nRespond with", text[mark.end() : end])[0]
        steps.setdefault(int(mark[2] or mark[4]), {})[mark[1] or mark[3]] = value.strip()
    return [
        _step(step.get("tool_name", ""), _mapping(step.get("tool_args", "{}")), step.get("observation", ""))
        for _, step in sorted(steps.items())
        if step.get("tool_name")
    ]


def _step(name: str, args: Any, gave: str, failed: bool = False) -> Done:
    return Done(name, args if isinstance(args, dict) else {}, gave, failed or bool(_FAILED.match(gave)))


def _protocol_steps(messages: Sequence[Mapping[str, Any]]) -> list[Done]:
    calls: dict[str, tuple[str, Any]] = {}
    found: list[Done] = []
    for message in messages:
        for call in message.get("tool_calls") or []:
            about = call.get("function") if isinstance(call, Mapping) else None
            if isinstance(about, Mapping):
                args = about.get("arguments")
                calls[str(call.get("id"))] = (
                    str(about.get("name")),
                    decoded(args) if isinstance(args, str) else args,
                )
        if message.get("role") == "tool":
            name, args = calls.get(str(message.get("tool_call_id")), (str(message.get("name") or ""), {}))
            found.append(_step(name, args, _said(message.get("content"))))
    return found


def _turn_steps(messages: Sequence[Mapping[str, Any]]) -> list[Done]:
    """Read turns that hold `tool_calls` and, in the next, `tool_call_results`."""
    calls: list[Any] = []
    found: list[Done] = []
    for message in messages:
        sections = dict(split_sections(_said(message.get("content")))[1:])
        for name, listed in (("tool_calls", calls), ("tool_call_results", None)):
            held = _mapping(sections.get(name, ""))
            inside = held.get(name) if isinstance(held, dict) else None
            if not isinstance(inside, list) or message.get("role") == "system":
                continue
            if listed is not None:
                calls = inside
                continue
            for call, result in zip(calls, inside, strict=False):
                if isinstance(call, dict) and isinstance(result, dict):
                    failed = bool(result.get("is_error"))
                    found.append(
                        _step(str(call.get("name")), call.get("args"), _said(result.get("value")), failed)
                    )
    return found


def _gathered(task: Task, messages: Sequence[Mapping[str, Any]]) -> Task:
    """Take the inputs from wherever in the talk they stood last: later turns repeat only what is new."""
    names = {slot.name for slot in task.inputs}
    given: dict[str, str] = {}
    for message in messages:
        if message.get("role") == "user":
            for name, value in split_sections(_said(message.get("content")))[1:]:
                if name in names:
                    given[name] = re.split(r"\n\nReply with|\n\nRespond with", value)[0].strip()
    return replace(task, given=given or task.given, demos=(), complaint="", refused=())


def _said(content: Any) -> str:
    return content if isinstance(content, str) else "" if content is None else str(content)
