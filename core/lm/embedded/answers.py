"""Answers to questions over passages: the sentence that holds the answer, then the span in it.

Knows nothing about layouts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from core.lm.embedded.alternatives import solve_alternatives
from core.lm.embedded.candidates import kind_of
from core.lm.embedded.context import Context
from core.lm.embedded.evidence import Evidence, find_evidence
from core.lm.embedded.matching import same_word
from core.lm.embedded.options import Option
from core.lm.embedded.passages import passages_of, question_of, sentences_of
from core.lm.embedded.questions import asked_noun, expected_kinds, leading_words
from core.lm.embedded.spans import Span, has_article, spans_of
from core.lm.embedded.task import Demo, Slot
from core.lm.embedded.text import content_words, plain, words

__all__ = ["solve_question"]

_SENTENCES = 5
_OPTIONS = 12
_BARE_TELLS = 0.1  # an answer whose passage is not shown may have stood behind no article


def solve_question(context: Context, slot: Slot) -> list[Option]:
    """Return spans that may answer the question, the best first; empty when there are no passages."""
    task = context.task
    name, question = question_of(task)
    found = sentences_of(passages_of(task, name))
    if not found:
        return []
    if offered := solve_alternatives(question, found):
        return offered
    taught = task.taught(slot.name)
    scorer = _Scorer(question, taught)
    options: dict[str, Option] = {}
    for evidence in find_evidence(question, found)[:_SENTENCES]:
        title = f"{evidence.sentence.title} {evidence.bridge}"
        for span in spans_of(evidence.sentence.text, scorer.question, evidence.asked, title, scorer.noun):
            score = scorer.score(span, evidence)
            key = plain(span.text)
            if key and (key not in options or options[key].score < score):
                options[key] = Option(span.text, score, _because(evidence), evidence.sentence.text)
    return sorted(options.values(), key=lambda option: -option.score)[:_OPTIONS]


def _because(evidence: Evidence) -> str:
    if evidence.via is not None:
        return f'one passage says "{evidence.via.text}" and another says "{evidence.sentence.text}"'
    return f'a passage says "{evidence.sentence.text}"'


class _Scorer:
    """Weighs spans for one question."""

    def __init__(self, question: str, taught: Sequence[tuple[Demo, str]]) -> None:
        self.question = set(content_words(question))
        self._kinds = expected_kinds(question)
        self.noun = asked_noun(question)
        self._defines = bool(
            re.match(r"\s*(?:what|was|que|qué|che)\s+(?:is|are|was|were|ist|sind|es|è|est)\b", question, re.I)
        )
        self._leads = leading_words(question)
        self._articles = _kept_articles(taught)
        self._shapes = [(kind_of(value), min(len(value.split()), 4)) for _, value in taught]

    def score(self, span: Span, evidence: Evidence) -> float:
        """Return the logarithm of a span's weight."""
        score = 7.0 * evidence.score - 4.0 * span.stale - 1.2 * span.verbal
        score += 1.6 / (1.0 + 0.35 * span.gap)
        score += self._kind(span) + 0.8 * (span.lead in self._leads) + 0.15 * span.joined
        score += 0.8 * (self._defines and span.told)
        if self.noun and any(same_word(word, self.noun) for word in words(span.text)):
            score += 0.6
        if evidence.via is not None and plain(span.text) in plain(evidence.via.text):
            score -= 2.5
        score += min(self._articles * span.article, 0.0)  # decides between the two, not for either
        if self._shapes:
            shape = (kind_of(span.text), min(len(span.text.split()), 4))
            score += 0.4 * sum(other == shape for other in self._shapes) / len(self._shapes)
        return score

    def _kind(self, span: Span) -> float:
        if not self._kinds:
            return 0.2 * (span.kind == "name") - 0.3 * (span.kind in {"number", "year"})
        if span.kind in self._kinds:
            return 2.4 if span.kind == self._kinds[0] else 2.2
        if span.kind == "measure" and "number" in self._kinds:
            return 1.6
        return -0.6 if span.kind == "run" else -1.0


def _kept_articles(taught: Sequence[tuple[Demo, str]]) -> float:
    """Return how much rather answers keep the article they stand behind: half the log odds that demos teach."""
    kept, left = 0.5, 1.5
    for demo, value in taught:
        if kind_of(value) not in {"phrase", "name", "sentence"}:
            continue
        if has_article(value):
            kept += 1.0
            continue
        text = "\n".join(demo.inputs.values())
        at = text.find(value)
        if at < 0:
            left += _BARE_TELLS
        else:
            left += has_article(" ".join(text[:at].split()[-1:]))
    return 0.5 * math.log(kept / left)
