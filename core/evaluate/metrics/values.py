"""Comparing typed values: text, numbers, lists and records, in whatever form model and data gave them.

Knows nothing about metrics. Labels often come from a CSV as text and predictions as typed values; both are brought
to plain data first, and a label that is JSON text of a record is read as that record.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from core.evaluate.metrics.numbers import parse_number
from core.foundation.fingerprint import canonical_json, jsonable

__all__ = ["TextMatch", "as_text", "compare", "leaves", "plain_pair"]

TextMatch = Callable[[str, str], float]
"""Compares two texts, label first; 0 to 1."""


def plain_pair(label: Any, value: Any) -> tuple[Any, Any]:
    """Bring label and prediction to plain JSON data of the same shape, where one of them is JSON text."""
    label, value = jsonable(label), jsonable(value)
    if isinstance(label, str) and isinstance(value, (dict, list)):
        label = _read(label, type(value))
    elif isinstance(value, str) and isinstance(label, dict):
        value = _read(value, dict)
    return label, value


def _read(text: str, wanted: type) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, wanted) else text


def as_text(value: Any) -> str:
    """A value as the text it is compared as; nothing at all is the empty text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return (
        json.dumps(value, ensure_ascii=False, sort_keys=True)
        if isinstance(value, (dict, list))
        else str(value)
    )


def compare(
    label: Any, value: Any, match: TextMatch, *, per_field: bool = False, ordered: bool = True
) -> float:
    """Compare two plain values; 1 for equal, 0 for different, between where `match` or `per_field` grades.

    Args:
        label: What is right. A list beside a single value means: any of these.
        value: What the program gave.
        match: Compares texts.
        per_field: Records and lists give the share of their parts that are right, not all or nothing.
        ordered: Whether the order of a list matters.
    """
    if isinstance(label, dict) and isinstance(value, dict):
        keys = [
            key
            for key in dict.fromkeys([*label, *value])
            if label.get(key) is not None or value.get(key) is not None
        ]
        parts = [
            compare(label.get(k), value.get(k), match, per_field=per_field, ordered=ordered) for k in keys
        ]
        return _joined(parts, per_field)
    if isinstance(label, list) and isinstance(value, list):
        return _compare_lists(label, value, match, per_field, ordered)
    if isinstance(label, list) and not isinstance(value, dict):
        return max((compare(one, value, match) for one in label), default=float(as_text(value) == ""))
    return _compare_leaves(label, value, match)


def _joined(parts: Sequence[float], per_field: bool) -> float:
    if not parts:
        return 1.0
    return sum(parts) / len(parts) if per_field else min(parts)


def _compare_lists(
    label: list[Any], value: list[Any], match: TextMatch, per_field: bool, ordered: bool
) -> float:
    longest = max(len(label), len(value))
    if not per_field and len(label) != len(value):
        return 0.0
    if ordered:
        pairs = zip(label, value, strict=False)
        parts = [compare(one, other, match, per_field=per_field, ordered=ordered) for one, other in pairs]
    else:
        parts = _best_pairs(
            label, value, lambda a, b: compare(a, b, match, per_field=per_field, ordered=False)
        )
    return _joined([*parts, *[0.0] * (longest - len(parts))], per_field)


def _best_pairs(label: list[Any], value: list[Any], score: Callable[[Any, Any], float]) -> list[float]:
    """Pair the items greedily, best pairs first; exact where equal items are all or nothing."""
    grades = sorted(
        ((score(one, other), -i, -j) for i, one in enumerate(label) for j, other in enumerate(value)),
        reverse=True,
    )
    used_labels, used_values, parts = set[int](), set[int](), list[float]()
    for grade, i, j in grades:
        if i not in used_labels and j not in used_values:
            used_labels.add(i)
            used_values.add(j)
            parts.append(grade)
    return parts


def _compare_leaves(label: Any, value: Any, match: TextMatch) -> float:
    """Numbers compare as numbers even where one is text; True, "true", "True" and 1 are one; else as text."""
    if _is_number(label) or _is_number(value):
        one, other = _number(label), _number(value)
        if one is not None and other is not None:
            return float(one == other)
    return match(as_text(label), as_text(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _number(value: Any) -> float | None:
    if isinstance(value, str):
        return parse_number(value)
    return float(value) if isinstance(value, (int, float)) else None


def leaves(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Flatten a plain value into (path, text) pairs; items of a list share one path, nothing gives none."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, f"{path}.{key}")]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item, f"{path}[]")]
    return [] if value is None else [(path, value if isinstance(value, str) else canonical_json(value))]
