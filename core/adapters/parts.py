"""Custom types in messages: texts around content parts, in the order in which they stand.

Knows nothing about layouts. Values are swapped for stand-ins before a layout writes them, and the written texts are
split where the stand-ins came out, so every layout can hold parts anywhere: under markers, in JSON, between tags.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from core.adapters.special import Special, is_custom, types_within
from core.foundation.errors import WorkbenchError
from core.messages import Message
from core.signature import SignatureMeta, validate

__all__ = ["Parts"]

_PLAIN = (str, int, float, bool, type(None))
# How DSPy's state files write custom types of demos.
_SAVED = re.compile(r"<<CUSTOM-TYPE-START-IDENTIFIER>>(.*?)<<CUSTOM-TYPE-END-IDENTIFIER>>", re.DOTALL)


class Parts:
    """The parts of one request.

    Args:
        special: What is special about the signature.

    Stand-ins carry a random word, so no text that somebody sends can be taken for one.
    """

    def __init__(self, signature: SignatureMeta, special: Special) -> None:
        self._signature = signature
        self._holders = special.holders
        self._word = secrets.token_hex(8)
        self._parts: list[dict[str, Any]] = []

    def swapped(self, values: Mapping[str, Any], *, saved: bool = False) -> dict[str, Any]:
        """Return fields with stand-ins for the parts that their values hold.

        Args:
            saved: They may come from a state file: parts as DSPy writes them there are read.
        """
        fields = {name: values[name] for name in values.keys()}  # noqa: SIM118 - examples iterate otherwise
        for name, declared in self._holders.items():
            value = fields.get(name)
            if value is None:
                continue
            if saved and declared and (read := self._read_saved(value)) != value:
                fields[name] = read
                continue
            fields[name] = self.swap(self._typed(name, value, saved) if declared else value)
        return fields

    def _read_saved(self, value: Any) -> Any:
        """Return a value of DSPy's state files with stand-ins for the parts that are written out in it."""
        if isinstance(value, str):
            marked = "<<CUSTOM-TYPE" in value
            return _SAVED.sub(lambda found: self._stand_ins(_parts_of(found[1])), value) if marked else value
        if type(value) is list:
            return [self._read_saved(item) for item in value]
        return {key: self._read_saved(item) for key, item in value.items()} if type(value) is dict else value

    def _typed(self, name: str, value: Any, saved: bool) -> Any:
        """Return a value of a data file (a URL, a dict) as the type that its field declares; others as they are."""
        field = self._signature.fields.get(name)
        if field is None or is_custom(type(value)):
            return value
        try:
            return validate(field, value)
        except (WorkbenchError, ValueError):
            if (
                not saved
                and isinstance(value, str)
                and value != f"{{{name}}}"
                and _is_media(field.annotation)
            ):
                raise  # a path, say: as text it would tell a model nothing
            return value  # a placeholder in a preview, a demo of another form: shown as it is

    def swap(self, value: Any) -> Any:
        """Return a value with stand-ins for the parts inside, custom types of text as their text."""
        if type(value) in _PLAIN:
            return value
        if is_custom(type(value)):
            made = value.format()
            return self._stand_ins(made) if _is_parts(made) else self.swap(made)
        if isinstance(value, Mapping):
            return {key: self.swap(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.swap(item) for item in value]
        if isinstance(value, (set, frozenset)):
            return [self.swap(item) for item in sorted(value, key=str)]
        members = getattr(type(value), "model_fields", None) or getattr(
            type(value), "__dataclass_fields__", None
        )
        if isinstance(members, dict):
            given = {name: getattr(value, name) for name in members}
            inner = {name: self.swap(item) for name, item in given.items()}
            return value if all(inner[name] is item for name, item in given.items()) else inner
        return value

    def _stand_ins(self, parts: Sequence[dict[str, Any]]) -> str:
        first = len(self._parts)
        self._parts += parts
        return "".join(f"{self._word}x{first + offset}x" for offset in range(len(parts)))

    def placed(self, messages: Sequence[Message]) -> list[Message]:
        """Return messages with the parts in place of their stand-ins; those without any keep their text."""
        if not self._parts:
            return list(messages)
        pattern = re.compile(rf"{self._word}x(\d+)x")
        return [self._split(message, pattern) for message in messages]

    def _split(self, message: Message, pattern: re.Pattern[str]) -> Message:
        content = message.get("content")
        if not isinstance(content, str) or self._word not in content:
            return message
        pieces = pattern.split(content)
        made: list[dict[str, Any]] = []
        for position, piece in enumerate(pieces):
            if position % 2:
                made.append(self._parts[int(piece)])
            elif piece:
                made.append({"type": "text", "text": piece})
        return {**message, "content": made}


def _is_media(annotation: Any) -> bool:
    return any(getattr(kind, "is_media", False) for kind in types_within(annotation))


def _is_parts(made: Any) -> bool:
    return (
        isinstance(made, list)
        and bool(made)
        and all(isinstance(item, dict) and "type" in item for item in made)
    )


def _parts_of(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except ValueError:
        return [{"type": "text", "text": text}]
    return found if _is_parts(found) else [{"type": "text", "text": text}]
