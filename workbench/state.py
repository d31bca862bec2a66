"""What a browser tab remembers: the open workspace, the chosen task and model, and links that survive a reload.

Knows nothing about what the pages show. Durable things live in the store; here are selections only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.foundation.errors import StoreError
from workbench.config import read_config
from workbench.services import models, preferences, runs
from workbench.services.workspace import Workspace, open_workspace, start_watching

__all__ = [
    "choose_task",
    "current_task_id",
    "go",
    "link",
    "model_choice",
    "model_name",
    "model_note",
    "page",
    "pick",
    "selector",
    "set_pages",
    "workspace",
]

_TASK = "task"
_OF_A_TASK = (
    "task_",
    "data_",
    "metric_",
    "explore_",
    "eval_",
    "compile_",
    "ablation_",
    "compare_",
    "export_",
    "preview_",
)
"""Beginnings of the keys under which pages remember what belongs to one task."""
_OF_A_TASK_IN_ADDRESS = (
    "new", "version", "dataset", "split", "metric", "run", "ablation", "row", "a", "b",
)  # fmt: skip
_RUNS_IN_ADDRESS = ("run", "ablation", "a", "b")


@st.cache_resource(show_spinner=False)
def _open(home: str | None) -> Workspace:
    opened = open_workspace(read_config(home))
    start_watching(opened)
    return opened


def workspace() -> Workspace:
    """Return the workspace of this server, opened once."""
    return _open(None)


def current_task_id() -> str | None:
    """Return the chosen task, from the address or from this tab's memory; the address then names it.

    An address that names a run and no task means the task of that run.
    """
    chosen = st.query_params.get(_TASK) or _task_of_a_run() or st.session_state.get("chosen_task")
    if chosen:
        st.session_state["chosen_task"] = chosen
        if st.query_params.get(_TASK) != chosen:
            st.query_params[_TASK] = chosen
    return chosen


def _task_of_a_run() -> str | None:
    """Return the task of the run that the address names; None where it names none that is known."""
    named = next((st.query_params[name] for name in _RUNS_IN_ADDRESS if name in st.query_params), None)
    if named is None:
        return None
    try:
        return runs.get_run(workspace(), named).task_id
    except StoreError:
        return None


def choose_task(task_id: str) -> None:
    """Make a task the current one; what pages and the address remembered of another is forgotten."""
    if st.session_state.get("chosen_task") not in (None, task_id):
        for key in [key for key in st.session_state if str(key).startswith(_OF_A_TASK)]:
            del st.session_state[key]
        for name in _OF_A_TASK_IN_ADDRESS:
            st.query_params.pop(name, None)
    st.session_state["chosen_task"] = task_id
    st.query_params[_TASK] = task_id


def set_pages(pages: dict[str, Any]) -> None:
    """Remember the page objects of this run, for links."""
    st.session_state["shell_pages"] = pages


def page(name: str) -> Any:
    """Return a page by its file's name."""
    return st.session_state["shell_pages"][name]


def go(name: str, **params: str) -> None:
    """Switch to a page; its address names the task and `params`."""
    task = st.session_state.get("chosen_task")
    st.switch_page(page(name), query_params={**({_TASK: task} if task else {}), **params})


def link(name: str, label: str, *, icon: str | None = None, help: str | None = None, **params: str) -> None:
    """Draw a link to a page; its address names the task and `params`."""
    task = st.session_state.get("chosen_task")
    st.page_link(
        page(name),
        label=label,
        icon=icon,
        help=help,
        query_params={**({_TASK: task} if task else {}), **params},
    )


def pick(name: str, options: Sequence[str], *, parameter: str | None = None) -> str | None:
    """Return which of `options` is chosen: the one in the address, else the one of this tab, else the first.

    Args:
        parameter: The address's parameter where it is called differently.
    """
    key = parameter or name
    chosen = st.query_params.get(key) or st.session_state.get(f"chosen_{name}")
    found = chosen if chosen in options else (options[0] if options else None)
    if found is not None:
        st.session_state[f"chosen_{name}"] = found
        if st.query_params.get(key) != found:
            st.query_params[key] = found
    return found


def selector(label: str, names: Mapping[str, str], chosen: str | None, name: str, **options: Any) -> str:
    """Draw a select box over `names` (id → text) whose choice is in the address; return the chosen id.

    Args:
        chosen: What `pick` gave.
        name: As for `pick`.
    """
    ids = list(names)
    key = f"select_{name}"
    st.session_state[key] = chosen if chosen in names else ids[0]

    def changed() -> None:
        if st.session_state[key] not in names:
            return  # the browser sent a text of before: a run's name changes with its state
        st.session_state[f"chosen_{name}"] = st.session_state[key]
        st.query_params.pop("row", None)
        st.query_params[name] = st.session_state[key]

    found = st.selectbox(
        label, ids, format_func=lambda item: names.get(item, item), key=key, on_change=changed, **options
    )
    return str(found if found in names else (chosen if chosen in names else ids[0]))


def model_name() -> str:
    """Return the model that forms start with."""
    return preferences.default_model(workspace()).name


def model_choice(key: str, label: str = "Model") -> str:
    """Draw a select box of all models and return the chosen name; draw `model_note` where there is room for it."""
    known = {model.name: model for model in models.list_models(workspace())}
    names = list(known)
    default = model_name()
    return str(st.selectbox(label, names, index=names.index(default), key=key))


def model_note(name: str) -> None:
    """Say what the embedded model is, or that a model's key is not set; nothing for others."""
    model = next(item for item in models.list_models(workspace()) if item.name == name)
    if model.embedded:
        st.caption(f":material/info: {models.EMBEDDED_NOTE}")
    elif not model.key_set:
        st.caption(f":orange[:material/key_off: The variable {model.key_env} is not set.]")
