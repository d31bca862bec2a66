"""A program as a picture: its inputs, its steps in order, what flows where.

Knows nothing about how programs run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

__all__ = ["mermaid_of", "program_diagram"]

_COMPACT = '%%{init: {"flowchart": {"nodeSpacing": 18, "rankSpacing": 22, "padding": 8}}}%%'
"""Little space between boxes, so that a long program is not shrunk until nobody can read it."""


def mermaid_of(spec: Mapping[str, Any]) -> str:
    """Return the program (as JSON data) in Mermaid's flowchart language; names are identifiers by construction."""
    lines = [
        _COMPACT,
        "flowchart LR",
        '  inputs(["' + ", ".join(field["name"] for field in spec["inputs"]) + '"])',
    ]
    lines += [
        f'  s_{step["name"]}["{step["name"]}<br/>{step["kind"].replace("_", " ")}"]' for step in spec["steps"]
    ]
    for step in spec["steps"]:
        for source, names in _by_source(step.get("inputs", {})).items():
            lines.append(f"  {source} -->|{', '.join(names)}| s_{step['name']}")
    lines.append('  outputs(["' + ", ".join(spec["outputs"]) + '"])')
    for source, names in _by_source(spec["outputs"]).items():
        lines.append(f"  {source} -->|{', '.join(names)}| outputs")
    return "\n".join(lines)


def _by_source(mapping: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, source in mapping.items():
        for one in [source] if isinstance(source, str) else _texts(source):
            owner = f"s_{one.partition('.')[0]}" if "." in one else "inputs"
            found.setdefault(owner, []).append(name)
    return found


def _texts(items: Iterable[Any]) -> list[str]:
    return [str(item) for item in items]


def program_diagram(spec: Mapping[str, Any]) -> None:
    """Draw the program."""
    names = ", then ".join(step["name"] for step in spec["steps"])
    st.mermaid_chart(mermaid_of(spec), alt=f"The program's steps: {names}")
