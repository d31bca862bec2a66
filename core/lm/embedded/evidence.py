"""Which sentence of the passages holds the answer, and which other passage leads to it.

Knows nothing about spans. A question may need two passages: one tells what the question's description names, the
other tells of that name what is asked. A pair is believed when the second speaks of a name that the first gives and
the question does not, and the two cover more of the question than one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from core.lm.embedded.candidates import pieces
from core.lm.embedded.matching import WordWeights, covered
from core.lm.embedded.passages import Sentence
from core.lm.embedded.text import content_words, plain, words

__all__ = ["Evidence", "find_evidence", "names_in"]

_NEIGHBOURS = 0.7  # of its worth, a word that another sentence of the passage covers
_DIRECTION = 0.12
_NEAREST = 6  # passages looked at as the first of a pair


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that may hold the answer.

    Attributes:
        score: Share of the question's weight that it and its passages cover.
        asked: The question's words that it is to answer, as the question writes them.
        via: The sentence of another passage that led to it.
        bridge: The name they share.
    """

    sentence: Sentence
    score: float
    asked: frozenset[str]
    via: Sentence | None = None
    bridge: str = ""


@dataclass(slots=True)
class _Passage:
    sentences: list[Sentence]
    own: set[str]
    text: str
    covers: set[str]


def find_evidence(question: str, found: Sequence[Sentence]) -> list[Evidence]:
    """Return the sentences that may hold the answer, the best first; of equals, the earlier."""
    search = _Search(question, found)
    return sorted([*search.alone(), *search.pairs()], key=lambda evidence: -evidence.score)


class _Search:
    """Looks for one question's evidence."""

    def __init__(self, question: str, found: Sequence[Sentence]) -> None:
        self.question = f" {plain(question)} "
        self.wanted = list(dict.fromkeys(content_words(question) or words(question)))
        self.stress = _stress(self.wanted, question)
        self.weights = WordWeights([f"{one.title} {one.text}" for one in found], self.stress)
        self.whole = self.weights.sum(self.wanted) or 1.0
        self.passages = _passages(found, self.wanted)

    def alone(self) -> list[Evidence]:
        """Return every sentence by itself; what only the rest of its passage covers counts less."""
        made: list[Evidence] = []
        for passage in self.passages:
            for sentence in passage.sentences:
                own = covered(self.wanted, set(words(f"{sentence.title} {sentence.text}")))
                said = covered(self.wanted, set(words(sentence.text)))
                rest = passage.covers - own
                score = (self.weights.sum(own) + _NEIGHBOURS * self.weights.sum(rest)) / self.whole
                score += _DIRECTION * self._direction(said, passage.covers - said)
                made.append(Evidence(sentence, score, frozenset(said or self.wanted)))
        return made

    def pairs(self) -> list[Evidence]:
        """Return the sentences of passages that another passage leads to."""
        ordered = sorted(self.passages, key=lambda passage: -self.weights.sum(passage.covers))
        return [
            pair
            for first in ordered[:_NEAREST]
            for second in self.passages
            if second is not first
            for pair in self._pair(first, second)
        ]

    def _pair(self, first: _Passage, second: _Passage) -> list[Evidence]:
        bridges = _bridges(first, second, self.question)
        if not bridges:
            return []
        gain = second.covers - first.covers
        title = plain(_bare(second.sentences[0].title))
        named = bool(title) and title in {plain(name) for name in bridges}
        if not gain and not named:
            return []
        via = max(first.sentences, key=lambda one: self.weights.sum(self._covers(one)))
        base = (0.95 * self.weights.sum(first.covers | second.covers)) / self.whole + 0.06 * named
        base += _DIRECTION * self._direction(gain, first.covers - second.covers) - 0.06 * (not gain)
        found: list[Evidence] = []
        for sentence in second.sentences:
            missed = gain - covered(gain, set(words(sentence.text)))
            score = base - 0.5 * self.weights.sum(missed) / self.whole
            asked = frozenset(gain or covered(self.wanted, set(words(sentence.text))))
            found.append(Evidence(sentence, score, asked, via, bridges[0]))
        return found

    def _covers(self, sentence: Sentence) -> set[str]:
        return covered(self.wanted, set(words(f"{sentence.title} {sentence.text}")))

    def _direction(self, asked: Collection[str], given: Collection[str]) -> float:
        """Return how much rather `asked` is what the question asks, and `given` what it tells, -1 to 1."""
        if not asked or not given:
            return 0.0
        lift = sum(map(self._rank, asked)) / len(asked) - sum(map(self._rank, given)) / len(given)
        return max(-1.0, min(1.0, lift))

    def _rank(self, word: str) -> float:
        return self.stress.get(word, 1.0)


def _stress(wanted: Sequence[str], question: str) -> dict[str, float]:
    """Return factors for words: more for those behind the question word and the last, which ask; less for names."""
    factors = dict(zip(wanted, (1.5, 1.3, 1.15), strict=False))
    for word, factor in zip(reversed(wanted), (1.4, 1.1), strict=False):
        factors[word] = max(factors.get(word, 1.0), factor)
    for match in re.finditer(r"(?<=\s)[^\W\d_a-z]\w*", question):
        for word in words(match[0]):
            factors[word] = 0.8
    return factors


def _passages(found: Sequence[Sentence], wanted: Sequence[str]) -> list[_Passage]:
    grouped: dict[int, list[Sentence]] = {}
    for sentence in found:
        grouped.setdefault(sentence.passage, []).append(sentence)
    made: list[_Passage] = []
    for group in grouped.values():
        text = " ".join([f"{group[0].title}.", *(sentence.text for sentence in group)])
        own = set(words(text))
        made.append(_Passage(group, own, plain(text), covered(wanted, own)))
    return made


def _bridges(first: _Passage, second: _Passage, question: str) -> list[str]:
    """Return the names that both passages give and the question does not."""
    found: dict[str, str] = {}
    for name in names_in(first):
        folded = plain(name)
        if folded and f" {folded} " not in question and f" {folded} " in f" {second.text} ":
            found[folded] = name
    return list(found.values())


def names_in(passage: _Passage) -> list[str]:
    """Return the names a passage gives, its title first, articles aside."""
    text = " ".join(sentence.text for sentence in passage.sentences)
    title = passage.sentences[0].title
    found = [piece.text for piece in pieces(text) if piece.kind in {"name", "quoted"}]
    return [_bare(name) for name in ([title] if title else []) + found]


def _bare(name: str) -> str:
    head, _, rest = name.partition(" ")
    return rest if head.casefold() in {"the", "a", "an"} and rest else name
