"""Tells the question from the passages among a task's inputs, and cuts the passages into sentences.

Knows nothing about what makes a good answer.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from core.lm.embedded.decoding import decoded
from core.lm.embedded.task import Task
from core.lm.embedded.text import humanized, sentences

__all__ = ["Sentence", "as_items", "passages_of", "question_of", "sentences_of"]

_QUESTION_NAMES = {
    "question",
    "query",
    "claim",
    "ask",
    "frage",
    "pregunta",
    "request",
    "q",
    "statement",
    "hypothesis",
}
_PASSAGE_NAMES = {
    "context", "passage", "passages", "document", "documents", "article", "facts", "notes", "text", "evidence",
    "paragraph", "paragraphs", "source", "sources", "story", "results", "background", "snippets", "kontext",
}  # fmt: skip
_NUMBERED = re.compile(r"^\[(\d+)\] (?:«««\n(.*?)\n»»»|«(.*?)»)[ \t]*$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage; `title` is what stands before a bar or is the passage's first line."""

    text: str
    passage: int
    title: str = ""


def as_items(value: str) -> list[str]:
    """Return the items of a list as it stands in a prompt: JSON, numbered guillemets, or lines; else the text."""
    text = value.strip()
    if text.startswith("["):
        found = decoded(text)
        if isinstance(found, list):
            return [item if isinstance(item, str) else json.dumps(item, ensure_ascii=False) for item in found]
    if numbered := _NUMBERED.findall(text):
        return [(block or line).replace("\n    ", "\n").strip() for _, block, line in numbered]
    if text.startswith("«««"):
        return [text.strip("«»").strip().replace("\n    ", "\n")]
    if text.startswith("«") and text.endswith("»"):
        return [text[1:-1]]
    return [text] if text and text != "N/A" else []


def question_of(task: Task) -> tuple[str, str]:
    """Return the name and text of the input that asks; of a sole input, that one."""
    given = {name: value for name, value in task.given.items() if value.strip()}
    if not given:
        return "", ""
    for name, value in given.items():
        if set(humanized(name).split()) & _QUESTION_NAMES:
            return name, value
    asking = [
        (name, value) for name, value in given.items() if value.rstrip().endswith(("?", "？", "؟", ";"))
    ]
    if asking:
        return min(asking, key=lambda item: len(item[1]))
    return min(given.items(), key=lambda item: len(item[1]))


def passages_of(task: Task, question_name: str) -> list[str]:
    """Return the passages among the other inputs."""
    found: list[str] = []
    for name, value in task.given.items():
        if name == question_name:
            continue
        items = as_items(value)
        if len(items) > 1 or set(humanized(name).split()) & _PASSAGE_NAMES or len(value) > 60:
            found += items
    return found


def sentences_of(passages: list[str]) -> list[Sentence]:
    """Return the sentences of all passages in order."""
    found: list[Sentence] = []
    for index, passage in enumerate(passages):
        title, bar, body = passage.partition(" | ")
        if not bar or len(title) > 120:
            title, body = "", passage
        found += [Sentence(sentence, index, title) for sentence in sentences(body)]
    return found
