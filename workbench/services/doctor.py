"""The data doctor: what is wrong with a dataset, found before it costs anything.

Knows nothing about models.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from core.foundation.fingerprint import canonical_json
from workbench.services.datasets import SPLITS, DatasetInfo, Item, get_dataset, get_rows
from workbench.services.workspace import Workspace

__all__ = ["Finding", "doctor"]

FEW_ROWS = 20


@dataclass(frozen=True)
class Finding:
    """One thing that is odd about a dataset."""

    kind: str
    severity: Literal["error", "warning", "note"]
    message: str
    advice: str
    rows: list[str] = field(default_factory=list[str])
    """Ids of the rows it is about; empty where it is about all."""


def doctor(ws: Workspace, dataset_id: str) -> list[Finding]:
    """Return what is odd about a dataset, the worst first; empty where nothing is."""
    info = get_dataset(ws, dataset_id)
    items = get_rows(ws, dataset_id)
    checks: tuple[Callable[[DatasetInfo, list[Item]], list[Finding]], ...] = (
        _leaks,
        _conflicts,
        _empty_inputs,
        _missing_labels,
        _splits,
        _unseen_labels,
        _imbalance,
        _duplicates,
    )
    found = [finding for check in checks for finding in check(info, items)]
    return sorted(found, key=lambda finding: ("error", "warning", "note").index(finding.severity))


def _key(item: Item, names: Sequence[str]) -> str:
    values = [item.data.get(name) for name in names]
    return canonical_json([" ".join(v.casefold().split()) if isinstance(v, str) else v for v in values])


def _labels(info: DatasetInfo) -> list[str]:
    return [name for name in info.fields if name not in info.inputs]


def _groups(info: DatasetInfo, items: list[Item]) -> list[list[Item]]:
    """Rows with the same inputs, case and spaces aside."""
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[_key(item, info.inputs)].append(item)
    return [group for group in groups.values() if len(group) > 1]


def _leaks(info: DatasetInfo, items: list[Item]) -> list[Finding]:
    leaked = [
        item.id
        for group in _groups(info, items)
        if any(item.split == "test" for item in group)
        and any(item.split in ("train", "validation") for item in group)
        for item in group
        if item.split != "test"
    ]
    if not leaked:
        return []
    return [
        Finding(
            "leakage",
            "error",
            f"{len(leaked)} rows of train or validation have the same inputs as a test row.",
            "Remove them, or the test score will be too good.",
            leaked,
        )
    ]


def _conflicts(info: DatasetInfo, items: list[Item]) -> list[Finding]:
    labels = _labels(info)
    rows = [
        item.id
        for group in _groups(info, items)
        if len({_key(item, labels) for item in group}) > 1
        for item in group
    ]
    if not labels or not rows:
        return []
    return [
        Finding(
            "conflict", "warning", f"{len(rows)} rows have the same inputs and different labels.",
            "Decide which is right; no program can satisfy both.", rows,
        )
    ]  # fmt: skip


def _duplicates(info: DatasetInfo, items: list[Item]) -> list[Finding]:
    rows = [item.id for group in _groups(info, items) for item in group[1:]]
    if not rows:
        return []
    return [
        Finding(
            "duplicate", "note", f"{len(rows)} rows repeat the inputs of another.", "Remove the copies.", rows
        )
    ]


def _empty_inputs(info: DatasetInfo, items: list[Item]) -> list[Finding]:
    findings: list[Finding] = []
    for name in info.inputs:
        rows = [item.id for item in items if item.data.get(name) in (None, "")]
        if rows:
            message = f"The input '{name}' is empty in {len(rows)} rows."
            findings.append(Finding("empty_input", "error", message, "Fill it in or remove the rows.", rows))
    return findings


def _missing_labels(info: DatasetInfo, items: list[Item]) -> list[Finding]:
    findings: list[Finding] = []
    if not _labels(info):
        findings.append(
            Finding(
                "no_labels", "error", "No column is a label.", "Map the column with the expected answers."
            )
        )
    for name in _labels(info):
        rows = [item.id for item in items if item.data.get(name) in (None, "")]
        if rows:
            findings.append(
                Finding(
                    "empty_label", "warning", f"'{name}' is empty in {len(rows)} rows.", "Fill it in.", rows
                )
            )
    return findings


def _splits(info: DatasetInfo, items: list[Item]) -> list[Finding]:
    counts = {name: info.counts.get(name, 0) for name in SPLITS}
    if not any(counts.values()):
        return [
            Finding(
                "no_split",
                "warning",
                "The rows are not split.",
                "Split them into train, validation and test.",
            )
        ]
    findings = [
        Finding("empty_split", "warning", f"There are no rows in {name}.", "Split again with a larger share.")
        for name, count in counts.items()
        if not count
    ]
    small = [f"{name} ({count})" for name, count in counts.items() if 0 < count < FEW_ROWS]
    if small:
        findings.append(
            Finding(
                "few_rows", "note", f"Few rows in {', '.join(small)}: scores there are uncertain.",
                f"Have at least {FEW_ROWS} in each, better 100.",
            )
        )  # fmt: skip
    return findings


def _closed(values: Counter[Any], rows: int) -> bool:
    """True for a field that looks like a class: few values, each used again."""
    return 1 < len(values) <= max(2, rows // 3)


def _unseen_labels(info: DatasetInfo, items: list[Item]) -> list[Finding]:
    findings: list[Finding] = []
    for name in _labels(info):
        values = Counter(canonical_json(item.data.get(name)) for item in items)
        train = {canonical_json(item.data.get(name)) for item in items if item.split == "train"}
        if not train or not _closed(values, len(items)):
            continue
        rows = [item.id for item in items if canonical_json(item.data.get(name)) not in train]
        missing = len(set(values) - train)
        if rows:
            findings.append(
                Finding(
                    "unseen_label", "warning", f"{missing} values of '{name}' do not occur in train.",
                    f"Split again, stratified by '{name}'.", rows,
                )
            )  # fmt: skip
    return findings


def _imbalance(info: DatasetInfo, items: list[Item]) -> list[Finding]:
    findings: list[Finding] = []
    for name in _labels(info):
        values = Counter(canonical_json(item.data.get(name)) for item in items)
        if not items or not _closed(values, len(items)):
            continue
        top, count = values.most_common(1)[0]
        if count / len(items) > 0.8:
            message = f"{count / len(items):.0%} of the rows have {name} = {top}."
            advice = "Always answering that would score as much; compare with it, or add other rows."
            findings.append(Finding("imbalance", "note", message, advice))
    return findings
