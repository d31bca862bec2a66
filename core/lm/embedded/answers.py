"""Answers to questions over passages: the sentence that holds the answer, then the span in it.

Knows nothing about layouts. A question may need two sentences: one names the thing that the question describes, the
other says of it what is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.lm.embedded.candidates import Piece, kind_of, pieces
from core.lm.embedded.context import Context
from core.lm.embedded.options import Option
from core.lm.embedded.passages import Sentence, passages_of, question_of, sentences_of
from core.lm.embedded.questions import expected_kinds, focus_words
from core.lm.embedded.task import Slot
from core.lm.embedded.text import content_words, plain, words
from core.lm.embedded.vectors import Vector, Weights, dot, features

__all__ = ["Scored", "chain", "rank_sentences", "solve_question"]

_WIDTH = 8  # sentences looked at as partners of one another


@dataclass(frozen=True, slots=True)
class Scored:
    """A sentence with how well it fits the question, and the one that led to it."""

    sentence: Sentence
    score: float
    via: Sentence | None = None


class Ranker:
    """Scores sentences against a question by the question's weight that they cover."""

    def __init__(self, question: str, found: Sequence[Sentence]) -> None:
        self.found = list(found)
        raw = [features(f"{one.title} {one.text}") for one in found]
        self.weights = Weights(raw)
        self.question = self.weights.weigh(features(question))
        self.vectors: list[Vector] = [self.weights.weigh(one) for one in raw]

    def ranked(self) -> list[Scored]:
        """Return the sentences, the best first; of equals, the earlier."""
        scored = [
            Scored(one, self._cover(vector)) for one, vector in zip(self.found, self.vectors, strict=True)
        ]
        return sorted(scored, key=lambda item: -item.score)

    def _cover(self, vector: Vector) -> float:
        cosine = dot(self.question, vector)
        covered = sum(weight * weight for key, weight in self.question.items() if key in vector)
        return 0.5 * cosine + 0.5 * covered


def rank_sentences(question: str, found: Sequence[Sentence]) -> list[Scored]:
    """Return sentences by how well they fit a question."""
    return Ranker(question, found).ranked() if found else []


def names_in(text: str) -> list[str]:
    """Return the names a text holds."""
    return [piece.text for piece in pieces(text) if piece.kind in {"name", "quoted"}]


def chain(question: str, found: Sequence[Sentence]) -> list[Scored]:
    """Return answer sentences, those reached over another sentence among them, the best first.

    A pair counts as one when the first names something that the question does not, the second speaks of it, and
    the two together cover more of the question than either alone.
    """
    ranker = Ranker(question, found)
    ranked = ranker.ranked()
    asked = set(words(question))
    best = list(ranked)
    vectors = {id(one): vector for one, vector in zip(ranker.found, ranker.vectors, strict=True)}
    for first in ranked[:_WIDTH]:
        bridges = [
            name
            for name in names_in(f"{first.sentence.title}. {first.sentence.text}")
            if not set(words(name)) <= asked
        ]
        own = vectors[id(first.sentence)]
        for second in ranked[: 3 * _WIDTH]:
            if second.sentence is first.sentence:
                continue
            linked = _linked(bridges, second.sentence)
            if not linked:
                continue
            other = vectors[id(second.sentence)]
            gain = sum(w * w for key, w in ranker.question.items() if key in other and key not in own)
            if gain > 0.04:
                best.append(Scored(second.sentence, first.score + 0.9 * gain, first.sentence))
    return sorted(best, key=lambda item: -item.score)


def _linked(bridges: list[str], sentence: Sentence) -> bool:
    inside = f" {plain(sentence.title)} {plain(sentence.text)} "
    return any(f" {plain(name)} " in inside for name in bridges)


def solve_question(context: Context, slot: Slot) -> list[Option]:
    """Return spans that may answer the question, with their weights; empty when there are no passages."""
    task = context.task
    name, question = question_of(task)
    found = sentences_of(passages_of(task, name))
    if not found:
        return []
    taught = [value for _, value in task.taught(slot.name)]
    wanted = expected_kinds(question)
    options: dict[str, Option] = {}
    for rank, scored in enumerate(chain(question, found)[:6]):
        for piece in pieces(scored.sentence.text):
            score = _span_score(piece, scored, question, wanted, taught) - 0.15 * rank
            key = plain(piece.text)
            if key and (key not in options or options[key].score < score):
                options[key] = Option(piece.text, score, _because(scored), scored.sentence.text)
    if not options:
        top = rank_sentences(question, found)[0]
        return [Option(top.sentence.text, 0.0, _because(top), top.sentence.text)]
    return sorted(options.values(), key=lambda option: -option.score)[:12]


def _because(scored: Scored) -> str:
    if scored.via is not None:
        return f'one passage says "{scored.via.text}" and another says "{scored.sentence.text}"'
    return f'a passage says "{scored.sentence.text}"'


def _span_score(
    piece: Piece, scored: Scored, question: str, wanted: Sequence[str], taught: Sequence[str]
) -> float:
    asked = set(words(question))
    own = content_words(piece.text)
    if not own:
        return -9.0
    repeated = sum(word in asked for word in own) / len(own)
    score = 6.0 * scored.score - 4.0 * repeated
    if wanted:
        score += 2.0 if piece.kind in wanted else -1.0 if piece.kind != "phrase" else -1.5
    elif piece.kind == "name":
        score += 0.5
    if scored.via is not None and plain(piece.text) in plain(scored.via.text):
        score -= 2.0
    score += 1.5 * _closeness(piece, scored.sentence.text, focus_words(question))
    if taught:
        score += 1.5 * sum(_shape(piece) == _shape_of(value) for value in taught) / len(taught)
    return score


def _closeness(piece: Piece, sentence: str, focus: Sequence[str]) -> float:
    """Return how near a piece stands to the words that say what is asked."""
    best = 0.0
    folded = sentence.casefold()
    for rank, word in enumerate(focus):
        stem = word[: max(4, len(word) - 2)]
        at = folded.find(stem)
        while at >= 0:
            gap = max(piece.start - (at + len(word)), at - piece.end, 0)
            if not piece.start <= at < piece.end:
                best = max(best, (1.0 - 0.1 * rank) / (1.0 + gap / 8.0))
            at = folded.find(stem, at + 1)
    return best


def _shape(piece: Piece) -> tuple[str, int]:
    return piece.kind, min(len(piece.text.split()), 4)


def _shape_of(text: str) -> tuple[str, int]:
    return kind_of(text), min(len(text.split()), 4)
