"""What a question asks for: the kind of thing, and the words that say what of it.

Knows nothing about passages. Question words of several languages are a short table; without one of them any kind of
answer will do.
"""

from __future__ import annotations

import re

from core.lm.embedded.text import content_words

__all__ = ["asked_noun", "expected_kinds", "leading_words"]

_NUMBERS = ("number", "money", "percent", "year")
_MEASURES = ("measure", "number", "money", "percent", "year")
_DATES = ("date", "year", "day", "time")
_TABLE: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"how (?:many|much)|wie ?viele?|combien|cuánt[oa]s?|quanti|hoeveel|πόσ\w+|كم|いくつ|何人|多少",
        _NUMBERS,
    ),
    (
        r"how (?:old|tall|long|far|high|deep|large|big|heavy|fast|often|wide)|"
        r"(?:what|which) (?:temperature|height|length|weight|speed)|wie (?:alt|hoch|lang|weit|tief)",
        _MEASURES,
    ),
    (
        r"(?:what|which|in what|in which) (?:year|date|day|month)|when|wann|in welchem jahr|"
        r"quand|cuándo|quando|πότε|متى|いつ",
        _DATES,
    ),
    (r"who(?:m|se)?|wer|wen|wem|qui|quién|chi|quem|ποιος|من هو|誰", ("name",)),
    (
        r"where|wo|woher|wohin|où|dónde|dove|onde|πού|أين|どこ|"
        r"(?:what|which) (?:city|town|country|place|village|river|island)",
        ("name",),
    ),
    (r"(?:what|which) (?:percentage|number|amount|price)|what time", _NUMBERS),
    (r"what|which|whose|how|why|was|welche[rsmn]?|wie|que|quel(?:le)?s?|qué|cómo|che|τι|ما", ()),
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


_WH = r"(?:which|what|whose|welche[rsmn]?|quel(?:le)?s?|qué|cuál|quale)"


def asked_noun(question: str) -> str:
    """Return the noun right behind the question word: `river` of `Which river …`; empty without one."""
    match = re.search(rf"(?<!\w){_WH}\s+(\w+)", question, re.IGNORECASE)
    if match is None:
        return ""
    own = content_words(match[1])
    return own[0] if own else ""


def leading_words(question: str) -> set[str]:
    """Return the prepositions that the answer may stand behind: those the question word stands behind."""
    found = {
        match[1].casefold()
        for match in re.finditer(rf"(?<!\w)(\w{{2,5}})\s+(?:{_WH}|when|whom)(?!\w)", question, re.I)
    }
    if re.search(r"(?<!\w)(?:where|wo|où|dónde)(?!\w)", question, re.IGNORECASE):
        found |= {"in", "at", "on", "near", "from", "à", "en", "bei"}
    if re.search(r"(?<!\w)who(?!\w)", question, re.IGNORECASE):
        found |= {"by", "von", "par", "por"}
    return found
