"""Runs a program given as plain data: renders, asks, parses, repairs, retrieves, passes values on.

Knows nothing about HTTP or the command line. Standard library and `core.wire` only: exported scripts carry this file
as it stands, so their answers are the engine's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.wire.baml_layout import BamlLayout
from core.wire.bm25_rank import RankedIndex, fused_ranks
from core.wire.chat_layout import ChatLayout
from core.wire.coerce import coerce
from core.wire.json_layout import JsonLayout
from core.wire.layout import ChatMessage, Layout, ReplyError
from core.wire.repair import repair_messages
from core.wire.scalars import CoercionError
from core.wire.tokens import search_tokens
from core.wire.values import plain_value
from core.wire.xml_layout import XmlLayout

Ask = Callable[[Sequence[ChatMessage], Mapping[str, Any], Sequence[Mapping[str, Any]]], str]
"""Sends messages with request settings, trying response formats in order; returns the text of the reply."""

_LAYOUTS: dict[str, type[Layout]] = {
    "chat": ChatLayout,
    "json": JsonLayout,
    "xml": XmlLayout,
    "baml": BamlLayout,
}
_FUSION_DEPTH = 4  # as the engine's retriever: several queries look this many times deeper each


class ProgramError(Exception):
    """The program cannot run on these inputs, or a reply could not be read; `replies` holds what came back."""

    def __init__(self, message: str, replies: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.replies = list(replies)


class PredictStep:
    """A step that asks a model."""

    def __init__(self, data: Mapping[str, Any], adapter: str, repair_turns: int) -> None:
        self.name: str = data["name"]
        self.layout = _LAYOUTS[adapter](data["signature"])
        self.demos: list[dict[str, Any]] = data["demos"]
        self.config: dict[str, Any] = data["config"]
        self.formats: list[dict[str, Any]] = data["response_formats"]
        self.repair_turns = repair_turns

    def run(self, inputs: Mapping[str, Any], ask: Ask) -> dict[str, Any]:
        """Return the outputs.

        Raises:
            ProgramError: The reply could not be read, nor the one to the repair turn.
        """
        messages = self.layout.messages(self.demos, inputs)
        replies: list[str] = []
        while True:
            replies.append(ask(messages, self.config, self.formats))
            try:
                return self.layout.parse(replies[-1])
            except ReplyError as error:
                if len(replies) > self.repair_turns:
                    message = f"Step '{self.name}': the reply could not be read: {error}."
                    raise ProgramError(message, replies) from error
                messages = repair_messages(self.layout, messages, replies[-1], error)


class RetrieveStep:
    """A step that fetches passages from the program's corpus."""

    def __init__(self, data: Mapping[str, Any], corpus: Sequence[str], index: RankedIndex) -> None:
        self.name: str = data["name"]
        self.k: int = data["k"]
        self.corpus = corpus
        self.index = index

    def run(self, inputs: Mapping[str, Any], ask: Ask) -> dict[str, Any]:
        """Return the passages; several queries are fused by their ranks."""
        query = inputs["query"]
        if isinstance(query, str):
            found = self.index.search(search_tokens(query), self.k)
        else:
            rankings = [self.index.search(search_tokens(item), self.k * _FUSION_DEPTH) for item in query]
            found = fused_ranks([[position for position, _ in ranking] for ranking in rankings], self.k)
        return {"passages": [self.corpus[position] for position, _ in found]}


class ExportedProgram:
    """A whole program.

    Args:
        data: What `core.export.program_data` made of it.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.name: str = data["name"]
        self.description: str = data["description"]
        self.inputs: list[dict[str, Any]] = data["inputs"]
        self.outputs: dict[str, Any] = data["outputs"]
        self._flows = [step["inputs"] for step in data["steps"]]
        corpus: list[str] = data.get("corpus") or []
        index = RankedIndex([search_tokens(passage) for passage in corpus])
        self.steps: list[PredictStep | RetrieveStep] = [
            RetrieveStep(step, corpus, index)
            if step["kind"] == "retrieve"
            else PredictStep(step, data["adapter"], data["repair_turns"])
            for step in data["steps"]
        ]

    def run(self, inputs: Mapping[str, Any], ask: Ask) -> dict[str, Any]:
        """Return the program's outputs for one set of inputs.

        Raises:
            ProgramError: An input is missing or unknown, or a reply could not be read.
        """
        given = self._checked(inputs)
        done: dict[str, Mapping[str, Any]] = {}
        for step, flow in zip(self.steps, self._flows, strict=True):
            done[step.name] = step.run(
                {name: _flowing(source, given, done) for name, source in flow.items()}, ask
            )
        return {name: _flowing(source, given, done) for name, source in self.outputs.items()}

    def read_inputs(self, texts: Mapping[str, Any]) -> dict[str, Any]:
        """Return inputs that came as text (a command line, a CSV) with the types that the program declares.

        Raises:
            ProgramError: A text does not fit its type.
        """
        typed = dict(texts)
        for declared in self.inputs:
            name = declared["name"]
            if declared["shape"]["kind"] == "str" or not isinstance(typed.get(name), str):
                continue
            try:
                typed[name] = coerce(typed[name], declared["shape"])
            except CoercionError as error:
                raise ProgramError(f"Input '{name}': {error}.") from error
        return typed

    def _checked(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        known = [declared["name"] for declared in self.inputs]
        defaults = {
            declared["name"]: declared["default"] for declared in self.inputs if "default" in declared
        }
        given = {**defaults, **inputs}
        missing = [name for name in known if name not in given]
        unknown = [name for name in given if name not in known]
        if missing or unknown:
            faults = [f"missing: {', '.join(missing)}"] if missing else []
            faults += [f"unknown: {', '.join(unknown)}"] if unknown else []
            raise ProgramError(f"Wrong inputs ({'; '.join(faults)}). The program takes: {', '.join(known)}.")
        return given


def _flowing(source: Any, inputs: Mapping[str, Any], done: Mapping[str, Mapping[str, Any]]) -> Any:
    """Return what flows from "question", "step.field", or several of them for one list, each item once."""
    if isinstance(source, str):
        step, dot, field = source.partition(".")
        return done[step][field] if dot else inputs[source]
    merged: dict[str, Any] = {}
    for part in source:
        value = _flowing(part, inputs, done)
        items = value if isinstance(value, (list, tuple)) else [] if value is None else [value]
        for item in items:
            key = json.dumps(plain_value(item), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            merged.setdefault(key, item)
    return list(merged.values())
