"""A tagged value, `<name>value</name>`, and the thinking that some models put before their reply.

Knows nothing about which fields exist. Standard library only; exported scripts carry it. Substring searches alone,
so it is linear on any text.
"""

from __future__ import annotations

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


def unix_lines(text: str) -> str:
    """Return `text` with plain line breaks where every one was written as carriage return and line feed."""
    if "\r\n" in text and text.count("\r\n") == text.count("\n"):
        return text.replace("\r\n", "\n")
    return text


def tag(name: str, text: str) -> str:
    """Return `text` between tags, each on its own line."""
    return f"<{name}>\n{text}\n</{name}>"
