"""Prices: the built-in table and one's own on top of it.

Knows nothing about how costs are counted.
"""

from __future__ import annotations

import streamlit as st

from workbench.components.table import data_table
from workbench.services import models
from workbench.services.workspace import Workspace

__all__ = ["prices_panel"]


def prices_panel(ws: Workspace) -> None:
    """Draw a form for one's own price and the table of all."""
    st.caption(
        "US dollars per million tokens. A run of a model without a price says that its cost is unknown."
    )
    with st.form("settings_price", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Model", placeholder="model name, or the start of it")
        prompt = st.number_input("Prompt", min_value=0.0, value=0.0, format="%g")
        completion = st.number_input("Completion", min_value=0.0, value=0.0, format="%g")
        if st.form_submit_button("Set", type="primary", icon=":material/save:"):
            models.set_price(ws, name, prompt, completion)
            st.rerun()
    data_table(
        [
            {"model": item.model, "prompt": item.prompt, "completion": item.completion, "from": item.source}
            for item in models.list_prices(ws)
        ],
        key="settings_prices",
        name="prices",
    )
