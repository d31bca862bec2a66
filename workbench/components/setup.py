"""What every run starts from: a program version, rows, a metric, a model.

Knows nothing about how runs are carried out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from workbench import state
from workbench.services import datasets, metrics, tasks
from workbench.services.workspace import Workspace

__all__ = ["Setup", "setup_row"]


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
    """Draw the choices side by side.

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
    wanted = st.query_params.get("version")
    with st.grid(5 if splits else 4, min_column_width=130):
        version_id = st.selectbox(
            "Program",
            list(versions),
            index=list(versions).index(wanted) if wanted in versions else 0,
            format_func=versions.__getitem__,
            key=f"{key}_version",
        )
        dataset_id = st.selectbox(
            "Data",
            list(data),
            format_func=lambda item: f"{data[item].name} ({data[item].rows:,})",
            key=f"{key}_data",
        )
        split = None
        if splits:
            counts = data[str(dataset_id)].counts
            there = [name for name in splits if name == "all" or counts.get(name)]
            split = st.selectbox(
                "Rows",
                there,
                format_func=lambda name: (
                    f"{name} ({data[str(dataset_id)].rows if name == 'all' else counts[name]:,})"
                ),
                key=f"{key}_split",
            )
        metric_id = st.selectbox("Metric", list(known), format_func=known.__getitem__, key=f"{key}_metric")
        model = state.model_choice(f"{key}_model")
    state.model_note(model)
    return Setup(str(version_id), str(dataset_id), split, str(metric_id), model)
