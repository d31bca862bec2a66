"""Closed fields: Literal, enum and bool outputs, and text outputs whose demos only ever give a few values.

Knows nothing about how labels are weighed; it gathers their names, definitions and demos from the task.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any

from core.lm.embedded.context import Context
from core.lm.embedded.definitions import definitions
from core.lm.embedded.freeform import listed_choices
from core.lm.embedded.options import Option
from core.lm.embedded.task import Demo, Slot, Task
from core.lm.embedded.text import humanized, is_function_word, same, sentences, words

__all__ = ["ClosedFit", "choices_for", "closed_options", "label_text", "position_of", "solve_closed"]

_YES = frozenset(["true", "yes", "y", "ja", "oui", "sí", "si", "sim", "1", "はい", "是", "ναι", "نعم", "да"])
_NO = frozenset(["false", "no", "n", "nein", "non", "não", "0", "いいえ", "否", "όχι", "لا", "нет"])
_NUMERIC = re.compile(r"^[-+$€£]?\d[\d.,]*\s*%?$")
_NO_LEANING = 0.07


def choices_for(task: Task, slot: Slot) -> tuple[Any, ...]:
    """Return the values a field chooses from; empty when it is open."""
    if slot.shape.kind == "closed":
        return slot.shape.choices
    if slot.shape.kind == "bool":
        return (True, False)
    if slot.shape.kind not in {"str", "any", "named"}:
        return ()
    if listed := listed_choices(slot.description):
        return listed
    if learned := _recurring(task, slot):
        listed = listed_choices(task.instruction)
        return listed if listed and all(any(same(v, w) for w in listed) for v in learned) else learned
    if len(task.outputs) == 1 and slot.shape.kind == "str" and not task.taught(slot.name):
        return listed_choices(task.instruction)
    return ()


def _recurring(task: Task, slot: Slot) -> tuple[str, ...]:
    """Return the few short values that the demos give again and again, if that is what they do."""
    taught = task.taught(slot.name)
    counts = Counter(value.strip() for _, value in taught)
    repeated = sum(count for count in counts.values() if count > 1)
    if len(counts) < 2 or max(map(len, counts)) > 40 or all(_NUMERIC.match(value) for value in counts):
        return ()
    few = len(taught) < 4 and len(task.given) == 1 and all(len(value.split()) <= 2 for value in counts)
    if not few and (len(taught) < 4 or repeated < 0.6 * len(taught)):
        return ()
    copied = sum(value.casefold() in "\n".join(demo.inputs.values()).casefold() for demo, value in taught)
    return tuple(sorted(counts)) if copied < 0.6 * len(taught) else ()


def label_text(value: Any) -> str:
    """Return a label as text."""
    return value if isinstance(value, str) else str(value)


def position_of(text: str, choices: tuple[Any, ...]) -> int:
    """Return which choice a written value is, or -1."""
    cleaned = text.strip().strip("\"'`")
    for index, choice in enumerate(choices):
        if same(cleaned, label_text(choice)):
            return index
    return -1


def solve_closed(context: Context, slot: Slot) -> list[Option]:
    """Return every allowed value with its share of belief."""
    task = context.task
    examples = [(_demo_text(demo), value) for demo, value in task.taught(slot.name)]
    return closed_options(ClosedFit(context, slot, choices_for(task, slot), examples), task.text)


class ClosedFit:
    """A classifier for one closed field, with what is needed to say why.

    Args:
        choices: The values allowed.
        examples: Texts with the value each has, as text or as itself; others than `choices` are passed over.
    """

    def __init__(
        self, context: Context, slot: Slot, choices: tuple[Any, ...], examples: Sequence[tuple[str, Any]]
    ) -> None:
        self.choices = choices
        self.labels = tuple(label_text(choice) for choice in choices)
        self.texts: list[str] = []
        self.absent = sum(value is None for _, value in examples) / max(len(examples), 1)
        answers: list[int] = []
        for text, value in examples:
            position = position_of(label_text(value), choices)
            if position >= 0:
                self.texts.append(text)
                answers.append(position)
        names, said, leaning = _descriptions(context.task, slot, self.labels)
        self.classifier = context.fit(names, said, tuple(self.texts), tuple(answers), leaning)

    def because(self, text: str, label: int) -> str:
        """Say truly what spoke for a label."""
        parts: list[str] = []
        if shared := self.classifier.shared_words(text, label):
            parts.append(f'the input shares {_quoted(shared)} with what is known of "{self.labels[label]}"')
        at, closeness = self.classifier.nearest(text, label)
        if at >= 0 and closeness > 0.05:
            parts.append(f'its nearest example of that kind is "{_short(self.texts[at])}"')
        return " and ".join(parts) or f'nothing in the input speaks for or against "{self.labels[label]}"'


def closed_options(closed: ClosedFit, text: str, nullable: bool = False) -> list[Option]:
    """Return every allowed value for a text, and None where the field may be empty."""
    shares = closed.classifier.shares(text)
    options = [
        Option(choice, math.log(share), partial(closed.because, text, index))
        for index, (choice, share) in enumerate(zip(closed.choices, shares, strict=True))
    ]
    if nullable:
        share = max(closed.absent, 0.2)
        options.append(Option(None, math.log(share), "nothing in the input speaks for any of the values"))
    return options


def _demo_text(demo: Demo) -> str:
    return "\n".join(value for value in demo.inputs.values() if value.strip())


def _descriptions(
    task: Task, slot: Slot, labels: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[float, ...]]:
    """Return per label its name in words, what is said of it, and its leaning."""
    folded = [label.casefold() for label in labels]
    texts = [slot.description, task.instruction]
    polar = len(labels) == 2 and any(f in _YES for f in folded) and any(f in _NO for f in folded)
    if polar:
        topic = f"{humanized(slot.name)} {slot.description}"
        texts = [slot.description, *_about(slot, task.instruction)]
        said = definitions(labels, texts)
        names = tuple(topic if f in _YES else "" for f in folded)
        leaning = tuple(_NO_LEANING if f in _NO else 0.0 for f in folded)
        return names, tuple(said.get(label, "") for label in labels), leaning
    said = definitions(labels, texts)
    return tuple(humanized(label) for label in labels), tuple(said.get(label, "") for label in labels), ()


def _about(slot: Slot, instruction: str) -> list[str]:
    """Return the sentences of an instruction that speak of a field."""
    wanted = {word for word in words(humanized(slot.name)) if not is_function_word(word)}
    return [sentence for sentence in sentences(instruction) if wanted & set(words(sentence))]


def _quoted(items: list[str]) -> str:
    return ", ".join(f'"{item}"' for item in items)


def _short(text: str, limit: int = 80) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
