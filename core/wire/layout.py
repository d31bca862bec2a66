"""What the chat and the JSON layout share: the wire signature, field lists, input sections, demos, reading values.

Knows nothing about how a reply is marked up (`chat_layout`, `json_layout`). Standard library only; exported scripts
carry it. A *wire signature* is JSON data:

    {"instructions": "...",
     "fields": [{"name": "question", "role": "input", "type_name": "str", "desc": "", "shape": {"kind": "str"},
                 "constraints": {}},
                {"name": "score", "role": "output", ..., "schema": {JSON schema, for rich types}, "default": 0.5}]}

`desc` is "" where nobody wrote one; `schema` and `default` may be absent. What does not depend on the inputs is
rendered once, when a layout is made. Roles, order, markers and demos are DSPy's; the sentences are our own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.wire.coerce import coerce, coerce_data, with_defaults
from core.wire.constraints import constraint_words
from core.wire.notes import short_type, value_note
from core.wire.scalars import CoercionError, Shape
from core.wire.sections import CLOSING_MARKER, escape_markers, marker
from core.wire.values import json_text, value_text

ChatMessage = dict[str, Any]

NOT_GIVEN = "(not given)"
INCOMPLETE_DEMO = "An example with some fields left out."


class ReplyError(ValueError):
    """A reply does not hold the fields asked for.

    Attributes:
        problems: What is wrong, {field name: phrase}.
        values: The fields that could be read.
    """

    def __init__(
        self, reason: str, problems: Mapping[str, str], values: Mapping[str, Any] | None = None
    ) -> None:
        said = "; ".join(f"`{name}`: {problem}" for name, problem in problems.items())
        super().__init__(": ".join(part for part in (reason, said) if part))
        self.problems = dict(problems)
        self.values = dict(values or {})


class WireField:
    """One field of a wire signature, with all that can be said about it beforehand."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.name: str = data["name"]
        self.type_name: str = data["type_name"]
        self.desc: str = data.get("desc") or ""
        constraints: dict[str, Any] = data.get("constraints") or {}
        self.shape: Shape = {**data["shape"], "constraints": constraints} if constraints else data["shape"]
        self.words = constraint_words(constraints)
        self.is_text = self.shape["kind"] == "str"
        self.ambiguous = self.shape["kind"] in ("optional", "union", "any")
        self.required = "default" not in data and self.shape["kind"] != "optional"
        self.default: Any = data.get("default")
        self.note = value_note(self.shape, data.get("schema"))
        self.opening = f"{marker(self.name)}\n"

    def described(self, number: int) -> str:
        """Return its entry in the list of fields."""
        line = f"{number}. `{self.name}` ({self.type_name}):"
        if self.desc:
            line += f" {self.desc}"
        return f"{line}\nConstraints: {self.words}" if self.words else line

    def placeholder(self) -> str:
        """Return what stands for an output's value in the structure."""
        return f"{{{self.name}}}  # {self.note}" if self.note else f"{{{self.name}}}"

    def reminder(self, shown: str) -> str:
        """Return `shown`, its name or marker, with its type unless that is plain text."""
        return shown if self.is_text else f"{shown} ({short_type(self.shape, self.type_name)})"

    def section(self, value: Any) -> str:
        """Return the marker and the value below it."""
        text = value if type(value) is str else value_text(value, self.is_text)
        return self.opening + (escape_markers(text) if "[[" in text else text)

    def answered(self, value: Any) -> str:
        """Return the section of a demo's answer, so written that it is read back as the same value."""
        return self.section(self.quoted(value) if self.ambiguous and isinstance(value, str) else value)

    def quoted(self, text: str) -> str:
        """Return `text` as a JSON string where it would be read as something else: `None`, `3` of `int | str`."""
        try:
            same = coerce(text.strip(), self.shape) == text.strip()
        except CoercionError:
            same = False
        return text if same else json_text(text)

    def read(self, value: Any, finish: Callable[[WireField, Any], Any] | None, is_data: bool = False) -> Any:
        """Return the value that the text, or with `is_data` the JSON, of a reply gives this field.

        Raises:
            ValueError: It does not fit; the message is a phrase.
        """
        if self.is_text and type(value) is str and not self.words:
            return value
        result = coerce_data(value, self.shape) if is_data else coerce(value, self.shape)
        return finish(self, result) if finish else with_defaults(result, self.shape)


class Layout(ABC):
    """Messages from a signature, demos and inputs; values from a reply."""

    name = ""
    replies_are_data = False
    """Whether a reply gives JSON values, whose strings are strings, and not texts to be read."""

    shows_sections = True
    """Whether an input is shown as `WireField.section` does; else `shown_input` says how."""

    def __init__(self, signature: Mapping[str, Any]) -> None:
        self.signature = signature
        self.instructions: str = signature["instructions"]
        self.inputs = [WireField(data) for data in signature["fields"] if data["role"] == "input"]
        self.outputs = [WireField(data) for data in signature["fields"] if data["role"] == "output"]
        self.by_name = {field.name: field for field in self.outputs}
        self._required = {field.name for field in self.outputs if field.required}
        self._by_loose_name = {field.name.casefold(): field for field in reversed(self.outputs)}
        structure = self.structure() if self.outputs else input_structure(self.inputs)
        self.system = f"{self.field_lists()}\n{structure}\n\n{self.task()}".rstrip()
        self.reminder = self.reminding() if self.outputs else ""

    @abstractmethod
    def structure(self) -> str:
        """Return the part of the system message that shows how values stand in messages."""

    @abstractmethod
    def reminding(self) -> str:
        """Return the sentence at the end of the request."""

    @abstractmethod
    def answer(self, outputs: Mapping[str, Any], missing: str = NOT_GIVEN) -> str:
        """Return an assistant turn: a demo's outputs as a reply would give them, `missing` for absent ones."""

    @abstractmethod
    def raw_values(self, text: str) -> dict[str, Any]:
        """Return what a reply gives for each output, as text or JSON, absent ones left out.

        Raises:
            ReplyError: Nothing can be found in it.
        """

    def field_lists(self) -> str:
        """Return the numbered lists of inputs and outputs."""
        parts: list[str] = []
        for title, fields in (("Input fields:", self.inputs), ("Output fields:", self.outputs)):
            if fields or fields is self.inputs:  # no outputs: a request that is answered by calling tools
                parts += (title, *(field.described(number) for number, field in enumerate(fields, start=1)))
        return "\n".join(parts)

    def task(self) -> str:
        """Return the part of the system message that holds the instructions."""
        return f"Task:\n{self.instructions}"

    def around(self, field: WireField) -> tuple[str, str]:
        """Return what stands before and behind the value of an input."""
        return field.opening, ""

    def shown_input(self, field: WireField, value: Any) -> str:
        """Return an input as it stands in a request."""
        return field.section(value)

    def user(
        self, inputs: Mapping[str, Any], prefix: str = "", suffix: str = "", main_request: bool = False
    ) -> str:
        """Return a user turn: the inputs that are there, between `prefix` and `suffix`; a request has its reminder."""
        parts = [prefix, *(self.shown_input(f, inputs[f.name]) for f in self.inputs if f.name in inputs)]
        parts += (self.reminder if main_request else "", suffix)
        return "\n\n".join(part for part in parts if part).strip()

    def messages(self, demos: Iterable[Mapping[str, Any]], inputs: Mapping[str, Any]) -> list[ChatMessage]:
        """Return the messages of one request: system, demos (incomplete ones first), the request.

        A demo needs at least one input and one output; others are left out. Names that the signature does not have
        are ignored; inputs that are absent are not mentioned.
        """
        found: list[ChatMessage] = [{"role": "system", "content": self.system}]
        if demos:
            self._add_demos(found, demos)
        if self.shows_sections:
            sections = [field.section(inputs[field.name]) for field in self.inputs if field.name in inputs]
        else:
            sections = [self.shown_input(f, inputs[f.name]) for f in self.inputs if f.name in inputs]
        if self.reminder:
            sections.append(self.reminder)
        found.append({"role": "user", "content": "\n\n".join(sections)})
        return found

    def _add_demos(self, found: list[ChatMessage], demos: Iterable[Mapping[str, Any]]) -> None:
        complete: list[ChatMessage] = []
        for demo in demos:
            whole = self.completeness(demo)
            if whole is None:
                continue
            turns = complete if whole else found
            turns.append({"role": "user", "content": self._demo_asked(demo, whole)})
            turns.append({"role": "assistant", "content": self.answer(demo)})
        found += complete

    def _demo_asked(self, demo: Mapping[str, Any], whole: bool) -> str:
        if not whole or not self.shows_sections:
            return self.user(demo, "" if whole else INCOMPLETE_DEMO)
        return "\n\n".join([field.section(demo[field.name]) for field in self.inputs]).strip()

    def completeness(self, demo: Mapping[str, Any]) -> bool | None:
        """Return whether a demo has every field; None for one without an input or without an output: no demo at all."""
        given = [demo[field.name] for field in self.inputs if field.name in demo]
        answered = [demo[field.name] for field in self.outputs if field.name in demo]
        if not given or not answered:
            return None
        whole = len(given) == len(self.inputs) and len(answered) == len(self.outputs)
        return whole and not [value for value in (*given, *answered) if value is None]

    def parse(
        self,
        text: str,
        finish: Callable[[WireField, Any], Any] | None = None,
        absent: Callable[[WireField], Any] | None = None,
    ) -> dict[str, Any]:
        """Return the outputs that a reply gives, in the signature's order.

        Args:
            finish: Makes the Python value of a field from its JSON value, raising ValueError where it does not fit;
                without it values stay JSON data, defaults of absent members filled in.
            absent: Gives the value of a field that need not be there and is not; without it, its default.

        Raises:
            ReplyError: A required field is absent or has no fitting value.
        """
        raw = self.raw_values(text)
        values: dict[str, Any] = {}
        problems: dict[str, str] = {}
        for field in self.outputs:
            name = field.name
            if name not in raw or (raw[name] is None and not field.required):
                if field.required:
                    problems[name] = "missing"
                else:
                    values[name] = absent(field) if absent else field.default
                continue
            try:
                values[name] = field.read(raw[name], finish, self.replies_are_data)
            except (CoercionError, ValueError) as error:
                problems[name] = str(error)
            except RecursionError:
                problems[name] = "nested too deeply"
        if problems:
            raise ReplyError("", problems, values)
        return values

    def output_called(self, name: str) -> WireField | None:
        """Return the output of that name, in any case, with spaces or hyphens for underscores."""
        field = self.by_name.get(name)
        if field is None and name:
            field = self._by_loose_name.get(name.strip().replace(" ", "_").replace("-", "_").casefold())
        return field

    def has_required(self, found: Mapping[str, Any]) -> bool:
        """True when `found` names every output that must be there."""
        return bool(found) and self._required <= found.keys()

    def empty_reply(self) -> ReplyError:
        """Return the error for a reply without text."""
        return ReplyError(
            "the reply is empty", {field.name: "missing" for field in self.outputs if field.required}
        )


def input_structure(fields: Iterable[WireField]) -> str:
    """Return the inputs' part of a structure: a marker and a placeholder each."""
    return "\n\n".join(f"{field.opening}{{{field.name}}}" for field in fields)


def closing(text: str) -> str:
    """Return an assistant turn of sections, closed."""
    return f"{text}\n\n{CLOSING_MARKER}\n"
