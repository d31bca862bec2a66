"""Cards of the sample tasks, each opened with one click.

Knows nothing about what is in a sample beyond its title and size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from workbench import state
from workbench.services import samples

__all__ = ["sample_cards"]


def sample_cards(available: Sequence[Any], opened: Mapping[str, str]) -> None:
    """Draw a card per sample.

    Args:
        opened: {sample name: task id} of those that were opened before.
    """
    with st.grid(3):
        for sample in available:
            with st.container(border=True, height="stretch"):
                st.markdown(f"**{sample.title}**")
                st.caption(sample.description)
                steps = "1 step" if sample.steps == 1 else f"{sample.steps} steps"
                st.caption(
                    f":material/account_tree: {steps} · {sample.bytes // 1000:,} kB of rows · {sample.licence}"
                )
                st.space("stretch")
                again = opened.get(sample.name)
                if st.button(
                    "Go to it" if again else "Open the sample",
                    key=f"sample_{sample.name}",
                    icon=":material/arrow_forward:",
                ):
                    with st.spinner("Opening …"):
                        task_id = again or samples.open_sample(state.workspace(), sample.name)
                    state.choose_task(task_id)
                    state.go("task")
