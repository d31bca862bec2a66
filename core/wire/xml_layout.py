"""The XML layout: every value between tags, `<name>…</name>`, in requests and in replies.

Knows nothing about models and adapters. Standard library only; exported scripts carry it.

A reply is read by a ladder: the tags of the outputs, in any case, closed or not; where a required output is absent,
what the chat layout can read: marked sections, a JSON object, labels, the whole text for an only output.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.wire.chat_layout import ChatLayout
from core.wire.layout import NOT_GIVEN, ReplyError, WireField
from core.wire.markup import element, escaped_entities, plain_text
from core.wire.notes import short_type, value_note
from core.wire.scalars import Shape
from core.wire.tags import tag, unix_lines, without_thoughts
from core.wire.values import plain_value, value_text
from core.wire.xml_values import is_nested, may_hold_elements, tagged_values, xml_content

_DEEPEST_SHOWN = 8


class XmlLayout(ChatLayout):
    """Tags both ways."""

    name = "xml"
    shows_sections = False

    def __init__(self, signature: Mapping[str, Any]) -> None:
        super().__init__(signature)
        names = "|".join(re.escape(data["name"]) for data in signature["fields"])
        self._own_tags = re.compile(rf"<(?=/?(?:{names})[\s/>])", re.IGNORECASE)

    def structure(self) -> str:
        """Return every field's tags with a placeholder; outputs with parts show the elements of these."""
        shown = [tag(field.name, f"{{{field.name}}}") for field in self.inputs]
        shown += [self._shown_output(field) for field in self.outputs]
        return "Structure of every exchange:\n\n" + "\n\n".join(shown)

    def _shown_output(self, field: WireField) -> str:
        if is_nested(field.shape):
            return element(field.name, _sketch(field.shape))
        return tag(field.name, field.placeholder())

    def reminding(self) -> str:
        """Name the tags of the outputs in order."""
        return f"Reply with {', then '.join(field.reminder(f'`<{field.name}>`') for field in self.outputs)}."

    def around(self, field: WireField) -> tuple[str, str]:
        """Return the opening and the closing tag of an input."""
        return f"<{field.name}>\n", f"\n</{field.name}>"

    def shown_input(self, field: WireField, value: Any) -> str:
        """Return the tags and the value between; a tag of a field's own within it is no tag."""
        text = value if type(value) is str else value_text(value, field.is_text)
        return tag(field.name, self._own_tags.sub("&lt;", text) if "<" in text else text)

    def answer(self, outputs: Mapping[str, Any], missing: str = NOT_GIVEN) -> str:
        """Return the elements of all outputs."""
        return "\n\n".join(self._answered(field, outputs, missing) for field in self.outputs)

    def _answered(self, field: WireField, outputs: Mapping[str, Any], missing: str) -> str:
        if field.name not in outputs:
            return tag(field.name, missing)
        value = outputs[field.name]
        data = plain_value(value)
        if is_nested(field.shape) and isinstance(data, (list, dict)):
            return element(field.name, xml_content(data, field.shape))
        if not field.ambiguous:
            return tag(field.name, escaped_entities(value_text(value, field.is_text)))
        text = field.quoted(value) if isinstance(value, str) else value_text(value)
        return tag(field.name, text if self._is_harmless(text, field.shape) else escaped_entities(text))

    def _is_harmless(self, text: str, shape: Shape) -> bool:
        """True for text that is read back as it stands, unescaped: DSPy escapes no values but plain text."""
        if "<" in text and (may_hold_elements(text, shape) or "<!" in text or self._own_tags.search(text)):
            return False
        return plain_text(text) == text.strip()

    def raw_values(self, text: str) -> dict[str, Any]:
        """Return the texts, lists and dicts of the outputs by the ladder above."""
        text = without_thoughts(unix_lines(text))
        found = tagged_values(text, self.outputs)
        if self.has_required(found):
            return found
        try:
            other = super().raw_values(text)
        except ReplyError:
            other = {}
        if found and not self.has_required(other):
            return found
        if not other:
            missing = {field.name: "missing" for field in self.outputs if field.required}
            raise self.empty_reply() if not text.strip() else ReplyError("the reply has no tags", missing)
        return other


def _sketch(shape: Shape, depth: int = 0) -> str:
    """Return the elements of a value with what stands in each in place of values."""
    kind = shape["kind"]
    if depth > _DEEPEST_SHOWN or kind in ("any", "custom"):
        return "..."
    if kind == "optional":
        return _sketch(shape["of"], depth)
    if kind in ("list", "set", "tuple"):
        items = [shape["items"]] if "items" in shape else shape["of"]
        return "".join(element("item", _sketch(item, depth + 1)) for item in items)
    if kind == "object":
        return "".join(
            element(name, _sketch(member["shape"], depth + 1)) for name, member in shape["fields"].items()
        )
    if kind == "dict":
        return "..."
    return "..." if kind == "str" else _leaf_words(shape)


def _leaf_words(shape: Shape) -> str:
    words = value_note(shape, None)
    if words.startswith("one of: "):
        words = words.removeprefix("one of: ")
    return escaped_entities(words if len(words) <= 200 else short_type(shape, shape["kind"])) or "..."
