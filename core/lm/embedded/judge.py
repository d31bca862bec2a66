"""Assessments: a score or a yes for a text, against a reference, a rubric or the sources it was made from.

Knows nothing about layouts. It compares words: it can tell that an answer says what the reference says in the
reference's words, and little beyond that.
"""

from __future__ import annotations

import math
import re
from collections import Counter

from core.lm.embedded.context import Context
from core.lm.embedded.decoding import decoded
from core.lm.embedded.numbers import read_number
from core.lm.embedded.options import Option
from core.lm.embedded.task import Slot, Task
from core.lm.embedded.text import content_words, grams, humanized, words

__all__ = ["is_assessment", "solve_assessment", "write_feedback"]

_GOLD = {"gold", "reference", "expected", "truth", "target", "correct", "label", "labels", "true", "ground"}
_MADE = {
    "prediction",
    "predicted",
    "response",
    "output",
    "candidate",
    "answer",
    "system",
    "summary",
    "completion",
    "generated",
    "actual",
    "reply",
    "text",
}
_SOURCES = {
    "context",
    "given",
    "source",
    "sources",
    "passages",
    "document",
    "question",
    "input",
    "inputs",
    "facts",
    "article",
}
_VERDICTS = {
    "score", "grade", "rating", "passes", "pass", "correct", "correctness", "is_correct", "quality", "faithful",
    "faithfulness", "precision", "recall", "f1", "similarity", "relevance", "matches", "equivalent", "assessment",
    "verdict",
    "groundedness", "completeness", "supported", "accurate", "assessment_answer", "overlap", "bewertung",
}  # fmt: skip
_OUTS_TO_ADVISE = {"feedback", "critique", "comment", "advice"}


def is_assessment(task: Task, slot: Slot) -> bool:
    """Return whether a field asks how good something among the inputs is."""
    if slot.shape.kind not in {"bool", "int", "float", "closed"}:
        return False
    if slot.shape.kind == "closed" and not all(
        isinstance(choice, (int, float)) for choice in slot.shape.choices
    ):
        return False
    named = set(humanized(slot.name).split()) & _VERDICTS or slot.name in _VERDICTS
    return bool(named) and bool(_made(task)[0])


def _made(task: Task) -> tuple[str, str]:
    """Return the name and text of what is to be judged."""
    return _pick(task, _MADE - {"answer", "text"}, _GOLD) or _pick(task, _MADE, _GOLD) or ("", "")


def _pick(task: Task, names: set[str], but: set[str]) -> tuple[str, str] | None:
    for name, value in task.given.items():
        own = set(humanized(name).split())
        if own & names and not own & but:
            return name, value
    return None


def solve_assessment(context: Context, slot: Slot) -> list[Option]:
    """Return scores, the likeliest first."""
    task = context.task
    share, because = _share(task, slot)
    low, high = _scale(slot)
    if slot.shape.kind == "bool":
        lean = 8.0 * (share - 0.5)
        return [Option(share > 0.5, abs(lean) / 2, because), Option(share <= 0.5, -abs(lean) / 2, because)]
    exact = low + share * (high - low)
    if slot.shape.kind == "float":
        return [Option(round(exact, 2), 0.0, because)]
    grades = slot.shape.choices or tuple(range(math.floor(low), math.ceil(high) + 1))
    options = [Option(grade, -2.0 * abs(float(grade) - exact), because) for grade in grades]
    return sorted(options, key=lambda option: -option.score)


def _scale(slot: Slot) -> tuple[float, float]:
    if slot.shape.choices:
        numbers = [float(choice) for choice in slot.shape.choices]
        return min(numbers), max(numbers)
    low, high = slot.shape.low, slot.shape.high
    if low is not None and high is not None and high - low <= 1000:
        return low, high
    if found := re.search(r"(-?\d+(?:\.\d+)?)\s*(?:-|–|to|and|bis|à)\s*(-?\d+(?:\.\d+)?)", slot.description):
        return float(found[1]), float(found[2])
    return (0.0, 1.0) if slot.shape.kind == "float" else (1.0, 5.0)


def _share(task: Task, slot: Slot) -> tuple[float, str]:
    """Return how well what is judged does, 0 to 1, and why."""
    name, made = _made(task)
    gold = _pick(task, _GOLD, set())
    if gold and gold[1].strip() and gold[1].strip() != "(none)":
        recall, precision = _against(_plain_lines(gold[1]), _plain_lines(made))
        f1 = 2 * recall * precision / (recall + precision) if recall + precision else 0.0
        wish = set(humanized(slot.name).split())
        share = recall if "recall" in wish else precision if "precision" in wish else max(f1, 0.9 * recall)
        return (
            share,
            f"the {humanized(name)} has {round(100 * recall)} % of what the {humanized(gold[0])} says, "
            f"and {round(100 * precision)} % of it is there",
        )
    sources = "\n".join(
        value for key, value in task.given.items() if set(humanized(key).split()) & _SOURCES and key != name
    )
    if not made.strip():
        return 0.0, f"the {humanized(name)} is empty"
    if sources:
        _, precision = _against(sources, _plain_lines(made))
        return (
            0.25 + 0.75 * precision,
            f"{round(100 * precision)} % of the {humanized(name)} is found in what it was made from",
        )
    rubric = _pick(task, {"rubric", "criteria", "criterion", "guidelines", "assessment"}, set())
    covered = _against(rubric[1], made)[0] if rubric else 0.5
    return 0.5 + 0.5 * covered, f"the {humanized(name)} is not empty, and there is nothing to compare it with"


def _plain_lines(text: str) -> str:
    """Return the values of `name: "value"` lines, or the text."""
    found: list[str] = []
    for line in text.splitlines():
        match = re.match(r'^\w+: (".*")$', line)
        if not match:
            return text
        found.append(str(decoded(match[1])))
    return "\n".join(found)


def _against(gold: str, made: str) -> tuple[float, float]:
    """Return how much of `gold` is in `made`, and how much of `made` in `gold`, by word; near-equal words in part."""
    left, right = (content_words(gold) or words(gold)), (content_words(made) or words(made))
    if not left or not right:
        return (1.0, 1.0) if left == right else (0.0, 0.0)
    numbers = [read_number(side) if re.fullmatch(r"\W*[\d.,\s]+\W*", side) else None for side in (gold, made)]
    if numbers[0] is not None and numbers[0] == numbers[1]:
        return 1.0, 1.0
    return _covered(left, right), _covered(right, left)


def _covered(wanted: list[str], there: list[str]) -> float:
    have = Counter(there)
    total = 0.0
    for word in wanted:
        if have[word] > 0:
            total += 1.0
        else:
            own = set(grams(word, 3, 4))
            total += max((_near(own, set(grams(other, 3, 4))) for other in have), default=0.0)
    return total / len(wanted)


def _near(left: set[str], right: set[str]) -> float:
    share = len(left & right) / len(left | right) if left | right else 0.0
    return share if share > 0.35 else 0.0


def write_feedback(task: Task, slot: Slot) -> list[Option]:
    """Return what is missing and what is too much, for a text field beside a score; empty for other fields."""
    if not set(humanized(slot.name).split()) & _OUTS_TO_ADVISE or not _made(task)[0]:
        return []
    gold = _pick(task, _GOLD, set())
    made = _made(task)[1]
    if gold is None or not gold[1].strip() or gold[1].strip() == "(none)":
        return [Option(_share(task, slot)[1].capitalize() + ".", 0.0)]
    reference, answer = _plain_lines(gold[1]), _plain_lines(made)
    missing = [word for word in content_words(reference) if word not in set(words(answer))]
    extra = [word for word in content_words(answer) if word not in set(words(reference))]
    parts = (
        [f"missing: {', '.join(dict.fromkeys(missing))}"]
        if missing
        else ["nothing of the reference is missing"]
    )
    parts += [f"not in the reference: {', '.join(dict.fromkeys(extra))}"] if extra else []
    return [Option(f"{'; '.join(parts).capitalize()}.", 0.0, "")]
