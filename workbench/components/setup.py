"""What every run starts from: a program version, rows, a metric, a model.

Knows nothing about how runs are carried out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from workbench import state
from workbench.services import datasets, metrics, tasks
from workbench.services.workspace import Workspace

__all__ = ["Setup", "setup_row"]

_WIDE = 190
"""Pixels in which names of metrics and programs can be read."""


@dataclass(frozen=True)
class Setup:
    """What was chosen."""

    version_id: str
    dataset_id: str
    split: str | None
    metric_id: str
    model: str


def setup_row(
    ws: Workspace, task_id: str, key: str, splits: Sequence[str] = (), *, as_written: bool = False
) -> Setup:
    """Draw the choices side by side; they begin with what the address names.

    Args:
        key: Names this form.
        splits: Splits to choose from; none where the run decides for itself.
        as_written: Begin with the newest program that was not compiled, not with the newest of all.
    """
    known_versions = tasks.versions(ws, task_id)
    if as_written:
        known_versions = sorted(known_versions, key=lambda version: version.compiled)
    versions = {version.id: version.name for version in known_versions}
    data = {item.id: item for item in datasets.list_datasets(ws, task_id)}
    known = {metric.id: metric.name for metric in metrics.list_metrics(ws, task_id)}
    with st.grid(5 if splits else 4, min_column_width=_WIDE):
        version_id = _select("Program", versions, "version", f"{key}_version")
        dataset_id = _select(
            "Data",
            {item.id: f"{item.name} ({item.rows:,})" for item in data.values()},
            "dataset",
            f"{key}_data",
        )
        split = None
        if splits:
            rows = {**data[dataset_id].counts, "all": data[dataset_id].rows}
            there = {name: f"{name} ({rows[name]:,})" for name in splits if name == "all" or rows.get(name)}
            split = _select("Rows", there, "split", f"{key}_split")
        metric_id = _select("Metric", known, "metric", f"{key}_metric")
        model = state.model_choice(f"{key}_model")
    state.model_note(model)
    return Setup(version_id, dataset_id, split, metric_id, model)


def _select(label: str, names: Mapping[str, str], parameter: str, key: str) -> str:
    """Draw a select box over `names` (id → text) that begins with what the address names, else with the first."""
    wanted = st.query_params.get(parameter, "")
    ids = list(names)
    return str(
        st.selectbox(
            label,
            ids,
            index=ids.index(wanted) if wanted in ids else 0,
            format_func=lambda item: names.get(item, item),
            key=key,
        )
    )
