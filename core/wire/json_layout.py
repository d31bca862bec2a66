"""The JSON layout: inputs under markers as in chat, the reply one JSON object.

Knows nothing about models and adapters, nor about `response_format`. Standard library only; exported scripts carry it.

A reply is read by a ladder: the object (bare, fenced, in prose, mended; keys in any case; unknown keys dropped);
marked sections or tags, as a model gives that has seen too many of them; the outputs under a name of their own; an
object that is itself the value of the only output; the whole text, when it holds no brace and the only output is text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.wire.jsonish import JsonishError, find_object
from core.wire.layout import NOT_GIVEN, Layout, ReplyError, input_structure
from core.wire.sections import split_sections
from core.wire.tags import without_thoughts
from core.wire.values import plain_value
from core.wire.xml_values import tagged_values

_WHOLE_VALUES = ("object", "dict", "any", "custom")


class JsonLayout(Layout):
    """Marked inputs, a JSON object back."""

    name = "json"
    replies_are_data = True

    def structure(self) -> str:
        """Return the inputs' markers and the object to reply with."""
        outputs = {field.name: field.placeholder() for field in self.outputs}
        example = json.dumps(outputs, ensure_ascii=False, indent=2)
        shown = input_structure(self.inputs)
        given = f"Inputs come as:\n\n{shown}\n\n" if shown else ""
        return f"{given}Reply with a JSON object:\n\n{example}"

    def reminding(self) -> str:
        """Name the fields of the object in order."""
        names = ", then ".join(field.reminder(f"`{field.name}`") for field in self.outputs)
        return f"Reply with a JSON object of {names}."

    def answer(self, outputs: Mapping[str, Any], missing: str = NOT_GIVEN) -> str:
        """Return the object, indented."""
        values = {
            field.name: plain_value(outputs[field.name]) if field.name in outputs else missing
            for field in self.outputs
        }
        return json.dumps(values, ensure_ascii=False, indent=2)

    def raw_values(self, text: str) -> dict[str, Any]:
        """Return the JSON values (or texts) of the outputs by the ladder above."""
        text = without_thoughts(text)
        if not text.strip():
            raise self.empty_reply()
        try:
            found = find_object(text, self.by_name)
        except JsonishError as error:
            return self._without_object(text, str(error))
        named = self._named(list(found.items()))
        if named:
            return named
        if inner := self._named_within(found):
            return inner
        if sections := self._sections(text):
            return sections
        whole = len(self.outputs) == 1 and self.outputs[0].shape["kind"] in _WHOLE_VALUES
        return {self.outputs[0].name: found} if whole else {}

    def _named(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        named: dict[str, Any] = {}
        for key, value in pairs:
            field = self.output_called(key)
            if field is not None and (field.name not in named or key == field.name):
                named[field.name] = value
        return named

    def _named_within(self, found: dict[str, Any]) -> dict[str, Any]:
        """Return the outputs of an object under a name of its own: `{"result": {...}}`."""
        only = next(iter(found.values())) if len(found) == 1 else None
        named = self._named(list(only.items())) if isinstance(only, dict) else {}
        return named if self.has_required(named) else {}

    def _sections(self, text: str) -> dict[str, Any]:
        named = self._named(list(reversed(split_sections(text)[1:])))  # reversed: the first of a name wins
        if named or "</" not in text:
            return named
        tagged = tagged_values(text, self.outputs)
        return tagged if self.has_required(tagged) else {}

    def _without_object(self, text: str, reason: str) -> dict[str, Any]:
        if sections := self._sections(text):
            return sections
        only = self.outputs[0] if len(self.outputs) == 1 else None
        if only is not None and only.is_text and "{" not in text:
            return {only.name: text.strip()}
        missing = {field.name: "missing" for field in self.outputs if field.required}
        raise ReplyError(f"the reply holds no JSON object ({reason})", missing)
