"""Tagged values: `<name>value</name>`, and the thinking that some models put before their reply.

Knows nothing about which fields exist. Standard library only; exported scripts carry it. Substring searches alone,
so it is linear on any text.
"""

from __future__ import annotations

from collections.abc import Iterable

_THOUGHTS = (("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<|channel>thought", "<channel|>"))


def without_thoughts(text: str) -> str:
    """Return `text` without a block of thinking at its start; a block that never ends is left alone."""
    head = text[:64].lstrip()
    if not head.startswith("<"):
        return text
    for opening, closing in _THOUGHTS:
        if head.startswith(opening) and (end := text.find(closing)) >= 0:
            return text[end + len(closing) :].lstrip()
    return text


def tag(name: str, text: str) -> str:
    """Return `text` between tags, each on its own line."""
    return f"<{name}>\n{text}\n</{name}>"


def find_tags(text: str, names: Iterable[str]) -> dict[str, str]:
    """Return what stands between the tags of each name, stripped; the first of its kind, absent names left out.

    A value reaches to the last closing tag before the next opening one that was asked for, so that it may hold
    markup of its own.
    """
    opened = sorted((position, name) for name in names if (position := text.find(f"<{name}>")) >= 0)
    found: dict[str, str] = {}
    for index, (position, name) in enumerate(opened):
        begin = position + len(name) + 2
        limit = opened[index + 1][0] if index + 1 < len(opened) else len(text)
        end = text.rfind(f"</{name}>", begin, limit)
        if end >= 0:
            found[name] = text[begin:end].strip()
    return found
