"""Finds and reads JSON in what models write: bare, in fences, in prose, or broken.

Knows nothing about fields and types. Standard library only; exported scripts carry it.

The ladder: the text as strict JSON; the first JSON value inside it; a mended reading of what begins at the first
bracket (`core.wire.mending`). Every rung is bounded in tries, nesting and length.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any

from core.wire.mending import JsonishError, mended_json

_MENDING_LIMIT = 50_000  # the mending reader runs in Python: about a microsecond a character at worst
_CANDIDATES = 12
_LONG_TEXT = 200_000
_BARE_MEMBER = re.compile(r'\s{0,20}"(\w{1,100})"\s{0,20}:')


def strict_json(text: str) -> Any:
    """Return the value of a text that is JSON from end to end.

    Raises:
        JsonishError: It is not, or is nested too deeply, or holds a number of absurd length.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise JsonishError(f"it is not JSON ({error})") from None


def parse_json(text: str) -> Any:
    """Return the JSON array or object that `text` is or holds, or the scalar that it is.

    Raises:
        JsonishError: There is none.
    """
    text = text.strip()
    try:
        return strict_json(text)
    except JsonishError:
        pass
    embedded = _embedded(text, "[{", 1)
    if not embedded:
        return _mended(text, "[{")
    try:  # where no prose stands in front, a part of what is broken is not the whole
        return _mended(text, "[{") if text[:1] in ("[", "{") and not _begins_with_json(text) else embedded[0]
    except JsonishError:
        return embedded[0]


def find_object(text: str, wanted: Collection[str] = ()) -> dict[str, Any]:
    """Return the JSON object that `text` is or holds: the first with a key of `wanted`, else the first.

    Raises:
        JsonishError: There is none.
    """
    try:
        value = strict_json(text)
    except JsonishError:
        return _object_inside(text, wanted)
    found = _as_object(value)
    if found is None:
        raise JsonishError(f"it is JSON, but a {type(value).__name__} where an object belongs")
    return found


def _object_inside(text: str, wanted: Collection[str]) -> dict[str, Any]:
    if (first := _BARE_MEMBER.match(text)) and first[1] in wanted and len(text) < _MENDING_LIMIT:
        return mended_json(f"{{{text}")  # its outer braces were left out
    objects = [value for value in _embedded(text, "{", _CANDIDATES) if isinstance(value, dict)]
    for value in objects:
        if not wanted or not value.keys().isdisjoint(wanted):
            return value
    try:
        mended = _as_object(_mended(text, "{"))
    except JsonishError:
        mended = None
        if not objects:
            raise
    if mended is not None and (not objects or not mended.keys().isdisjoint(wanted)):
        return mended
    if objects:
        return objects[0]
    raise JsonishError("no JSON object in it")


def _as_object(value: Any) -> dict[str, Any] | None:
    """Return an object, also one alone in a list, or written as JSON inside a JSON text."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = strict_json(value)
        except JsonishError:
            return None
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, dict) else None


def _begins_with_json(text: str) -> bool:
    try:
        json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _embedded(text: str, openers: str, enough: int) -> list[Any]:
    """Return the well-formed values that begin at one of `openers`, outermost only, in a bounded number of tries."""
    decoder = json.JSONDecoder()
    found: list[Any] = []
    position = 0
    for _ in range(_CANDIDATES if len(text) < _LONG_TEXT else 2):
        position = _first_of(text, openers, position)
        if position < 0 or len(found) == enough:
            break
        try:
            value, position = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        if value:  # an empty {} in prose is a placeholder, not an answer
            found.append(value)
    return found


def _first_of(text: str, characters: str, position: int) -> int:
    places = [place for character in characters if (place := text.find(character, position)) >= 0]
    return min(places, default=-1)


def _mended(text: str, openers: str) -> Any:
    start = _first_of(text, openers, 0)
    if start < 0:
        raise JsonishError("no JSON in it")
    if len(text) - start > _MENDING_LIMIT:
        raise JsonishError(f"{len(text) - start} characters of broken JSON, too long to mend")
    return mended_json(text, start)
