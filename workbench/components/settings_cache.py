"""The cache of replies: how large it is, how often it helped, and how to empty it.

Knows nothing about how replies are kept.
"""

from __future__ import annotations

import streamlit as st

from workbench.services import models
from workbench.services.workspace import Workspace

__all__ = ["cache_panel"]


def cache_panel(ws: Workspace) -> None:
    """Draw the figures and the button that empties it."""
    stats = models.cache_stats(ws)
    st.caption(
        "An answer that was given once is not asked for again: repeated runs are free, and a stopped one resumes."
    )
    asked = stats.hits + stats.misses
    with st.grid(3):
        st.metric("Replies kept", f"{stats.entries:,}", border=True)
        st.metric("Size", f"{stats.bytes / 2**20:.1f} MB", border=True)
        st.metric(
            "Answered from it",
            f"{100 * stats.hits / asked:.0f} %" if asked else "–",
            border=True,
            help="By this server, since it started.",
        )
    st.caption(f"In {stats.folder}")
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
