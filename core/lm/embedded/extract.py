"""Takes one value out of a text: chosen by its field's name and by the shape and surroundings that examples teach.

Knows nothing about prompts; it sees a text, a field and examples of (text, value).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from core.lm.embedded.candidates import Piece, pieces
from core.lm.embedded.hints import cues_for, kinds_for
from core.lm.embedded.numbers import read_date, read_number
from core.lm.embedded.options import Option
from core.lm.embedded.task import Slot
from core.lm.embedded.text import grams, humanized, is_function_word, plain, words

__all__ = ["Taught", "convert", "extract", "learn"]

_CONTEXT = 3  # words looked at on either side


@dataclass(slots=True)
class Taught:
    """What examples teach of a field: the kinds of its values, their lengths, and the words around them."""

    count: int = 0
    absent: int = 0
    kinds: Counter[str] = field(default_factory=Counter[str])
    lengths: Counter[int] = field(default_factory=Counter[int])
    before: list[list[str]] = field(default_factory=list[list[str]])
    after: list[list[str]] = field(default_factory=list[list[str]])
    places: list[float] = field(default_factory=list[float])
    lower: bool = False
    iso: bool = False
    parts: Counter[str] = field(default_factory=Counter[str])


def learn(slot: Slot, examples: Sequence[tuple[str, Any]]) -> Taught:
    """Return what `examples` teach of a field."""
    taught = Taught()
    texts = [value for _, value in examples if isinstance(value, str) and value]
    taught.iso = bool(texts) and all(re.fullmatch(r"\d{4}-\d\d-\d\d", value) for value in texts)
    taught.lower = bool(texts) and all(value == value.lower() for value in texts)
    for text, value in examples:
        taught.count += 1
        if value is None or value == "":
            taught.absent += 1
            continue
        piece = _find(text, value, slot)
        if piece is None:
            continue
        taught.kinds[piece.kind] += 1
        taught.lengths[min(len(piece.text.split()), 5)] += 1
        before, after = _around(text, piece)
        taught.before.append(before)
        taught.after.append(after)
        taught.places.append((piece.start + piece.end) / 2 / max(len(text), 1))
    return taught


def _find(text: str, value: Any, slot: Slot) -> Piece | None:
    """Return the piece of a text that a value was taken from."""
    found = pieces_with_parts(text)
    if isinstance(value, str):
        wanted = plain(value)
        for piece in found:
            if plain(piece.text) == wanted:
                return piece
        at = text.casefold().find(value.casefold())
        if at >= 0:
            return Piece(text[at : at + len(value)], at, at + len(value), "phrase")
        return next((piece for piece in found if read_date(piece.text) == value), None)
    if isinstance(value, (int, float)):
        return next((p for p in found if p.kind != "phrase" and read_number(p.text) == float(value)), None)
    return None


def pieces_with_parts(text: str) -> list[Piece]:
    """Return the pieces of a text, and the single words of its names."""
    found = pieces(text)
    parts: list[Piece] = []
    for piece in found:
        if piece.kind == "name" and " " in piece.text:
            for match in re.finditer(r"\S+", piece.text):
                start = piece.start + match.start()
                kind = "last" if match.end() == len(piece.text) else "first"
                parts.append(Piece(match[0], start, start + len(match[0]), kind))
    return [*found, *parts]


def _around(text: str, piece: Piece) -> tuple[list[str], list[str]]:
    """Return the words before a piece, nearest first, and those after it; line ends count as a word."""
    before = words(text[max(0, piece.start - 60) : piece.start].replace("\n", " ¶ "))[-_CONTEXT:]
    after = words(text[piece.end : piece.end + 60])[:_CONTEXT]
    lead = text[: piece.start].rstrip(" ")[-1:]
    tail = text[piece.end :].lstrip(" ")[:1]
    return [f"'{lead}", *reversed(before)], [f"'{tail}", *after]


def extract(text: str, slot: Slot, taught: Taught) -> list[Option]:
    """Return the values that a text may give for a field, the likeliest first; None too where it may be absent."""
    wanted = kinds_for(slot)
    topic = set(words(f"{humanized(slot.name)} {slot.description}"))
    best: dict[Any, Option] = {}
    for piece in pieces_with_parts(text):
        value = convert(piece, slot, taught)
        if value is None:
            continue
        score = _score(text, piece, slot, wanted, topic, taught)
        if value not in best or best[value].score < score:
            best[value] = Option(value, score, f'"{piece.text}" stands in the input', piece.text)
    options = sorted(best.values(), key=lambda option: -option.score)[:12]
    if slot.shape.nullable or taught.absent:
        share = (taught.absent + 0.5) / (taught.count + 1.0) if taught.count else 0.3
        options.append(
            Option(None, 1.2 + math.log(share / (1 - min(share, 0.99))), "the input gives no such value")
        )
        options.sort(key=lambda option: -option.score)
    return options


def convert(piece: Piece, slot: Slot, taught: Taught) -> Any:
    """Return a piece as a value of the field's type; None where it is none."""
    kind = slot.shape.kind
    if kind in {"int", "float"}:
        if piece.kind in {"date", "time", "email", "url", "phone", "name", "quoted", "first", "last"}:
            return None
        number = read_number(piece.text)
        if number is None or _outside(number, slot):
            return None
        return int(number) if kind == "int" and number == int(number) else None if kind == "int" else number
    if kind == "date" or taught.iso:
        return read_date(piece.text)
    if kind == "bool":
        return None
    return piece.text.casefold() if taught.lower and piece.kind not in {"email", "url"} else piece.text


def _outside(number: float, slot: Slot) -> bool:
    low, high = slot.shape.low, slot.shape.high
    return (low is not None and number < low) or (high is not None and number > high)


def _score(
    text: str, piece: Piece, slot: Slot, wanted: Sequence[str], topic: set[str], taught: Taught
) -> float:
    before, after = _around(text, piece)
    score = (
        1.5 * (piece.kind in wanted)
        - 0.4 * (piece.kind == "phrase")
        - 0.8 * (piece.kind in {"first", "last"})
    )
    if wanted and piece.kind not in wanted:
        score -= 0.5
    score += 1.2 * max(
        (_alike(word, topic) / (1 + 0.4 * rank) for rank, word in enumerate([*before[1:], *after[1:2]])),
        default=0,
    )
    cues = cues_for(slot)
    score += 1.0 * any(word in cues for word in before[1:3])
    own = set(words(piece.text))
    score -= 1.0 * (bool(own) and own <= topic)
    if taught.count > taught.absent:
        score += _learned(text, piece, before, after, taught)
    return score


def _learned(text: str, piece: Piece, before: list[str], after: list[str], taught: Taught) -> float:
    """Return how well a piece fits what the examples showed."""
    located = sum(taught.kinds.values())
    if not located:
        return 0.0
    trust = located / (located + 1.0)
    kind = taught.kinds[piece.kind] / located
    length = taught.lengths[min(len(piece.text.split()), 5)] / located
    here = (piece.start + piece.end) / 2 / max(len(text), 1)
    place = max(1.0 - 3.0 * abs(here - there) for there in taught.places) if taught.places else 0.0
    context = _context(before, taught.before) + 0.7 * _context(after, taught.after)
    return trust * (2.0 * kind + 1.0 * length + 0.4 * max(place, 0.0) + 2.2 * context)


def _context(here: list[str], seen: list[list[str]]) -> float:
    """Return how like the words on one side of a piece are to those that the examples had there."""
    if not seen:
        return 0.0
    total = 0.0
    best = 0.0
    for there in seen:
        match = sum(
            (0.6 if rank == 0 else 1.0 if not is_function_word(word) else 0.6) / (1 + 0.5 * rank)
            for rank, (word, other) in enumerate(zip(here, there, strict=False))
            if word == other
        )
        best = max(best, match)
        total += match
    return 0.5 * total / len(seen) + 0.5 * best / 2.0


def _alike(word: str, topic: set[str]) -> float:
    if is_function_word(word):
        return 0.0
    if word in topic:
        return 1.0
    own = set(grams(word, 3, 4))
    best = 0.0
    for other in topic:
        theirs = set(grams(other, 3, 4))
        if own and theirs and not is_function_word(other):
            best = max(best, len(own & theirs) / len(own | theirs))
    return best if best > 0.3 else 0.0
