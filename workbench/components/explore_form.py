"""The form of one run: which version, which model, which input.

Knows nothing about how programs run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.foundation.errors import DataError
from workbench import state
from workbench.components.adapter_choice import adapter_select
from workbench.components.errors import verbatim
from workbench.components.media_input import is_media, media_input
from workbench.services import datasets
from workbench.services.datasets import Item
from workbench.services.tasks import Version
from workbench.services.workspace import Workspace

__all__ = ["Asked", "input_form"]

_TEXTS = ("str", "Document", "Code", "Reasoning")


_PLACEHOLDERS = {"History": 'Earlier turns as JSON: [{"question": "…", "answer": "…"}]; empty: none'}


@dataclass(frozen=True)
class Asked:
    """What a person wants to run."""

    version: Version
    model: str
    inputs: dict[str, Any]
    labels: dict[str, Any]
    fresh: bool
    adapter: str
    beside: Version | None
    """Another version to run on the same input."""


def input_form(ws: Workspace, task_id: str, versions: Sequence[Version]) -> Asked | None:
    """Draw the form; return what was asked for last, or None before the first run."""
    names = {version.id: version.name for version in versions}
    by_id = {version.id: version for version in versions}
    chosen = state.selector("Program", names, state.pick("version", list(names)), "version")
    version = by_id[chosen]
    other = None
    if len(versions) > 1:
        others = ["", *(name for name in names if name != chosen)]
        other = st.selectbox(
            "Beside it", others, format_func=lambda item: names.get(item, "–"), key="explore_other",
            help="Run another version on the same input.",
        )  # fmt: skip
    model = state.model_choice("explore_model")
    state.model_note(model)
    item = _row_picker(ws, task_id)
    inputs = _inputs(version, item)
    with st.container(horizontal=True, vertical_alignment="center"):
        run = st.button(
            "Run", type="primary", icon=":material/play_arrow:", shortcut="Mod+Enter", key="explore_run"
        )
        fresh = st.toggle("Ask anew, past the cache", key="explore_fresh")
        with st.popover("More settings", icon=":material/tune:"):
            adapter = adapter_select("explore_adapter")
    if run:
        labels = (
            {name: item.data[name] for name in version.spec["outputs"] if name in item.data} if item else {}
        )
        if item is not None and any(inputs[name] != item.data.get(name) for name in inputs):
            labels = {}  # the input was changed by hand, so the row's labels no longer belong to it
        st.session_state["explore_asked"] = Asked(
            version, model, inputs, labels, fresh, adapter, by_id[other] if other else None
        )
    return st.session_state.get("explore_asked")


def _row_picker(ws: Workspace, task_id: str) -> Item | None:
    known = datasets.list_datasets(ws, task_id)
    if not known:
        st.caption("Type an input below, or bring a dataset to pick rows from.")
        return None
    mine = st.segmented_control(
        "Input",
        ["A row of the data", "My own"],
        default="A row of the data",
        required=True,
        key="explore_from",
    )
    if mine == "My own":
        return None
    limit = known[0].rows
    wanted = st.query_params.get("row", "1")

    def chosen() -> None:
        st.query_params["row"] = str(st.session_state["explore_row"])

    number = st.number_input(
        f"Row of {verbatim(known[0].name)}, 1 to {limit:,}",
        min_value=1,
        max_value=limit,
        value=min(int(wanted), limit) if wanted.isdigit() and int(wanted) else 1,
        key="explore_row",
        on_change=chosen,
    )
    rows = datasets.get_rows(ws, known[0].id, limit=1, offset=int(number) - 1)
    return rows[0] if rows else None


def _inputs(version: Version, item: Item | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for field in version.spec["inputs"]:
        name, kind = field["name"], field.get("type", "str")
        before = item.data.get(name) if item else None
        key = f"explore_input_{version.id}_{item.id if item else 'own'}_{name}"
        about = verbatim(field.get("desc") or "") or None
        if is_media(kind):
            values[name] = media_input(name, kind, before=before, key=key, help=about)
            continue
        text = st.text_area(
            name,
            value=_shown(before),
            key=key,
            help=about,
            height=120 if kind == "str" else 90,
            placeholder=_placeholder(kind),
        )
        values[name] = _read(text, kind, name)
    return values


def _placeholder(kind: str) -> str | None:
    if kind.startswith("Optional["):
        return _PLACEHOLDERS.get(kind[len("Optional[") : -1], "may be empty")
    return _PLACEHOLDERS.get(kind) or ("One item a line, or JSON" if kind.startswith("list[") else None)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def _read(text: str, kind: str, name: str) -> Any:
    """Return a typed value for the text of an input; texts as they are, lists as JSON or one item a line."""
    if kind == "History" and not text.strip():
        return {"messages": []}
    if kind.startswith("Optional[") and kind.endswith("]"):
        return _read(text, kind[len("Optional[") : -1], name) if text.strip() else None
    if kind in _TEXTS or kind.startswith(("Literal", "Code[")):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        if kind.startswith("list"):
            return [line for line in text.splitlines() if line.strip()]
        if not text.strip():
            return None
        raise DataError(f"this is not a {kind}", field=name, hint="Write it as JSON.") from error


def differing(expected: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """Return the names of labels that were not met."""
    return [name for name, value in expected.items() if given.get(name) != value]
