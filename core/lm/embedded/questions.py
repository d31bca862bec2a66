"""What a question asks for: the kind of thing, and the words that say what of it.

Knows nothing about passages. Question words of several languages are a short table; without one of them any kind of
answer will do.
"""

from __future__ import annotations

import re

from core.lm.embedded.text import content_words, words

__all__ = ["expected_kinds", "focus_words"]

_NUMBERS = ("number", "money", "percent", "year")
_DATES = ("date", "year", "day", "time")
_TABLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"how (?:many|much)|wie ?viele?|combien|cuánt[oa]s?|quanti|hoeveel|πόσ\w+|كم|いくつ|何人|多少",
        _NUMBERS,
    ),
    (r"how (?:old|tall|long|far|high|deep|large|big|heavy)|wie (?:alt|hoch|lang|weit|tief)", _NUMBERS),
    (
        r"(?:what|which|in what|in which) (?:year|date|day|month)|when|wann|in welchem jahr|quand|cuándo|quando|πότε|متى|いつ",
        _DATES,
    ),
    (r"who(?:m|se)?|wer|wen|wem|qui|quién|chi|quem|ποιος|من هو|誰", ("name",)),
    (
        r"where|wo|woher|wohin|où|dónde|dove|onde|πού|أين|どこ|(?:what|which) (?:city|town|country|place|village|river|island)",
        ("name",),
    ),
    (r"(?:what|which) (?:percentage|number|amount|price)|what time", _NUMBERS),
)
_COMPILED = tuple(
    (re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE), kinds) for pattern, kinds in _TABLE
)
_LOOSE = tuple(
    (re.compile(pattern), kinds)
    for pattern, kinds in (
        (r"いくつ|何人|多少", _NUMBERS),
        (r"いつ", _DATES),
        (r"誰|どこ", ("name", "phrase")),
    )
)


def expected_kinds(question: str) -> tuple[str, ...]:
    """Return the kinds of piece that would answer a question; empty when it does not tell."""
    earliest: tuple[int, tuple[str, ...]] | None = None
    for pattern, kinds in _COMPILED:
        if (match := pattern.search(question)) and (earliest is None or match.start() < earliest[0]):
            earliest = (match.start(), kinds)
    if earliest:
        return earliest[1]
    return next((kinds for pattern, kinds in _LOOSE if pattern.search(question)), ())


def focus_words(question: str) -> list[str]:
    """Return the content words of a question that are no names, those nearest its question word first."""
    capital = {word.casefold() for word in re.findall(r"(?<=\s)[^\W\d_a-z]\w+", question)}
    named = {part for word in capital for part in words(word)}
    return [word for word in content_words(question) if word not in named][:6]
