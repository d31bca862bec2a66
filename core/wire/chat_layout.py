"""The chat layout: every value under its marker, `[[ ## name ## ]]`, in requests and in replies.

Knows nothing about models and adapters. Standard library only; exported scripts carry it.

A reply is read by a ladder; each rung is tried only where the one before found nothing:

1. Sections: markers at line starts, in any case and spacing, Markdown around them. The first of a name wins, unknown
   names end a section and are dropped, the closing marker may be absent, text around is ignored.
2. Markers within lines, when the reply begins with a marker, ends with the closing one and has each output once.
3. Without any marker: a JSON object, or tags `<name>…</name>`, or labels `name:` at line starts, when every required
   output is there.
4. Without any marker, and one output only: the whole text is its value. (DSPy has no such rung. It makes small models
   usable, and a typed output still has to fit.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from core.wire.jsonish import JsonishError, find_object
from core.wire.layout import NOT_GIVEN, Layout, ReplyError, closing, input_structure
from core.wire.sections import CLOSING_MARKER, CLOSING_NAME, marker, split_sections
from core.wire.tags import unix_lines, without_thoughts
from core.wire.xml_values import tagged_values

# "**Final answer:** …": a short run of words at a line start, then a colon.
_LABEL = re.compile(
    r"^[ \t*#>_-]{0,8}([^\W\d]\w{0,60}(?:[ _-]\w{1,60}){0,5})[*_]{0,3}:[*_]{0,3}", re.MULTILINE
)
_LABELLED_LIMIT = 100_000
_MARKED_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")


class ChatLayout(Layout):
    """Marked sections both ways."""

    name = "chat"

    def structure(self) -> str:
        """Return every field's marker with a placeholder, outputs with what they may be."""
        outputs = "\n\n".join(f"{field.opening}{field.placeholder()}" for field in self.outputs)
        parts = (input_structure(self.inputs), outputs, CLOSING_MARKER)
        return "Structure of every exchange:\n\n" + "\n\n".join(part for part in parts if part)

    def reminding(self) -> str:
        """Name the markers of the outputs in order."""
        markers = [field.reminder(f"`{marker(field.name)}`") for field in self.outputs]
        return f"Reply with {', then '.join((*markers, f'`{CLOSING_MARKER}`'))}."

    def answer(self, outputs: Mapping[str, Any], missing: str = NOT_GIVEN) -> str:
        """Return the sections of all outputs, closed."""
        sections = [
            (field.answered if field.ambiguous else field.section)(outputs[field.name])
            if field.name in outputs
            else f"{field.opening}{missing}"
            for field in self.outputs
        ]
        return closing("\n\n".join(sections).strip())

    def raw_values(self, text: str) -> dict[str, Any]:
        """Return the texts (or JSON values) of the outputs by the ladder above."""
        return self._as_asked(text) or self._by_ladder(text)

    def _as_asked(self, text: str) -> dict[str, Any] | None:
        """Return what the ladder would, of a reply in exactly the form asked for; None of any other.

        Most replies are, and nothing in them needs a search: their markers are where they should be, without others.
        """
        sections = self._sections
        if (
            not sections
            or text.count("[[") != len(sections) + 1
            or "\r" in text
            or not text.startswith(self.outputs[0].opening)
        ):
            return None
        found: dict[str, Any] = {}
        begin = len(self.outputs[0].opening)
        for name, ending in sections:
            end = text.find(ending, begin - 1)
            if end < 0:
                return None
            found[name] = text[begin:end].strip()
            begin = end + len(ending)
        return found

    @cached_property
    def _sections(self) -> list[tuple[str, str]]:
        """Name of each output, and what ends its section; empty where a name might be read as another one."""
        names = [field.name for field in self.outputs]
        if self.output_called(CLOSING_NAME) or not all(_MARKED_NAME.fullmatch(name) for name in names):
            return []
        endings = [f"\n{field.opening}" for field in self.outputs[1:]]
        return list(zip(names, [*endings, f"\n{CLOSING_MARKER}"], strict=False))

    def _by_ladder(self, text: str) -> dict[str, Any]:
        text = without_thoughts(unix_lines(text))
        sections = split_sections(text)
        if len(sections) == 1:
            return self._without_markers(text)
        found = self._named(sections)
        if not self.has_required(found) and (inline := self._inline(text)):
            return inline
        if not found and len(self.outputs) == 1 and sections[0][1]:
            found[self.outputs[0].name] = sections[0][1]  # only the opening marker was left out
        return found

    def _named(self, sections: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        before = None
        for name, value in sections:
            field = self.output_called(name)
            if field is not None and (
                field.name not in found
                or (field is before and found[field.name] == "")  # a marker said twice
            ):
                found[field.name] = value
            before = field
        return found

    def _inline(self, text: str) -> dict[str, Any] | None:
        # The closing marker and "each output once" make sure that no value that quotes a marker is taken for a reply.
        sections = split_sections(text, anywhere=True)
        if sections[0][1] or sections[-1][0].casefold() != CLOSING_NAME:
            return None
        names = [field.name for name, _ in sections if (field := self.output_called(name))]
        found = self._named(sections)
        return found if len(names) == len(found) and self.has_required(found) else None

    def _without_markers(self, text: str) -> dict[str, Any]:
        text = text.strip()
        if not text:
            raise self.empty_reply()
        for found in (self._json(text), tagged_values(text, self.outputs), self._labelled(text)):
            if self.has_required(found):
                return found
        if len(self.outputs) == 1:
            return {self.outputs[0].name: text}
        missing = {field.name: "missing" for field in self.outputs if field.required}
        raise ReplyError("the reply has no field markers", missing)

    def _json(self, text: str) -> dict[str, Any]:
        if "{" not in text:
            return {}
        try:
            return self._named(list(find_object(text, self.by_name).items()))
        except JsonishError:
            return {}

    def _labelled(self, text: str) -> dict[str, str]:
        if len(text) > _LABELLED_LIMIT:
            return {}
        found: dict[str, str] = {}
        open_name, begin = "", 0
        for match in _LABEL.finditer(text):
            field = self.output_called(match[1])
            if field is None or field.name in found or field.name == open_name:
                continue
            if open_name:
                found[open_name] = text[begin : match.start()].strip()
            open_name, begin = field.name, match.end()
        if open_name:
            found[open_name] = text[begin:].strip()
        return found
