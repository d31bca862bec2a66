"""Search queries: what the question names, or, once passages are there, what is still missing.

Knows nothing about search engines.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.lm.embedded.answers import Scored, names_in, rank_sentences
from core.lm.embedded.context import Context
from core.lm.embedded.options import Option
from core.lm.embedded.passages import passages_of, question_of, sentences_of
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
    ranked = rank_sentences(question, found)
    options: list[Option] = []
    for rank, scored in enumerate(ranked[:4]):
        score = 8.0 * scored.score - 0.3 * scored.sentence.passage
        for bridge in _bridges(scored, question)[:3]:
            missing = _missing(asked, scored, bridge)
            text = " ".join([bridge, *missing])
            reason = f'"{scored.sentence.text}" names {bridge}'
            if missing:
                reason += f", and nothing is known yet of {', '.join(missing)}"
            options.append(Option(text, score - 0.4 * rank, reason, scored.sentence.text))
            score -= 0.5
    if not options:
        options = [Option(" ".join(asked), 0.0, "the passages name nothing new")]
    return sorted(options, key=lambda option: -option.score)


def _content(question: str) -> list[str]:
    """Return the words of a question that name something, as they are written."""
    wanted = set(content_words(question))
    kept = [part.strip(".,;:!?\"'“”«»()？。") for part in question.split()]
    chosen = [part for part in kept if part and set(words(part)) & wanted]
    return chosen if chosen else kept


def _bridges(scored: Scored, question: str) -> list[str]:
    """Return what a sentence names that the question does not, in the order of its words; its title last."""
    asked = set(words(question))
    seen: dict[str, str] = {}
    for name in [*names_in(scored.sentence.text), scored.sentence.title]:
        own = [word for word in words(name)]
        if own and not set(own) <= asked and plain(name) not in seen:
            seen[plain(name)] = name
    return list(seen.values())


def _missing(asked: Sequence[str], scored: Scored, bridge: str) -> list[str]:
    """Return the question's words that neither the sentence nor the name holds."""
    there = plain(f"{scored.sentence.title} {scored.sentence.text} {bridge}")
    return [part for part in asked if not any(_stem(word) in there for word in words(part))]


def _stem(word: str) -> str:
    return word[: max(4, len(word) - 2)]
