"""The forms of a task: a new one from a template, and the program of one that is there.

Knows nothing about how signatures are edited or messages written.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

import streamlit as st

from workbench import state
from workbench.components.errors import readable_errors, verbatim
from workbench.components.params_form import options_form
from workbench.components.search_form import edit_search, search_before
from workbench.components.signature_editor import signature_editor
from workbench.components.step_sources import step_sources
from workbench.services import tasks
from workbench.services.signature_form import TEMPLATES, single_step
from workbench.services.step_kinds import asking_kinds
from workbench.services.step_wiring import interface_of
from workbench.services.tasks import Version
from workbench.services.workspace import Workspace

__all__ = ["edit_program", "new_task_form", "same_program"]


def new_task_form(ws: Workspace) -> dict[str, Any]:
    """Draw the form of a new task; saving it opens it. Return the program as the form has it."""
    template = st.segmented_control(
        "Start from", list(TEMPLATES), default="Classify", required=True, key="new_template"
    )
    chosen = template or "Classify"
    name = st.text_input("Name", key="new_name", placeholder="What this task is called", max_chars=200)
    base = TEMPLATES[chosen]["steps"][0]
    kind = _kind_choice(base["kind"], f"new_kind_{chosen}")
    signature = signature_editor(base["signature"], key=f"new_{chosen}")
    options = _options(kind, {}, f"new_options_{chosen}_{kind}", signature)
    title = name.strip() or chosen
    spec = single_step(
        _slug(title),
        signature["instructions"],
        signature["inputs"],
        signature["outputs"],
        kind=kind,
        step=base["name"],
        options=options,
    )
    spec = search_before(spec, key=f"new_search_{chosen}")
    _interface_note(spec, signature)
    if st.button("Create the task", type="primary", icon=":material/add:", key="new_create"):
        with readable_errors():
            task = tasks.create_task(ws, title, spec)
            for key in [key for key in st.session_state if str(key).startswith("new_")]:
                del st.session_state[key]
            state.choose_task(task.id)
            state.go("data")
    return spec


def edit_program(ws: Workspace, version: Version) -> tuple[dict[str, Any], str]:
    """Draw the form of a program's steps; return the program as the form has it, and the step whose messages count."""
    spec = version.spec
    asking = [step["name"] for step in spec["steps"] if step.get("signature")]
    names = [step["name"] for step in spec["steps"]]
    first = asking[0] if asking else names[0]
    step_name = first
    if len(names) > 1:
        step_name = (
            st.segmented_control("Step", names, default=first, required=True, key=f"task_step_{version.id}")
            or first
        )
    step = next(item for item in spec["steps"] if item["name"] == step_name)
    if not step.get("signature"):
        draft = edit_search(spec, step, key=f"task_{version.id}_{step_name}")
        _save_row(ws, version, draft)
        return draft, first
    kind = _kind_choice(step["kind"], f"task_kind_{version.id}_{step_name}")
    signature = signature_editor(step["signature"], key=f"task_{version.id}_{step_name}")
    known = step.get("options", {}) if kind == step["kind"] else {}
    options = _options(kind, known, f"task_options_{version.id}_{step_name}_{kind}", signature)
    made = {**step, "kind": kind, "signature": signature, "options": options}
    if len(spec["steps"]) > 1:
        made["inputs"] = step_sources(spec, made, key=f"task_sources_{version.id}_{step_name}")
    draft = _with_step(spec, made)
    if len(spec["steps"]) == 1:
        _interface_note(draft, signature)
    _save_row(ws, version, draft)
    return draft, step_name


def _kind_choice(kind: str, key: str) -> str:
    kinds = asking_kinds()
    names = [*kinds, *([] if kind in kinds else [kind])]
    chosen = st.selectbox(
        "How it thinks",
        names,
        index=names.index(kind),
        format_func=lambda name: kinds[name].label if name in kinds else name,
        key=key,
        help=_kinds_help(),
    )
    if chosen in kinds and kinds[chosen].summary:
        st.caption(verbatim(kinds[chosen].summary))
    return chosen


def _kinds_help() -> str:
    """Return every kind with its summary, group by group."""
    lines = ["What costs more asks more often: it pays where an answer takes several steps."]
    group = ""
    for kind in asking_kinds().values():
        if kind.group != group:
            group = kind.group
            lines.append(f"\n**{group}**\n")
        lines.append(f"- {kind.title}: {kind.summary}")
    return "\n".join(lines)


def _options(kind: str, values: dict[str, Any], key: str, signature: Mapping[str, Any]) -> dict[str, Any]:
    """Draw the options of a kind and return those that differ from their defaults."""
    found = asking_kinds().get(kind)
    if found is None or not found.parameters:
        return dict(values)
    inputs, outputs = ([field["name"] for field in signature[side]] for side in ("inputs", "outputs"))
    with (
        st.expander("Options", icon=":material/tune:", expanded=not found.plain, key=f"{key}_box"),
        readable_errors(),
        st.grid(2, min_column_width=180),
    ):
        return options_form(found.parameters, key=key, values=values, fields=outputs, inputs=inputs)
    return dict(values)


def _interface_note(spec: Mapping[str, Any], signature: Mapping[str, Any]) -> None:
    """Say what the program takes and gives where that is not what stands in the tables."""
    line = interface_of(spec)
    if line and line != interface_of(
        {**spec, **single_step("", "", signature["inputs"], signature["outputs"])}
    ):
        st.caption(f"The program as a whole: {verbatim(line)}")


def _with_step(spec: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    """Return the program with one step changed; a program of one step passes its fields through."""
    if len(spec["steps"]) == 1:
        signature = step["signature"]
        made = single_step(
            spec["name"],
            signature["instructions"],
            signature["inputs"],
            signature["outputs"],
            kind=step["kind"],
            step=step["name"],
            options=step["options"],
        )
        return {**spec, **made, "description": spec.get("description", "")}
    return {**spec, "steps": [step if item["name"] == step["name"] else item for item in spec["steps"]]}


def _save_row(ws: Workspace, version: Version, draft: dict[str, Any]) -> None:
    changed = not same_program(draft, version.spec)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        message = st.text_input(
            "What changed", key=f"task_message_{version.id}", placeholder="for the history"
        )
        if st.button(
            "Save version", type="primary", icon=":material/save:", disabled=not changed, key="task_save"
        ):
            with readable_errors():
                saved = tasks.save_version(ws, version.task_id, draft, message, parent_id=version.id)
                st.toast(f"Saved as {verbatim(saved.name)}", icon=":material/check:")
                st.rerun()
        if st.button("Try it", icon=":material/science:", key="task_try", disabled=changed):
            state.go("explore")
    if not changed:
        st.caption(f"Saved as {verbatim(version.name)}")
    elif version.compiled:
        st.caption(
            f"Unsaved changes. A changed program starts without the examples that compiling found; "
            f"{verbatim(version.name)} keeps them."
        )
    else:
        st.caption("Unsaved changes")
    _history(ws, version)


def _history(ws: Workspace, version: Version) -> None:
    with st.expander("Versions", icon=":material/history:"):
        st.dataframe(
            [
                {
                    "version": f"v{item.number}",
                    "what changed": item.label,
                    "from": item.origin.partition(":")[0],
                    "saved": datetime.datetime.fromtimestamp(item.created).strftime("%Y-%m-%d %H:%M"),
                }
                for item in tasks.versions(ws, version.task_id)
            ],
            hide_index=True,
            placeholder="",
            alt="Versions of the program, newest first",
        )


def same_program(one: Any, other: Any) -> bool:
    """Whether two programs (as JSON data) are the same but for empty values."""
    return _plain(one) == _plain(other)


def _plain(value: Any) -> Any:
    """Return a program without the empty values that forms and files write differently."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item not in (None, "", [], {}, ())}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _slug(text: str) -> str:
    return re.sub(r"\W+", "_", text.casefold()).strip("_")[:60] or "program"
