"""Lists out of a text: the enumeration, or the scattered pieces, that a field's name and the demos point to.

Knows nothing about prompts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from core.lm.embedded.extract import Taught, extract, learn
from core.lm.embedded.options import Option
from core.lm.embedded.shapes import Shape
from core.lm.embedded.task import Slot
from core.lm.embedded.text import humanized, is_function_word, plain, words

__all__ = ["list_options"]

_SPLIT = re.compile(
    r"\s*(?:,|;|、|，|\n|&|/|\+)\s*(?:(?:and|or|und|et|y|e|plus)\s+)?|\s+(?:and|und|et|plus|y)\s+",
    re.IGNORECASE,
)
_ARTICLE = re.compile(
    r"^(?:and|or|plus|also|the|a|an|some|any|two|three|four|my|our|your|with|for|of|please|und|ein|eine|einen|der|"
    r"die|das|un|une|des|le|la|les|one|another|no)\s+",
    re.IGNORECASE,
)
_MOST_ITEMS = 40
_MOST_GROUPS = 600
_LONGEST = 4000  # of a sentence
_STRIP = " \t\n.,;:!?\"'“”()[]-–*•"


def list_options(slot: Slot, items: Shape, text: str, examples: Sequence[tuple[str, Any]]) -> list[Option]:
    """Return lists that a text may give for a field, the likeliest first."""
    single = [(seen, item) for seen, value in examples if isinstance(value, list) for item in value]
    inner = Slot(slot.name, slot.description, items)
    taught = learn(inner, single)
    if items.kind in {"int", "float", "date"} or (
        taught.kinds and taught.kinds.most_common(1)[0][0] not in {"phrase", "name"}
    ):
        return [_scattered(text, inner, taught)]
    known = _vocabulary(single)
    empty = sum(value == [] for _, value in examples) / max(len(examples), 1)
    scored = [
        (_group_score(group, lead, slot, taught, known, single), group)
        for group, lead in _groups(text, taught)
    ]
    options = [
        Option(group, score, f"the input lists {', '.join(group)}", ", ".join(group))
        for score, group in scored
    ]
    if empty or not options:
        options.append(Option([], 0.8 + empty, "the input lists no such things"))
    return sorted(options, key=lambda option: -option.score)[:8]


def _scattered(text: str, inner: Slot, taught: Taught) -> Option:
    options = [option for option in extract(text, inner, taught) if option.value is not None]
    if not options:
        return Option([], 0.0, "the input gives no such values")
    kept = [option for option in options if option.score >= options[0].score - 1.0]
    kept.sort(key=lambda option: text.find(option.quote))
    values = [option.value for option in kept]
    return Option(values, options[0].score, f"the input gives {', '.join(map(str, values))}")


def _vocabulary(single: Sequence[tuple[str, Any]]) -> Counter[str]:
    """Return the words of the items that demos gave."""
    return Counter(
        word
        for _, item in single
        if isinstance(item, str)
        for word in words(item)
        if not is_function_word(word)
    )


def _groups(text: str, taught: Taught) -> list[tuple[list[str], str]]:
    """Return runs of items with the words that lead to them: of each sentence, and of each of its tails."""
    found: list[tuple[list[str], str]] = []
    for sentence in re.split(r"(?<=[.!?。])\s+|\n\n+", text):
        pieces = [
            piece for piece in _SPLIT.split(sentence.strip()[:_LONGEST]) if piece and piece.strip(_STRIP)
        ]
        pieces = pieces[-_MOST_ITEMS:]
        if len(found) > _MOST_GROUPS:
            break
        for start in range(len(pieces)):
            for lead, first in _heads(pieces[start]):
                group = [first, *pieces[start + 1 :]]
                cleaned = [_clean(item, taught) for item in group]
                if all(cleaned) and all(len(item.split()) <= 5 for item in cleaned):
                    found.append((cleaned, " ".join([*pieces[:start], lead])))
    return found


def _heads(piece: str) -> list[tuple[str, str]]:
    """Cut what leads to the first item off it: after a colon, or at each word that joins or asks."""
    parts = piece.split()
    cuts = [("", piece)]
    for index in range(1, len(parts)):
        before = parts[index - 1].casefold().strip(_STRIP)
        if parts[index - 1].endswith((":", "：")) or is_function_word(before) or index <= 3:
            cuts.append((" ".join(parts[:index]), " ".join(parts[index:])))
    return cuts


def _clean(item: str, taught: Taught) -> str:
    item = item.strip(_STRIP)
    while match := _ARTICLE.match(item):
        item = item[match.end() :].strip(_STRIP)
    item = re.split(r"\s+(?:for|if|when|to|from|on|at|in|please|für|pour|para)\b", item, maxsplit=1)[0].strip(
        _STRIP
    )
    return item.casefold() if taught.lower else item


def _group_score(
    group: list[str],
    lead: str,
    slot: Slot,
    taught: Taught,
    known: Counter[str],
    single: Sequence[tuple[str, Any]],
) -> float:
    topic = {
        word for word in words(f"{humanized(slot.name)} {slot.description}") if not is_function_word(word)
    }
    score = (
        0.5 * min(len(group), 4)
        + 1.5 * bool(topic & set(words(lead)[-4:]))
        - 0.3 * bool(topic & set(words(" ".join(group))))
    )
    score -= 0.6 * sum(is_function_word(word) for item in group for word in words(item)[:1])
    if len(group) > 1:
        rest = sorted(len(item.split()) for item in group[1:])
        score -= 0.4 * abs(len(group[0].split()) - rest[len(rest) // 2])
    score -= 0.25 * sum(max(len(item.split()) - 2, 0) for item in group)
    if known:
        own = [word for item in group for word in words(item) if not is_function_word(word)]
        whole = {plain(item) for _, item in single if isinstance(item, str)}
        score += 2.0 * sum(word in known for word in own) / max(len(own), 1) - 0.8
        score += 0.8 * sum(plain(item) in whole for item in group) / len(group)
        leads = Counter(word for before in taught.before for word in before[1:2])
        last = words(lead)[-1:] or [""]
        score += 0.8 * (leads[last[0]] / max(sum(leads.values()), 1)) ** 0.5
    return score
