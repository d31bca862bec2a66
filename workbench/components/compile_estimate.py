"""The estimate of a compile beneath its form, and the button that measures what a call really takes.

Knows nothing about how either is reckoned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.foundation.errors import WorkbenchError
from workbench.components.errors import show_error
from workbench.components.estimate_view import estimate_view
from workbench.components.setup import Setup
from workbench.services import estimates
from workbench.services.workspace import Workspace

__all__ = ["compile_estimate"]

ROWS = 3
"""Train rows that are run to measure."""

_KNOWN = "compile_measured"


def compile_estimate(ws: Workspace, setup: Setup, more: Mapping[str, Any], *, writes: bool) -> bool:
    """Draw what it will take; False where the parameters do not go together, after saying so.

    Args:
        more: The other choices of the form, by the names that the service has for them.
        writes: The optimizer asks a model for instructions.
    """
    asked: dict[str, Any] = {name: more.get(name) for name in ("adapter", "teacher_model", "prompt_model")}
    key = (setup.version_id, setup.dataset_id, setup.model, writes, *asked.values())
    known: dict[Any, Any] = st.session_state.setdefault(_KNOWN, {})
    try:
        estimate = estimates.estimate_compile(
            ws,
            setup.version_id,
            setup.dataset_id,
            model=setup.model,
            metric_id=setup.metric_id,
            measured=known.get(key),
            **more,
        )
    except WorkbenchError as error:
        show_error(error)
        return False
    estimate_view(estimate)
    if not estimate.high or key in known:
        return True
    if st.button(
        f"Measure on {ROWS} rows",
        icon=":material/timer:",
        type="tertiary",
        key="compile_measure",
        help="Runs the program on a few train rows, and asks once for instructions where the optimizer does: then the "
        "time is known, and tokens and money are closer. These few calls are paid for.",
    ):
        try:
            with st.spinner("Measuring …"):
                known[key] = estimates.measure_compile(
                    ws, setup.version_id, setup.dataset_id, setup.model, **asked, writes=writes, rows=ROWS
                )
        except WorkbenchError as error:
            show_error(error)
            return True
        st.rerun()
    return True
