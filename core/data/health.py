"""What a dataset suffers from: duplicates, leakage, conflicting labels, imbalance, empty fields.

Knows nothing about files or screens: findings are values, and each says which examples it is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from core.data.dataset import Dataset, input_key
from core.data.example import Example, plain_fields
from core.data.similarity import near_pairs
from core.foundation.fingerprint import canonical_json
from core.wire.values import value_text

__all__ = [
    "Finding",
    "class_balance",
    "duplicates",
    "empty_fields",
    "exact_leakage",
    "health",
    "label_conflicts",
    "near_leakage",
    "small_parts",
]

FEW_PER_CLASS = 5
FEW_TEST_ROWS = 50
FEW_TRAIN_ROWS = 10
MOST_CLASSES = 200
IMBALANCE = 10
NEAR = 0.8


@dataclass(frozen=True)
class Finding:
    """One thing to know about a dataset.

    Attributes:
        kind: "duplicates", "label_conflicts", "exact_leakage", "near_leakage", "class_balance", "empty_fields",
            "small_parts".
        severity: "error" makes scores wrong, "warning" makes them worse or less certain, "note" is for information.
        message: What was found, with the count.
        hint: What to do.
        groups: The ids that belong together, e.g. each pair of near duplicates; shown first things first.
    """

    kind: str
    severity: str
    message: str
    hint: str
    groups: tuple[tuple[str, ...], ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """All examples that it is about, each once."""
        return tuple(dict.fromkeys(name for group in self.groups for name in group))


Splits = Mapping[str, Dataset]


def health(dataset: Dataset, splits: Splits | None = None, *, near: float = NEAR) -> list[Finding]:
    """Return all findings, worst first.

    Args:
        splits: The parts of the dataset, where it has been split; leakage is looked for between them.
        near: From which share of common words on two inputs count as nearly the same.
    """
    parts = splits or {}
    found = [
        *exact_leakage(parts),
        *label_conflicts(dataset),
        *near_leakage(parts, near),
        *duplicates(dataset),
        *empty_fields(dataset),
        *class_balance(dataset, parts),
        *small_parts(parts),
    ]
    order = ("error", "warning", "note")
    return sorted(found, key=lambda finding: order.index(finding.severity))


def duplicates(dataset: Dataset) -> list[Finding]:
    """Find examples that are equal in every field."""
    groups = _repeated((canonical_json(plain_fields(example)), example.id) for example in dataset)
    if not groups:
        return []
    extra = sum(len(group) - 1 for group in groups)
    return [
        Finding(
            "duplicates",
            "warning",
            f"{extra} {_rows(extra)} repeated word for word.",
            "Remove the repetitions, or keep them on one side when splitting.",
            groups,
        )
    ]


def label_conflicts(dataset: Dataset) -> list[Finding]:
    """Find examples with equal inputs (spaces and case aside) and different labels."""
    if not dataset.inputs or not dataset.labels:
        return []
    labels = {example.id: canonical_json(plain_fields(example.labels())) for example in dataset}
    same = _repeated((input_key(example), example.id) for example in dataset)
    groups = tuple(group for group in same if len({labels[name] for name in group}) > 1)
    if not groups:
        return []
    return [
        Finding(
            "label_conflicts",
            "error",
            f"{len(groups)} {'input has' if len(groups) == 1 else 'inputs have'} different labels in different rows.",
            "Decide for one label: no program can be right about both.",
            groups,
        )
    ]


def exact_leakage(splits: Splits) -> list[Finding]:
    """Find inputs that stand in two parts."""
    found: list[Finding] = []
    keys = {
        name: _by_key((input_key(example), example.id) for example in part) for name, part in splits.items()
    }
    for left, right in combinations(splits, 2):
        shared = [key for key in keys[left] if key in keys[right]]
        if shared:
            groups = tuple((*keys[left][key], *keys[right][key]) for key in shared)
            found.append(_leak("exact_leakage", left, right, groups, "word for word"))
    return found


def near_leakage(splits: Splits, near: float = NEAR) -> list[Finding]:
    """Find inputs that nearly stand in two parts; those that do exactly are left to `exact_leakage`."""
    texts = {name: [_words_of(example) for example in part] for name, part in splits.items()}
    found: list[Finding] = []
    for left, right in combinations(splits, 2):
        pairs = [
            (splits[left][i].id, splits[right][j].id)
            for i, j, _ in sorted(near_pairs(texts[left], texts[right], near), key=lambda pair: -pair[2])
            if input_key(splits[left][i]) != input_key(splits[right][j])
        ]
        if pairs:
            found.append(_leak("near_leakage", left, right, tuple(pairs), "nearly word for word"))
    return found


def _leak(kind: str, left: str, right: str, groups: tuple[tuple[str, ...], ...], how: str) -> Finding:
    severe = kind == "exact_leakage" and right == "test"
    count = len(groups)
    return Finding(
        kind,
        "error" if severe else "warning",
        f"{count} {'input of' if count == 1 else 'inputs of'} {left} can be read {how} in {right}.",
        f"Split again with duplicates kept together, or remove them from {right}: they make its score too high.",
        groups,
    )


def class_balance(dataset: Dataset, splits: Splits | None = None) -> list[Finding]:
    """Find rare classes, great imbalance, and classes that are tested and never shown, for each closed label."""
    found: list[Finding] = []
    for field in dataset.labels:
        counts = class_counts(dataset, field)
        if counts:
            found += _balance(field, counts)
            found += _unseen(field, splits or {})
    return found


def class_counts(dataset: Dataset, field: str) -> dict[str, int]:
    """Return how often each value of a label occurs, most frequent first; empty where the label is no closed set."""
    values = [value_text(example.get(field)) for example in dataset if _scalar(example.get(field))]
    counts = Counter(values)
    closed = len(values) == len(dataset) and len(counts) <= min(MOST_CLASSES, len(values) / 2)
    return dict(counts.most_common()) if closed else {}


def _scalar(value: Any) -> bool:
    return isinstance(value, (str, bool, int)) and len(str(value)) <= 80


def _balance(field: str, counts: dict[str, int]) -> list[Finding]:
    if len(counts) == 1:
        only = next(iter(counts))
        return [
            Finding(
                "class_balance",
                "warning",
                f"'{field}' is always '{only}'.",
                "There is nothing to learn; add others.",
            )
        ]
    found: list[Finding] = []
    rare = [name for name, count in counts.items() if count < FEW_PER_CLASS]
    if rare:
        listed = _listed([f"{name} ({counts[name]})" for name in rare])
        hint = "Add examples of them, or join them with a related value."
        found.append(
            Finding(
                "class_balance",
                "warning",
                f"'{field}' has fewer than {FEW_PER_CLASS} rows for: {listed}.",
                hint,
            )
        )
    largest, smallest = max(counts.values()), min(counts.values())
    if largest > IMBALANCE * smallest:
        message = (
            f"'{field}' is unbalanced: the most frequent value has {largest} rows, the rarest {smallest}."
        )
        hint = "Look at the score of each value, not only at the mean."
        found.append(Finding("class_balance", "note", message, hint))
    return found


def _unseen(field: str, splits: Splits) -> list[Finding]:
    train = {value_text(example.get(field)) for example in splits.get("train", ())}
    if not train:
        return []
    found: list[Finding] = []
    for name, part in splits.items():
        missing = (
            sorted({value_text(example.get(field)) for example in part} - train) if name != "train" else []
        )
        if missing:
            message = f"'{field}' has values in {name} that train never shows: {_listed(missing)}."
            found.append(
                Finding("class_balance", "warning", message, f"Split again, stratified by '{field}'.")
            )
    return found


def empty_fields(dataset: Dataset) -> list[Finding]:
    """Find fields that are empty in some rows."""
    found: list[Finding] = []
    for field in dataset.fields:
        ids = [example.id for example in dataset if _empty(example.get(field))]
        if ids:
            found.append(
                Finding(
                    "empty_fields",
                    "warning" if len(ids) < len(dataset) else "error",
                    f"'{field}' is empty in {len(ids)} of {len(dataset)} rows.",
                    "Fill it in, remove the rows, or leave the field out.",
                    tuple((name,) for name in ids),
                )
            )
    return found


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def small_parts(splits: Splits) -> list[Finding]:
    """Find parts too small for what they are for."""
    found: list[Finding] = []
    for name, part in splits.items():
        few = FEW_TRAIN_ROWS if name == "train" else FEW_TEST_ROWS
        if len(part) < few:
            why = "demos to choose from" if name == "train" else "a score to be certain of"
            message = f"{name} has {len(part)} rows; that is few for {why}."
            found.append(Finding("small_parts", "note", message, f"Give it {few} or more, if you have them."))
    return found


def _by_key(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, tuple[str, ...]] = {}
    for key, name in pairs:
        groups[key] = (*groups.get(key, ()), name)
    return groups


def _repeated(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """Return the ids that share a key with others."""
    return tuple(names for names in _by_key(pairs).values() if len(names) > 1)


def _words_of(example: Example) -> str:
    seen = example.inputs() if example.input_keys else example
    return "\n".join(value_text(value) for value in seen.values())


def _rows(count: int) -> str:
    return "row is" if count == 1 else "rows are"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" … ({len(names)} in all)" if len(names) > 8 else "")
