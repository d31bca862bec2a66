"""Questions that name their own answers: `A or B?`, `Which of A and B …?`, and those answered by yes or no.

Knows nothing about spans. A yes needs every name's passage to say what is asked; it is a guess more often than not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.lm.embedded.candidates import pieces
from core.lm.embedded.matching import WordWeights, covered
from core.lm.embedded.options import Option
from core.lm.embedded.passages import Sentence
from core.lm.embedded.text import content_words, plain, words

__all__ = ["solve_alternatives"]

_POLAR = re.compile(
    r"^\s*(?:are|is|was|were|do|does|did|has|have|had|can|could|will|would|ist|sind|war|waren|hat|haben|est-ce)\b",
    re.I,
)
_CHOICE = re.compile(
    r"\b(?:or|oder|ou)\b|\bwhich (?:one )?of\b|\bbetween\b|\bwho\b.*,.*\bor\b", re.IGNORECASE
)


def solve_alternatives(question: str, found: Sequence[Sentence]) -> list[Option]:
    """Return the answers that a question itself offers, the best first; empty when it offers none."""
    names = list(dict.fromkeys(piece.text for piece in pieces(question) if piece.kind in {"name", "quoted"}))
    if len(names) >= 2 and _CHOICE.search(question):
        return _between(question, names, found)
    if _POLAR.match(question):
        return _yes_or_no(question, names, found)
    return []


def _support(question: str, name: str, names: Sequence[str], found: Sequence[Sentence]) -> tuple[float, str]:
    """Return how much of what is asked the passages say of a name, 0 to 1, and where."""
    named = {word for other in names for word in words(other)}
    asked = [word for word in content_words(question) if word not in named]
    weights = WordWeights([sentence.text for sentence in found])
    whole = weights.sum(asked) or 1.0
    best, said = 0.0, ""
    for sentence in found:
        if f" {plain(name)} " not in f" {plain(sentence.title)} {plain(sentence.text)} ":
            continue
        share = weights.sum(covered(asked, set(words(sentence.text)))) / whole
        if share >= best:
            best, said = share, sentence.text
    return best, said


def _between(question: str, names: Sequence[str], found: Sequence[Sentence]) -> list[Option]:
    offered = [name for name in names if _offered(question, name)] or list(names)
    options: list[Option] = []
    for name in offered:
        share, said = _support(question, name, names, found)
        options.append(Option(name, 4.0 * share, f'of {name} a passage says "{said}"', said))
    return sorted(options, key=lambda option: -option.score)


def _offered(question: str, name: str) -> bool:
    at = question.find(name)
    around = question[max(0, at - 6) : at] + " | " + question[at + len(name) : at + len(name) + 6]
    return bool(re.search(r"\b(?:or|and|of|oder|ou)\b|,", around))


def _yes_or_no(question: str, names: Sequence[str], found: Sequence[Sentence]) -> list[Option]:
    supports = [_support(question, name, names, found) for name in names] or [(0.0, "")]
    share = min(support for support, _ in supports)
    said = " and ".join(f'"{text}"' for _, text in supports if text)
    because = f"the passages say {said}" if said else "no passage speaks of it"
    options = [Option("yes", 3.0 * (share - 0.45), because), Option("no", 3.0 * (0.45 - share), because)]
    return sorted(options, key=lambda option: -option.score)
