"""The exact messages of a step, live: nothing is sent.

Knows nothing about forms; it is handed a program as JSON data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.foundation.words import counted
from workbench.components.adapter_choice import adapter_tabs
from workbench.components.errors import verbatim
from workbench.components.messages import message_list
from workbench.services import previews
from workbench.services.specs import check_spec

__all__ = ["message_preview", "place"]


def place(spec: Mapping[str, Any], where: str) -> str:
    """Return a problem's place in words: `steps[0].signature` is the step's name."""
    found = re.match(r"steps\[(\d+)\]\.?(.*)", where)
    steps = spec.get("steps") or ()
    if found is None or int(found[1]) >= len(steps):
        return where
    rest = "" if found[2] in ("", "signature", "options") else f", {found[2].removeprefix('signature.')}"
    return f"Step '{steps[int(found[1])]['name']}'{rest}"


def message_preview(spec: Mapping[str, Any], step: str, compiled: Mapping[str, Any] | None = None) -> None:
    """Draw what `step` will send, its schema and the program's code.

    Args:
        compiled: A compiled state, whose demos are then among the messages.
    """
    problems = check_spec(spec)
    for problem in problems:
        text = f"{place(spec, problem.where)}: {problem.message} {problem.hint}".strip()
        st.warning(verbatim(text), icon=":material/rule:")
    if problems:
        st.caption("The messages are shown here as soon as the program is complete.")
        return
    adapter = adapter_tabs("preview_adapter")
    messages = previews.preview_messages(spec, step, adapter=adapter, state=compiled)
    st.caption(
        f"{counted(len(messages), 'message')}, about {previews.token_count(messages):,} tokens before the inputs"
    )
    shown, schema, code = st.tabs(["Messages", "Output schema", "Code"])
    with shown:
        message_list(messages, height=620)
    with schema:
        st.code(
            json.dumps(previews.json_schema_of(spec, step), indent=2, ensure_ascii=False), language="json"
        )
    with code:
        st.caption("The same program in Python")
        st.code(previews.code_of(spec), language="python")
