"""The cache of replies: how large it is, and how to empty it.

Knows nothing about how replies are kept.
"""

from __future__ import annotations

import streamlit as st

from workbench.components.errors import verbatim
from workbench.components.figures import figure, figures
from workbench.services import models
from workbench.services.workspace import Workspace

__all__ = ["cache_panel"]


def cache_panel(ws: Workspace) -> None:
    """Draw the figures and the button that empties it."""
    stats = models.cache_stats(ws)
    st.caption(
        "An answer that was given once is not asked for again: repeated runs are free, and a stopped one resumes."
    )
    with figures(3):
        figure("Replies kept", f"{stats.entries:,}")
        figure("Size", f"{stats.bytes / 2**20:.1f} MB")
        figure(
            "At hand in memory",
            f"{stats.memory_entries:,}",
            help="Of this server; the others are read from disk.",
        )
    st.caption(f"In {verbatim(stats.folder)}")
    if st.button("Empty the cache", icon=":material/delete_sweep:", key="cache_clear"):
        _confirm(ws)


@st.dialog("Empty the cache?")
def _confirm(ws: Workspace) -> None:
    st.write("Runs keep their results. Asking the same again will cost again.")

    def clear() -> None:
        models.clear_cache(ws)
        st.toast("The cache is empty", icon=":material/check:")

    st.button(
        "Empty it", type="primary", icon=":material/delete_sweep:", on_click=clear, key="cache_clear_yes"
    )
