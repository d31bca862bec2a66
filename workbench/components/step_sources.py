"""Where a step's inputs come from: program inputs and what earlier steps give.

Knows nothing about how the step thinks; of its kind it asks which inputs there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from workbench.services.step_wiring import Wiring, wiring_of

__all__ = ["step_sources"]


def step_sources(spec: Mapping[str, Any], step: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Draw one choice an input and return {input: source}, several sources where it is a list.

    Args:
        spec: The program (as JSON data) that the step stands in.
        step: The step as the form has it.
        key: Names this form.
    """
    wires = wiring_of(spec, step)
    missing = [wire.name for wire in wires if not wire.given]
    made: dict[str, Any] = {}
    with (
        st.expander("Where its inputs come from", icon=":material/cable:", expanded=bool(missing)),
        st.grid(2, min_column_width=180),
    ):
        for wire in wires:
            chosen = _choice(wire, f"{key}_{wire.name}")
            if chosen:
                made[wire.name] = chosen[0] if len(chosen) == 1 else chosen
    return made


def _choice(wire: Wiring, key: str) -> list[str]:
    about = "An input of the program, or what an earlier step gives."
    if wire.several:
        return st.multiselect(
            wire.name, wire.sources, default=list(wire.given), key=key, help=f"{about} Several are joined."
        )
    names = ["", *wire.sources]
    start = wire.given[0] if wire.given else ""
    found = st.selectbox(
        wire.name, names, index=names.index(start), key=key, help=about, format_func=lambda name: name or "–"
    )
    return [found] if found else []
