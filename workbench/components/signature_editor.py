"""The form of a signature: instructions, a table of inputs, a table of outputs, and the same as one line of text.

Knows nothing about programs or the store. Tables and text change each other; what the tables say is the truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from core.foundation.errors import WorkbenchError
from core.pipeline import parse_signature_string, signature_string
from core.pipeline.spec import SignatureSpec
from workbench.components.errors import show_error
from workbench.services.signature_form import COLUMNS, TYPES, fields_of, rows_of

__all__ = ["signature_editor", "with_edits"]


def signature_editor(signature: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Draw the form of `signature` (as JSON data) and return what it says now.

    Args:
        key: Names this form; another key starts afresh.

    While a row cannot be used, its error is shown and the fields of before are returned.
    """
    base = st.session_state.setdefault(f"{key}_base", dict(signature))
    revision = st.session_state.setdefault(f"{key}_revision", 0)
    instructions = st.text_area(
        "Instructions",
        value=base.get("instructions", ""),
        key=f"{key}_instructions",
        help="What the step should do. Optimizers may rewrite it; the fields stay.",
        height=110,
    )
    _quick_line(key)
    made = {**base, "instructions": instructions}
    for side, label in (("inputs", "What it takes"), ("outputs", "What it gives")):
        st.markdown(f"**{label}**")
        made[side] = _fields_table(base[side], f"{key}_{side}_{revision}", side)
    _follow(key, made)
    return made


def _fields_table(fields: list[dict[str, Any]], key: str, side: str) -> list[dict[str, Any]]:
    frame = pd.DataFrame(rows_of(fields), columns=list(COLUMNS), dtype="string")
    known = [*TYPES, *(kind for kind in frame["type"] if kind not in TYPES)]
    edited = st.data_editor(
        frame,
        num_rows="dynamic",
        hide_index=True,
        key=key,
        alt=f"Table of {side}",
        column_config={
            "name": st.column_config.TextColumn("name", required=True, width=95),
            "type": st.column_config.SelectboxColumn("type", options=known, default="text", width=100),
            "options": st.column_config.TextColumn(
                "options", help="For a choice: its options, comma-separated.", width=110
            ),
            "description": st.column_config.TextColumn("description", width=140),
            "constraints": st.column_config.TextColumn(
                "constraints", help="For example: ge=0, le=10", width=95
            ),
        },
    )
    try:
        made = fields_of(edited.to_dict("records"), fields, side=side)
    except WorkbenchError as error:
        show_error(error)
        return fields
    return [_with_members(field, f"{key}_{field['name']}") for field in made]


def _with_members(field: dict[str, Any], key: str) -> dict[str, Any]:
    """Let a record's own fields be edited in a table of their own."""
    if field["type"] not in ("object", "list[object]"):
        return field
    with st.container(border=True):
        st.caption(f"Fields of each {field['name']}")
        return {**field, "fields": _fields_table(field["fields"], key, f"fields of {field['name']}")}


def _quick_line(key: str) -> None:
    """Draw the one-line form; a change in it makes new tables."""
    line_key = f"{key}_line"
    pending = st.session_state.pop(f"{key}_line_pending", None)
    if pending is not None or line_key not in st.session_state:
        base = st.session_state[f"{key}_base"]
        st.session_state[line_key] = (
            pending if pending is not None else signature_string(SignatureSpec(**base))
        )

    def changed() -> None:
        try:
            parsed = parse_signature_string(st.session_state[line_key]).model_dump(mode="json")
        except WorkbenchError as error:
            st.session_state[f"{key}_line_error"] = error
            return
        st.session_state[f"{key}_base"] = _merged(parsed, _typed_so_far(key))
        st.session_state[f"{key}_revision"] += 1

    st.text_input(
        "In one line", key=line_key, on_change=changed, help="question, context: list[str] -> answer: bool"
    )
    error = st.session_state.pop(f"{key}_line_error", None)
    if error is not None:
        show_error(error)


def _typed_so_far(key: str) -> dict[str, Any]:
    """Return the signature with the edits that the browser sent last, which no run may have seen to its end yet."""
    base: dict[str, Any] = st.session_state[f"{key}_base"]
    revision = st.session_state[f"{key}_revision"]
    made = {**base, **st.session_state.get(f"{key}_now", {})}
    made["instructions"] = st.session_state.get(f"{key}_instructions", made.get("instructions", ""))
    for side in ("inputs", "outputs"):
        edits = st.session_state.get(f"{key}_{side}_{revision}")
        if not edits:
            continue
        try:
            members = {field["name"]: field for field in made[side]}
            fields = fields_of(with_edits(rows_of(base[side]), edits), base[side], side=side)
            made[side] = [_inherit(field, members.get(field["name"])) for field in fields]
        except WorkbenchError:
            continue
    return made


def with_edits(rows: Sequence[Mapping[str, Any]], edits: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a table's rows after edits as a data editor keeps them."""
    changed: Mapping[Any, Mapping[str, Any]] = edits.get("edited_rows") or {}
    made = [{**row, **changed.get(index, changed.get(str(index), {}))} for index, row in enumerate(rows)]
    gone: list[Any] = list(edits.get("deleted_rows") or [])
    return [row for index, row in enumerate(made) if index not in gone] + [
        dict(row) for row in edits.get("added_rows") or ()
    ]


def _merged(parsed: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Keep instructions, descriptions, constraints and members of fields that are still there."""
    known = {field["name"]: field for side in ("inputs", "outputs") for field in before.get(side, ())}
    made: dict[str, Any] = {**parsed, "instructions": before.get("instructions", "")}
    for side in ("inputs", "outputs"):
        made[side] = [_inherit(field, known.get(field["name"])) for field in parsed[side]]
    return made


def _inherit(field: dict[str, Any], old: Mapping[str, Any] | None) -> dict[str, Any]:
    if old is None:
        return field
    kept = {
        name: old[name] for name in ("desc", "constraints", "fields") if old.get(name) and not field.get(name)
    }
    return {**field, **kept, "type": field["type"]}


def _follow(key: str, made: dict[str, Any]) -> None:
    """Let the one-line form follow the tables."""
    st.session_state[f"{key}_now"] = made
    try:
        text = signature_string(SignatureSpec(**made))
    except (WorkbenchError, ValueError):
        return
    if st.session_state.get(f"{key}_followed") != text:
        first = f"{key}_followed" not in st.session_state
        st.session_state[f"{key}_followed"] = text
        if not first and st.session_state[f"{key}_line"] != text:
            st.session_state[f"{key}_line_pending"] = text
            st.rerun()
