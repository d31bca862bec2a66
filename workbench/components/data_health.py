"""What may be wrong with a dataset, as a list with what to do about it.

Knows nothing about how problems are found.
"""

from __future__ import annotations

import streamlit as st

from core.foundation.words import counted
from workbench.components.errors import verbatim
from workbench.components.table import cell
from workbench.services import datasets, doctor
from workbench.services.datasets import DatasetInfo
from workbench.services.workspace import Workspace

__all__ = ["health_list"]

_ICONS = {
    "error": ":red[:material/error:]",
    "warning": ":orange[:material/warning:]",
    "note": ":blue[:material/info:]",
}


def health_list(ws: Workspace, info: DatasetInfo) -> None:
    """Draw the findings; says so where there are none."""
    with st.spinner("Looking through the rows …"):
        findings = doctor.doctor(ws, info.id)
    if not findings:
        st.success(
            "Nothing found: no duplicates, leaks, conflicts or empty fields.", icon=":material/check_circle:"
        )
        return
    for finding in findings:
        with st.container(border=True):
            st.markdown(f"{_ICONS[finding.severity]} **{verbatim(finding.message)}**")
            st.caption(f":material/lightbulb: {verbatim(finding.advice)}")
            if finding.rows:
                _rows(ws, info, finding)


def _rows(ws: Workspace, info: DatasetInfo, finding: doctor.Finding) -> None:
    """Draw the rows that a finding is about, with a button that removes them."""
    about = set(finding.rows)
    items = [item for item in datasets.get_rows(ws, info.id) if item.id in about]
    with st.expander(counted(len(items), "row")):
        shown = [
            {"split": item.split, **{name: cell(value) for name, value in item.data.items()}}
            for item in items
        ]
        st.dataframe(shown, hide_index=True, placeholder="", alt=finding.message)
        if finding.removable and st.button(
            f"Remove {len(finding.removable)} of them",
            icon=":material/delete:",
            key=f"data_fix_{finding.kind}",
        ):
            datasets.update_rows(ws, info.id, removed=finding.removable)
            st.rerun()
