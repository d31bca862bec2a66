"""The same run from the command line and from Python: what to type for what the form says now.

Knows nothing about how runs are started.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from workbench.components.setup import Setup
from workbench.services.workspace import Workspace

__all__ = ["cli_text", "python_text", "same_elsewhere"]


def same_elsewhere(ws: Workspace, command: str, setup: Setup, more: Mapping[str, Any]) -> None:
    """Draw the button that shows both.

    Args:
        command: "eval" or "compile".
        more: The other settings of the form, by the names that the service has for them.
    """
    with st.popover("Same elsewhere", icon=":material/terminal:"):
        st.caption("The same run on the command line; every door gives the same figures.")
        st.code(cli_text(ws.config.home, command, setup, more), language="bash", wrap_lines=True)
        st.caption("In Python")
        st.code(python_text(ws.config.home, command, setup, more), language="python", wrap_lines=True)


def cli_text(home: Path, command: str, setup: Setup, more: Mapping[str, Any]) -> str:
    """Return the command."""
    words = ["workbench", command, "--home", str(home)]
    words += ["--version", setup.version_id, "--dataset", setup.dataset_id, "--metric", setup.metric_id]
    if setup.split:
        words += ["--split", setup.split]
    words += ["--model", setup.model]
    for name, value in more.items():
        words += _option(name, value)
    return _broken([shlex.quote(word) for word in words])


def _option(name: str, value: Any) -> list[str]:
    if isinstance(value, Mapping):
        flag = {"params": "--param"}.get(name, f"--{name}")
        return [
            word
            for key, item in value.items()
            if item is not None or name == "params"
            for word in (flag, f"{key}={item if isinstance(item, str) else json.dumps(item)}")
        ]
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    return [] if value is None else [f"--{name.replace('_', '-')}", str(value)]


def _broken(words: list[str]) -> str:
    """Put each option on a line of its own."""
    lines = [" ".join(words[:2])]
    for word in words[2:]:
        if word.startswith("--"):
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}"
    return " \\\n".join(lines)


def python_text(home: Path, command: str, setup: Setup, more: Mapping[str, Any]) -> str:
    """Return the Python."""
    service = "start_evaluation" if command == "eval" else "start_compile"
    given: dict[str, Any] = {"version_id": setup.version_id, "dataset_id": setup.dataset_id}
    if setup.split:
        given["split"] = setup.split
    given |= {"metric_id": setup.metric_id, "model": setup.model}
    given |= {
        name: value if name == "params" else _set(value)
        for name, value in more.items()
        if value not in (None, {})
    }
    lines = "\n".join(f"    {name}={value!r}," for name, value in given.items())
    return (
        "from workbench.config import read_config\n"
        "from workbench.services import runs\n"
        "from workbench.services.workspace import open_workspace\n\n"
        f'ws = open_workspace(read_config({str(home)!r}), jobs="inline")\n'
        f"run_id = runs.{service}(\n    ws,\n{lines}\n)\n"
        "print(runs.get_run(ws, run_id).score)"
    )


def _set(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: item for name, item in value.items() if item is not None}
    return value
