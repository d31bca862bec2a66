"""Reads broken JSON: single quotes, bare keys, trailing commas, comments, Python words, raw line breaks, a cut end.

Knows nothing about where in a reply the JSON stands. Standard library only; exported scripts carry it.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from core.wire.patterns import late_pattern

_DEPTH_LIMIT = 100
# Line breaks also as the two characters \n, which a model writes that escapes once too often.
_SPACE = late_pattern(r"(?:[\s\ufeff]+|\\[nrt]|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*")
_SPACE_AND_COMMAS = late_pattern(r"(?:[\s,;\ufeff]+|\\[nrt]|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)*")
_BARE_VALUE = late_pattern(r"[^,\]}\)\n\"]+")
_BARE_KEY = late_pattern(r"[\w$ .-]{1,80}?(?=[ \t]{0,20}[:=])")
_JSON_NUMBER = late_pattern(r"[-+]?(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[eE][-+]?\d{1,4})?$")
_ESCAPE = late_pattern(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_STOPS = {quote: late_pattern(rf"[\\{quote}]") for quote in "\"'`"} | {"“": late_pattern(r"[\\”“]")}
# A quote closes a text only when what follows could follow a text there; any other quote belongs to the text.
_GAP = r"(?:\s|\\[nrt]){0,60}"
_AFTER_IN_OBJECT = late_pattern(
    rf"{_GAP}(?:[}}\])]|$"
    rf"|,{_GAP}(?:[}}\"'“]|//|/\*|[\w$]{{1,80}}[ \t]{{0,20}}:|$)"
    rf"|[\"'][\w$ .-]{{1,80}}[\"'][ \t]{{0,20}}:)"
)
_AFTER_IN_LIST = late_pattern(
    rf"{_GAP}(?:[}}\])]|$|,{_GAP}(?:[\[{{\"'“\]\d-]|//|/\*|true|false|null|None|True|False|$))"
    rf"|[ \t]{{0,60}}(?:\r?\n|\\n){_GAP}[\"'“]"  # a comma forgotten at the end of a line
)
_AFTER_KEY = late_pattern(rf"{_GAP}[:=\"'{{\[]")
_JSON_WORDS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "none": None,
    "undefined": None,
    "nan": float("nan"),
    "infinity": float("inf"),
    "-infinity": float("-inf"),
}


class JsonishError(ValueError):
    """The text holds nothing that reads as JSON."""


def mended_json(text: str, position: int = 0) -> Any:
    """Return the value that begins at `position`; wherever the text stops, everything open is closed.

    Raises:
        JsonishError: Even so it makes no sense, or is nested too deeply.
    """
    return _Reader(text, position).value(0, _AFTER_IN_OBJECT)


class _Reader:
    """A forgiving recursive-descent reader; every step takes at least one character or fails."""

    def __init__(self, text: str, position: int) -> None:
        self.text = text
        self.at = position
        self.open_lists = 0

    def value(self, depth: int, after: re.Pattern[str]) -> Any:
        if depth > _DEPTH_LIMIT:
            self.fail("nested too deeply")
        character = self.skip(_SPACE)
        if character == "{":
            return self.object(depth)
        if character in ("[", "("):
            return self.list(depth)
        if character in _STOPS:
            return self.quoted(character, after)
        return self.bare()

    def object(self, depth: int) -> dict[str, Any]:
        self.at += 1
        found: dict[str, Any] = {}
        while True:
            character = self.skip(_SPACE_AND_COMMAS)
            if character in ("]", ")") and not self.open_lists:
                self.at += 1  # closes nothing
                continue
            if character == "}":
                self.at += 1
            if character in ("", "}", "]", ")"):
                return found
            key = self.key(character)
            following = self.skip(_SPACE)
            if following in (":", "="):
                self.at += 1
            elif following and following not in "{[\"'":
                self.fail(f"the key {key[:40]!r} has no value")
            if self.skip(_SPACE):
                found[key] = self.value(depth + 1, _AFTER_IN_OBJECT)

    def list(self, depth: int) -> list[Any]:
        self.at += 1
        self.open_lists += 1
        found: list[Any] = []
        while True:
            character = self.skip(_SPACE_AND_COMMAS)
            if character in ("]", ")"):
                self.at += 1
            if character in ("", "]", ")", "}"):
                self.open_lists -= 1
                return found
            found.append(self.value(depth + 1, _AFTER_IN_LIST))

    def key(self, character: str) -> str:
        if character in _STOPS:
            return self.quoted(character, _AFTER_KEY)
        match = _BARE_KEY.match(self.text, self.at)
        if not match:
            self.fail("no key where one belongs")
        self.at = match.end()
        return match[0].strip()

    def quoted(self, quote: str, after: re.Pattern[str]) -> str:
        if self.text.startswith(quote * 3, self.at):
            return self.up_to(quote * 3)
        stop = _STOPS[quote]
        begin = position = self.at + 1
        while match := stop.search(self.text, position):
            if match[0] == "\\":
                position = match.end() + 1
                continue
            position = match.end()
            if after.match(self.text, position):
                self.at = position
                return _unescaped(self.text[begin : match.start()])
        self.at = len(self.text)
        return _unescaped(self.text[begin:])

    def up_to(self, fence: str) -> str:
        begin = self.at + len(fence)
        end = self.text.find(fence, begin)
        end = end if end >= 0 else len(self.text)
        self.at = min(len(self.text), end + len(fence))
        return self.text[begin:end]

    def bare(self) -> Any:
        match = _BARE_VALUE.match(self.text, self.at)
        if not match:
            self.fail("no value where one belongs")
        self.at = match.end()
        word = match[0].strip()
        while word.endswith(("\\n", "\\r", "\\t")):
            word = word[:-2].rstrip()
        if word.lower() in _JSON_WORDS:
            return _JSON_WORDS[word.lower()]
        if _JSON_NUMBER.match(word):
            number = float(word)
            return int(word) if word.lstrip("+-").isdecimal() else number
        return word

    def skip(self, what: re.Pattern[str]) -> str:
        """Pass over `what` and return the character behind it, "" at the end."""
        match = what.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.text[self.at : self.at + 1]

    def fail(self, reason: str) -> NoReturn:
        raise JsonishError(f"broken JSON: {reason} (character {self.at})")


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(_unescape, text)
    # Two halves of one character, written as two escapes, become that character.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def _unescape(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPES.get(code, code)
