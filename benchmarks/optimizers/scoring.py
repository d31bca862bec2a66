"""How answers are scored and what is said about them, for both sides alike. Standard library only.

Knows nothing about programs. Scores lie between 0 and 1; the feedback is what a person could tell from the label.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:
    """Return a value as JSON data: records as dictionaries."""
    if hasattr(value, "model_dump"):
        return plain(value.model_dump())
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def normal(value: Any) -> Any:
    """Return a value in which case, spaces and the order of lists do not count."""
    if isinstance(value, list):
        return sorted(str(normal(item)) for item in value)
    return " ".join(value.split()).casefold() if isinstance(value, str) else value


def words(text: str) -> list[str]:
    """Return the words that F1 counts: no articles, no punctuation (Rajpurkar et al., arXiv:1606.05250)."""
    bare = "".join(" " if letter in string.punctuation else letter for letter in text.casefold())
    return re.sub(r"\b(a|an|the)\b", " ", bare).split()


def f1(gold: str, given: str) -> float:
    """Return the harmonic mean of precision and recall over words."""
    expected, found = words(gold), words(given)
    shared = sum((Counter(expected) & Counter(found)).values())
    return 2 * shared / (len(expected) + len(found)) if shared else float(expected == found)


def parts(metric: Mapping[str, Any], gold: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, float]:
    """Return the score of each part: a field, or a field of a record."""
    scores: dict[str, float] = {}
    for name in metric["fields"]:
        expected, found = plain(gold[name]), plain(given.get(name))
        if metric["kind"] == "f1":
            scores[name] = f1(str(expected), str(found))
        elif isinstance(expected, dict):
            answers = found if isinstance(found, dict) else {}
            for part, value in expected.items():
                scores[f"{name}.{part}"] = float(normal(value) == normal(answers.get(part)))
        else:
            scores[name] = float(normal(expected) == normal(found))
    return scores


def score(metric: Mapping[str, Any], gold: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[float, str]:
    """Return the mean over the parts and what is to be said of the wrong ones."""
    scores = parts(metric, gold, given)
    said: list[str] = []
    for name, value in scores.items():
        if value < 1:
            field, _, part = name.partition(".")
            expected = plain(gold[field])[part] if part else plain(gold[field])
            said.append(f"{name} should be {expected!r}.")
    if said and metric.get("feedback") and gold.get(metric["feedback"]):
        said.append(str(gold[metric["feedback"]]))
    return sum(scores.values()) / len(scores), " ".join(said) or "Right."
