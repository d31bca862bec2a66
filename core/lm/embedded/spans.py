"""The piece of a sentence that answers: runs of words between those that the question already holds.

Knows nothing about how the sentence was found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from core.lm.embedded.candidates import pieces
from core.lm.embedded.matching import same_word
from core.lm.embedded.numbers import NUMBER_WORDS
from core.lm.embedded.text import is_function_word, words

__all__ = ["Span", "has_article", "spans_of"]

_WORD = re.compile(r"[^\W_](?:[\w'’]|[-‐](?=\w)|[.,](?=\d))*|[^\W_]", re.UNICODE)
_JOINS = {
    "of",
    "for",
    "de",
    "von",
    "du",
    "des",
    "der",
    "and",
    "und",
    "et",
    "the",
    "a",
    "an",
    "on",
    "di",
    "van",
}
_POSSESSIVE = {"her", "his", "its", "their", "my", "our", "your", "no"}
_ARTICLES = {
    "a", "an", "the", "der", "die", "das", "den", "dem", "ein", "eine", "einen", "einem", "einer", "le", "la", "les",
    "un", "une", "el", "los", "las", "una", "il", "lo", "uno",
}  # fmt: skip
_BE = {"is", "was", "are", "were", "been", "be", "being"}


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a sentence.

    Attributes:
        kind: As `candidates.Piece`; "run" for words of no special look.
        gap: Words between it and the nearest word that the question asks by.
        lead: The function word before it.
        stale: Share of it that the question or the title already says.
        verbal: It looks like a participle rather than a thing.
        joined: It goes on behind a small word: `school for the blind`.
        told: A form of `to be` leads to it.
        article: 1 with its article, -1 when it stands behind one and leaves it out, else 0.
    """

    text: str
    kind: str
    gap: int
    lead: str
    stale: float
    verbal: bool
    start: int
    joined: bool = False
    told: bool = False
    article: int = 0


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int
    held: bool  # the question or the title says it
    asked: bool  # the question asks by it
    joins: bool  # a function word
    broken: bool  # punctuation stands before it
    noun: bool  # it is the noun that the question asks for


def spans_of(
    sentence: str, question: Collection[str], asked: Collection[str], title: str, noun: str = ""
) -> list[Span]:
    """Return the pieces of a sentence that could answer.

    Args:
        sentence: Where to look.
        question: All words of the question.
        asked: Those of them that this sentence is to answer.
        title: What the passage is about.
        noun: The noun that the question asks for; saying it again is no repetition.
    """
    tokens = _tokens(sentence, question, asked, set(words(title)), noun)
    found: dict[tuple[int, int], Span] = {}
    for piece in pieces(sentence):
        if piece.kind != "phrase":
            _add(found, tokens, piece.start, piece.start + len(piece.text), piece.kind, piece.text)
    for begin, end in _runs(tokens):
        for first, last, joined in _stretched(tokens, begin, end):
            start, stop = tokens[first].start, tokens[last].end
            _add(found, tokens, start, stop, "run", sentence[start:stop], joined)
    for (start, end), span in list(found.items()):
        if span.article < 0 and span.kind in {"run", "name", "number", "measure"}:
            _with_article(found, tokens, sentence, start, end)
    if not found:
        found = {(0, 0): Span(sentence, "sentence", 0, "", 0.0, False, 0)}
    return list(found.values())


def _tokens(
    sentence: str, question: Collection[str], asked: Collection[str], title: set[str], noun: str
) -> list[_Token]:
    made: list[_Token] = []
    end = 0
    for match in _WORD.finditer(sentence):
        own = words(match[0])
        folded = own[0] if own else match[0].casefold()
        joins = is_function_word(match[0].casefold())
        held = not joins and (any(same_word(folded, word) for word in question) or folded in title)
        is_asked = not joins and any(same_word(folded, word) for word in asked)
        broken = bool(re.search(r"[,;:()\"“”«».!?—–]", sentence[end : match.start()]))
        is_noun = bool(noun) and same_word(folded, noun)
        made.append(_Token(match[0], match.start(), match.end(), held, is_asked, joins, broken, is_noun))
        end = match.end()
    return made


def _runs(tokens: Sequence[_Token]) -> Iterator[tuple[int, int]]:
    """Give the runs of words that are new, without function words or marks between them."""
    begin = -1
    for index, token in enumerate(tokens):
        fresh = not token.joins and not token.held
        if begin >= 0 and (not fresh or token.broken):
            yield begin, index - 1
            begin = -1
        if fresh and begin < 0:
            begin = index
    if begin >= 0:
        yield begin, len(tokens) - 1


def _stretched(tokens: Sequence[_Token], begin: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Give a run, alone and with what belongs to it: a possessive before, `of …` or `and …` behind, the asked noun."""
    for index in range(begin, end + 1):
        if _numeric(tokens[index].text):
            yield index, index, False
            yield index, min(end, index + 2), False
            break
    if begin and tokens[begin - 1].text.casefold() in _POSSESSIVE:
        begin -= 1
    yield begin, end, False
    if end + 1 < len(tokens) and tokens[end + 1].held and not tokens[end + 1].broken:
        yield begin, end + 1, False
    at = end + 1
    while (
        at < len(tokens)
        and tokens[at].joins
        and tokens[at].text.casefold() in _JOINS
        and not tokens[at].broken
    ):
        at += 1
    if at == end + 1 or at >= len(tokens) or tokens[at].joins or tokens[at].broken or at - end > 3:
        return
    while at + 1 < len(tokens) and not (tokens[at + 1].joins or tokens[at + 1].held or tokens[at + 1].broken):
        at += 1
    yield begin, at, True


def _numeric(text: str) -> bool:
    return text[:1].isdigit() or text.casefold() in NUMBER_WORDS


def _add(
    found: dict[tuple[int, int], Span],
    tokens: Sequence[_Token],
    start: int,
    end: int,
    kind: str,
    text: str,
    joined: bool = False,
) -> None:
    inside = [index for index, token in enumerate(tokens) if token.start >= start and token.end <= end]
    if (start, end) in found or not inside:
        return
    content = [tokens[index] for index in inside if not tokens[index].joins] or [
        tokens[index] for index in inside
    ]
    fresh = [token for token in content if not token.noun] or content
    stale = sum(token.held for token in fresh) / len(fresh)
    lead = tokens[inside[0] - 1].text.casefold() if inside[0] and tokens[inside[0] - 1].joins else ""
    if lead in {"the", "a", "an"} and inside[0] > 1 and tokens[inside[0] - 2].joins:
        lead = tokens[inside[0] - 2].text.casefold()
    told = any(token.text.casefold() in _BE for token in tokens[max(0, inside[0] - 3) : inside[0]])
    verbal = (
        len(inside) == 1
        and kind == "run"
        and text.endswith(("ed", "ing", "held"))
        and bool(lead in _BE or lead == "")
    )
    if kind in {"run", "number", "year"} and _numeric(content[0].text):
        kind = (
            "measure"
            if len(content) > 1 and not joined
            else kind
            if len(content) > 1
            else "number"
            if kind == "run"
            else kind
        )
    behind = inside[0] > 0 and not tokens[inside[0]].broken and has_article(tokens[inside[0] - 1].text)
    found[start, end] = Span(
        text, kind, _gap(tokens, inside), lead, stale, verbal, start, joined, told, -int(behind)
    )


def has_article(text: str) -> bool:
    """Return whether a text begins with an article."""
    return text.split(maxsplit=1)[0].casefold() in _ARTICLES if text.strip() else False


def _with_article(
    found: dict[tuple[int, int], Span], tokens: Sequence[_Token], sentence: str, start: int, end: int
) -> None:
    """Add a piece once more with the article before it."""
    at = next(index for index, token in enumerate(tokens) if token.start >= start) - 1
    begin = tokens[at].start
    if (begin, end) not in found:
        found[begin, end] = replace(found[start, end], text=sentence[begin:end], start=begin, article=1)


def _gap(tokens: Sequence[_Token], inside: Sequence[int]) -> int:
    """Return the words to the nearest asked word outside, marks counting as two; 99 without one."""
    best = 99
    for index, token in enumerate(tokens):
        if not token.asked or index in inside:
            continue
        low, high = (index, inside[0]) if index < inside[0] else (inside[-1], index)
        marks = sum(tokens[at].broken for at in range(low + 1, high + 1))
        content = sum(not tokens[at].joins for at in range(low + 1, high))
        best = min(best, content * 2 + (high - low - 1 - content) + 2 * marks)
    return best
