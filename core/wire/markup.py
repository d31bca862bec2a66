"""Reads tags in what models write: elements with their children, open ends and stray tags borne.

Knows nothing about fields and types. Standard library only; exported scripts carry it. It is no XML parser: entities
are the five of XML and numbers, a `<` that opens no tag is text, nothing is ever fetched or expanded. Linear on any
text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from core.wire.patterns import late_pattern

_NAME = r"[^\W\d][\w.-]{0,99}"
_TOKEN = late_pattern(rf"<!--|<!\[CDATA\[|<(/?)({_NAME})((?:\s[^<>]{{0,2000}}?)?)\s{{0,20}}(/?)>")
_ENTITY = late_pattern(r"&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_KEY = late_pattern(r"""key\s{0,9}=\s{0,9}("[^"]{0,2000}"|'[^']{0,2000}')""")
_PLAIN_NAME = late_pattern(rf"{_NAME}\Z")
_CDATA_OPEN, _CDATA_CLOSE = "<![CDATA[", "]]>"
_SKIPPED = {"<!--": "-->", _CDATA_OPEN: _CDATA_CLOSE}
_DEEPEST = 100


class Element:
    """A tag and what it holds.

    Attributes:
        key: Its attribute `key`, else its name.
        source: All between its tags, as it was written.
        alone: It was closed within itself, `<name />`.
    """

    __slots__ = ("_begin", "alone", "children", "key", "name", "source")

    def __init__(self, name: str, key: str, begin: int, alone: bool = False) -> None:
        self.name = name
        self.key = key
        self.children: list[Element] = []
        self.source = ""
        self.alone = alone
        self._begin = begin

    def close(self, text: str, end: int) -> None:
        """Note where it ends."""
        self.source = text[self._begin : end]

    def text(self) -> str:
        """Return what it holds as text."""
        return plain_text(self.source)


def children_of(text: str) -> list[Element]:
    """Return the elements of `text`, outermost first; tags that close nothing are passed over."""
    root = Element("", "", 0)
    stack = [root]
    for match in _tags(text):
        closing, name, attributes, alone = match.groups()
        if not closing:
            key = _KEY.search(attributes) if attributes else None
            made = Element(name, unescaped_entities(key[1][1:-1]) if key else name, match.end(), bool(alone))
            stack[-1].children.append(made)
            if not alone and len(stack) <= _DEEPEST:
                stack.append(made)
        elif (depth := _open_one(stack, name)) > 0:
            for element in stack[depth:]:
                element.close(text, match.start())
            del stack[depth:]
    for element in stack[1:]:
        element.close(text, len(text))
    return root.children


def _open_one(stack: list[Element], name: str) -> int:
    for depth in range(len(stack) - 1, 0, -1):
        if stack[depth].name == name:
            return depth
    return 0


def _tags(text: str) -> Iterator[re.Match[str]]:
    """Give the tags of `text`; what CDATA quotes and comments hold none."""
    position = 0
    closings = dict(_SKIPPED)
    while match := _TOKEN.search(text, position):
        position = match.end()
        if match[2] is not None:
            yield match
        elif closing := closings.get(match[0]):
            end = text.find(closing, position)
            if end < 0:
                del closings[match[0]]  # none ahead: not looked for again
            else:
                position = end + len(closing)


def outermost(text: str, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Give (name, source) of every element called one of `names` that stands in no other one.

    Names in any case. An element reaches to its own closing tag; where that is missing, to the next element that was
    asked for, or to the end.
    """
    wanted = {name.casefold(): name for name in reversed(list(names))}
    open_name, begin, depth = "", 0, 0
    for match in _tags(text):
        name = wanted.get(match[2].casefold())
        if name is None:
            continue
        if open_name == name:
            depth += -1 if match[1] else (not match[4])
            if depth == 0:
                yield name, text[begin : match.start()]
                open_name = ""
        elif not open_name and not match[1]:
            if match[4]:
                yield name, ""
                continue
            open_name, begin, depth = name, match.end(), 1
    if open_name:
        yield from _unclosed(text, begin, open_name, names)


def _unclosed(text: str, begin: int, name: str, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Give an element that is never closed, then those behind it."""
    end = text.rfind(f"</{name}>", begin)  # it holds an opening tag of its own name, as text
    if end >= 0:
        yield name, text[begin:end]
        rest = text[end:]
    else:
        others = [f"<{other}>" for other in names if other != name]
        end = min((place for tag in others if (place := text.find(tag, begin)) >= 0), default=len(text))
        yield name, text[begin:end]
        rest = text[end:]
    remaining = [other for other in names if other != name]
    if rest and remaining:
        yield from outermost(rest, remaining)


def plain_text(source: str) -> str:
    """Return what a source says as text: stripped, quotes of CDATA opened, entities read."""
    text = source.strip()
    if text.startswith(_CDATA_OPEN) and text.endswith(_CDATA_CLOSE):
        return text[len(_CDATA_OPEN) : -len(_CDATA_CLOSE)]
    return unescaped_entities(text)


def unescaped_entities(text: str) -> str:
    """Return `text` with the entities of XML and numbered characters read; any other `&` stays."""
    return _ENTITY.sub(_character, text) if "&" in text else text


def _character(match: re.Match[str]) -> str:
    if match[1]:
        return _ENTITIES[match[1]]
    code = int(match[2]) if match[2] else int(match[3], 16)
    return chr(code) if code <= 0x10FFFF else match[0]


def escaped_entities(text: str, edges: bool = False) -> str:
    """Return `text` so that it holds no tag and no entity; with `edges`, also so that stripping takes nothing."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    inner = escaped.strip()
    if not edges or len(inner) == len(escaped):
        return escaped
    start = escaped.find(inner) if inner else len(escaped)
    before, after = escaped[:start], escaped[start + len(inner) :]
    return f"{_numbered(before)}{inner}{_numbered(after)}"


def _numbered(text: str) -> str:
    return "".join(f"&#{ord(character)};" for character in text)


def element(name: str, content: str | None) -> str:
    """Return an element on one line, None as `<name />`; what cannot name a tag is the `key` of an `<entry>`."""
    opening = closing_name = name
    if not _PLAIN_NAME.match(name):
        key = escaped_entities(name, edges=True).replace('"', "&quot;").replace(">", "&gt;")
        opening, closing_name = f'entry key="{key}"', "entry"
    return f"<{opening} />" if content is None else f"<{opening}>{content}</{closing_name}>"
