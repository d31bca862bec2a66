"""Search queries: what the question names, or, once passages are there, what is still missing.

Knows nothing about search engines.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.lm.embedded.candidates import pieces
from core.lm.embedded.context import Context
from core.lm.embedded.evidence import Evidence, find_evidence
from core.lm.embedded.options import Option
from core.lm.embedded.passages import Sentence, passages_of, question_of, sentences_of
from core.lm.embedded.task import Slot, Task
from core.lm.embedded.text import content_words, humanized, plain, words

__all__ = ["is_query", "solve_query"]

_NAMES = {"query", "queries", "search", "lookup", "keywords", "suchanfrage", "subquestion"}


def is_query(task: Task, slot: Slot) -> bool:
    """Return whether a text field is to be searched with."""
    return slot.shape.kind == "str" and bool(set(humanized(slot.name).split()) & _NAMES)


def solve_query(context: Context, slot: Slot) -> list[Option]:
    """Return queries, the best first."""
    task = context.task
    name, question = question_of(task)
    found = sentences_of(passages_of(task, name))
    asked = _content(question)
    if not found:
        return [
            Option(
                " ".join(asked) or question,
                0.0,
                "nothing has been found yet, so the question's own words are searched",
            )
        ]
    options: list[Option] = []
    for rank, evidence in enumerate(_first_hops(question, found)[:4]):
        score = 8.0 * evidence.score - 0.2 * evidence.sentence.passage - 0.4 * rank
        for bridge in _bridges(evidence, question)[:3]:
            missing = _missing(asked, evidence, bridge)
            reason = f'"{evidence.sentence.text}" names {bridge}'
            if missing:
                reason += f", and nothing is known yet of {', '.join(missing)}"
            options.append(Option(" ".join([bridge, *missing]), score, reason, evidence.sentence.text))
            score -= 0.5
    if not options:
        options = [Option(" ".join(asked), 0.0, "the passages name nothing new")]
    return sorted(options, key=lambda option: -option.score)


def _first_hops(question: str, found: Sequence[Sentence]) -> list[Evidence]:
    """Return the sentences that say what the question describes: the first of a pair before single ones."""
    return [evidence for evidence in find_evidence(question, found) if evidence.via is None]


def _content(question: str) -> list[str]:
    """Return the words of a question that name something, as they are written."""
    wanted = set(content_words(question))
    kept = [part.strip(".,;:!?\"'“”«»()？。") for part in question.split()]
    chosen = [part for part in kept if part and set(words(part)) & wanted]
    return chosen if chosen else kept


def _bridges(evidence: Evidence, question: str) -> list[str]:
    """Return what a sentence names that the question does not, in the order of its words; its title last."""
    asked = set(words(question))
    seen: dict[str, str] = {}
    named = [piece.text for piece in pieces(evidence.sentence.text) if piece.kind in {"name", "quoted"}]
    for name in [*named, evidence.sentence.title]:
        own = words(name)
        if own and not set(own) <= asked and plain(name) not in seen:
            seen[plain(name)] = name
    return list(seen.values())


def _missing(asked: Sequence[str], evidence: Evidence, bridge: str) -> list[str]:
    """Return the question's words that neither the sentence nor the name holds."""
    there = plain(f"{evidence.sentence.title} {evidence.sentence.text} {bridge}")
    return [part for part in asked if not any(_stem(word) in there for word in words(part))]


def _stem(word: str) -> str:
    return word[: max(4, len(word) - 2)]
