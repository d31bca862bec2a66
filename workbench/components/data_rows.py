"""The rows of a dataset as a table one can edit.

Knows nothing about how rows are stored; it hands the edits over as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.foundation.words import counted
from workbench.components.table import cell
from workbench.services import datasets
from workbench.services.datasets import DatasetInfo, Item
from workbench.services.downloads import csv_bytes
from workbench.services.workspace import Workspace

__all__ = ["edit_rows"]

PAGE = 100
_SPLIT = "split"


def edit_rows(ws: Workspace, info: DatasetInfo) -> None:
    """Draw the rows of one split, page by page; edits are saved together or not at all."""
    items = datasets.get_rows(ws, info.id)
    with st.container(horizontal=True, vertical_alignment="center"):
        wanted = st.text_input(
            "Filter",
            key="data_filter",
            placeholder="Filter rows",
            label_visibility="collapsed",
            type="search",
        )
        splits = ["all", *(name for name in datasets.SPLITS if info.counts.get(name))]
        split = st.segmented_control(
            "Split", splits, default="all", key="data_split", label_visibility="collapsed"
        )
        st.download_button(
            "CSV",
            data=lambda: csv_bytes([{"id": item.id, **item.data, _SPLIT: item.split} for item in items]),
            file_name=f"{info.name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    shown = _matching(items, wanted or "", None if split in (None, "all") else split)
    pages = max(1, -(-len(shown) // PAGE))
    page = st.pagination(pages, key="data_page") if pages > 1 else 1
    part = shown[(page - 1) * PAGE : page * PAGE]
    key = f"data_editor_{info.fingerprint}_{page}_{split}_{wanted}"
    frame = pd.DataFrame(
        [
            {_SPLIT: item.split or "", **{name: cell(item.data.get(name)) for name in info.fields}}
            for item in part
        ],
        columns=[_SPLIT, *info.fields],
    ).astype("string")
    st.data_editor(
        frame,
        key=key,
        num_rows="dynamic",
        height=min(560, 74 + 35 * len(part)),
        placeholder="",
        hide_index=True,
        alt=f"Rows of {info.name}",
        column_config={
            _SPLIT: st.column_config.SelectboxColumn(_SPLIT, options=["", *datasets.SPLITS], width="small")
        },
    )
    edits = st.session_state.get(key) or {}
    count = sum(len(edits.get(name) or ()) for name in ("edited_rows", "added_rows", "deleted_rows"))
    if st.button(
        f"Save {counted(count, 'changed row')}" if count else "Save changes",
        disabled=not count,
        type="primary",
        icon=":material/save:",
        key="data_save",
    ):
        _save(ws, info, part, edits)
        st.toast("Saved", icon=":material/check:")
        st.rerun()


def _matching(items: Sequence[Item], wanted: str, split: str | None) -> list[Item]:
    words = wanted.casefold().split()
    return [
        item
        for item in items
        if (split is None or item.split == split)
        and all(word in " ".join(map(str, item.data.values())).casefold() for word in words)
    ]


def _save(ws: Workspace, info: DatasetInfo, part: Sequence[Item], edits: Mapping[str, Any]) -> None:
    changed: dict[str, dict[str, Any]] = {}
    moved: dict[str, list[str]] = {}
    for index, values in (edits.get("edited_rows") or {}).items():
        item, fields = part[int(index)], dict(values)
        if _SPLIT in fields:
            moved.setdefault(fields.pop(_SPLIT) or "", []).append(item.id)
        if fields:
            changed[item.id] = {name: _read(value, item.data.get(name)) for name, value in fields.items()}
    added = [
        {name: _read(row.get(name), None) for name in info.fields if row.get(name) is not None}
        for row in edits.get("added_rows") or ()
    ]
    removed = [part[index].id for index in edits.get("deleted_rows") or ()]
    datasets.update_rows(ws, info.id, changed=changed, added=added, removed=removed)
    for split, ids in moved.items():
        datasets.set_split(ws, info.id, ids, split or None)


def _read(text: Any, before: Any) -> Any:
    """Return an edited cell as the kind of value that stood there; structured values are JSON in the table."""
    if isinstance(before, (dict, list, int, float, bool)) and isinstance(text, str):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
