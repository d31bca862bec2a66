"""Settings: models and a test of each, prices, the cache, where things are kept."""

import streamlit as st

from workbench import state
from workbench.components.page import head
from workbench.components.settings_cache import cache_panel
from workbench.components.settings_models import models_panel
from workbench.components.settings_prices import prices_panel
from workbench.components.settings_system import system_panel

ws = state.workspace()
head("Settings", "Models and a test of each, prices, the cache, and where things are kept.")

panels = {"Models": models_panel, "Prices": prices_panel, "Cache": cache_panel, "System": system_panel}
for tab, panel in zip(
    st.tabs(list(panels), key="settings_tab", on_change="rerun", bind="query-params"),
    panels.values(),
    strict=True,
):
    if tab.open:
        with tab:
            panel(ws)
