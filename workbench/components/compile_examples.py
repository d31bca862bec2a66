"""The examples that a candidate's prompts show, as tables: what its search drew from the rows and kept of runs.

Knows nothing about how examples are chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.foundation.errors import StoreError
from core.foundation.words import counted
from workbench.components.errors import verbatim
from workbench.components.table import data_table
from workbench.services import datasets
from workbench.services.workspace import Workspace

__all__ = ["demo_rows", "examples_view"]

Demos = Mapping[str, Sequence[Mapping[str, Any]]]
"""The demos of each step, as a search's log has them: a row's name, and what a run of it said where one was kept."""

_KNOWN = "compile_rows"
_LOW, _TALL = 8, 320
"""Examples from which a table scrolls in its place, and the pixels of that."""


def examples_view(ws: Workspace, dataset_id: str, name: str, demos: Demos) -> None:
    """Draw a candidate's examples; they are read from the store once this is opened.

    Args:
        name: Tells this candidate from all others.
    """
    count = sum(len(items) for items in demos.values())
    if not count:
        return
    title = "The example in its prompts" if count == 1 else f"The {count:,} examples in its prompts"
    place = st.expander(
        title, icon=":material/format_list_bulleted:", key=f"examples_{name}", on_change="rerun"
    )
    if not place.open:
        return
    texts = _texts(ws, dataset_id)
    with place:
        for path, items in demos.items():
            if len(demos) > 1:
                st.caption(f"Step {verbatim(path)}: {counted(len(items), 'example')}")
            if items:
                data_table(
                    demo_rows(items, texts),
                    key=f"examples_{name}_{path}",
                    name="examples",
                    height=_TALL if len(items) > _LOW else None,
                    tools=False,
                )


def demo_rows(
    demos: Sequence[Mapping[str, Any]], texts: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return demos as rows of a table.

    Args:
        texts: {row: its fields}, for demos that are rows as they stand.
    """
    return [
        {
            "row": str(demo.get("row") or "–"),
            "from": "the row" if demo.get("values") is None else "a run that passed",
            **(texts.get(str(demo.get("row")), {}) if demo.get("values") is None else demo["values"]),
        }
        for demo in demos
    ]


def _texts(ws: Workspace, dataset_id: str) -> dict[str, dict[str, Any]]:
    """Return {row: its fields}, remembered until the rows change; none where the data are gone."""
    try:
        mark = (dataset_id, datasets.get_dataset(ws, dataset_id).changed)
        if st.session_state.get(_KNOWN, (None, {}))[0] != mark:
            rows = {item.id: item.data for item in datasets.get_rows(ws, dataset_id)}
            st.session_state[_KNOWN] = (mark, rows)
    except StoreError:
        return {}
    return st.session_state[_KNOWN][1]
