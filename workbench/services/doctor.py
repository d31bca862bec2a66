"""The data doctor: what is wrong with a dataset, found before it costs anything.

Knows nothing about how problems are found (`core.data.health` does); it adds what only the store knows: the splits.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.data.dataset import Dataset
from core.data.example import Example
from core.data.health import Finding as Found
from core.data.health import health
from workbench.services.datasets import SPLITS, DatasetInfo, Item, get_dataset, get_rows
from workbench.services.workspace import Workspace

__all__ = ["Finding", "doctor"]

_ORDER = ("error", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing that is odd about a dataset."""

    kind: str
    severity: str
    """"error" makes scores wrong, "warning" makes them worse or less certain, "note" is for information."""
    message: str
    advice: str
    rows: list[str] = field(default_factory=list[str])
    """Ids of the rows it is about; empty where it is about all."""
    removable: list[str] = field(default_factory=list[str])
    """Ids of the rows whose removal would mend it: copies but the first, what stands in test too."""


def doctor(ws: Workspace, dataset_id: str) -> list[Finding]:
    """Return what is odd about a dataset, the worst first; empty where nothing is."""
    info = get_dataset(ws, dataset_id)
    items = get_rows(ws, dataset_id)
    whole = _dataset(info, items)
    parts = {name: [item for item in items if item.split == name] for name in SPLITS}
    splits = {name: _dataset(info, part) for name, part in parts.items() if part}
    in_test = {item.id for item in parts["test"]}
    found = [_as_finding(finding, in_test) for finding in health(whole, splits)]
    return sorted(
        [*found, *_labels(info), *_splits(info)], key=lambda finding: _ORDER.index(finding.severity)
    )


def _dataset(info: DatasetInfo, items: list[Item]) -> Dataset:
    return Dataset(
        [Example(item.data).with_id(item.id) for item in items], name=info.name, inputs=tuple(info.inputs)
    )


def _as_finding(found: Found, in_test: set[str]) -> Finding:
    removable: list[str] = []
    if found.kind == "duplicates":
        removable = [name for group in found.groups for name in group[1:]]
    elif found.kind in ("exact_leakage", "near_leakage"):
        leaked = [group for group in found.groups if in_test & set(group)]
        removable = list(dict.fromkeys(name for group in leaked for name in group if name not in in_test))
    return Finding(found.kind, found.severity, found.message, found.hint, list(found.ids), removable)


def _labels(info: DatasetInfo) -> list[Finding]:
    if set(info.fields) - set(info.inputs):
        return []
    return [
        Finding("no_labels", "error", "No column is a label.", "Map the column with the expected answers.")
    ]


def _splits(info: DatasetInfo) -> list[Finding]:
    missing = [name for name in SPLITS if not info.counts.get(name)]
    if len(missing) == len(SPLITS):
        advice = "Split them into train, validation and test."
        return [Finding("no_split", "warning", "The rows are not split.", advice)]
    return [
        Finding("empty_split", "warning", f"There are no rows in {name}.", "Split again with a larger share.")
        for name in missing
    ]
