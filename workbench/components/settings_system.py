"""Where things are kept, whether the worker lives, and versions for a bug report.

Knows nothing about how any of it works.
"""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import streamlit as st

from core.foundation.words import counted
from workbench.components.errors import verbatim
from workbench.services import runs
from workbench.services.workspace import Workspace, worker_status

__all__ = ["system_panel"]

_PACKAGES = ("lm-workbench", "streamlit", "pydantic", "sqlalchemy", "dbos", "bm25s", "openai", "aiohttp")


def _wake(ws: Workspace) -> None:
    runs.wake_worker(ws)


def system_panel(ws: Workspace) -> None:
    """Draw the folders, the worker's state, and the versions."""
    status = worker_status(ws)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**Worker**")
            st.badge(
                "running" if status.lives else "not running", color="green" if status.lives else "orange"
            )
            st.caption(f"{counted(status.active_runs, 'run')} waiting or going", width="content")
            if not status.lives:
                st.button("Start it", key="worker_start", on_click=_wake, args=(ws,))
        st.caption(
            "It carries runs out in a process of its own: closing this tab or restarting this server does not end them."
        )
        st.caption(f"Its log: {verbatim(str(status.log))}")
    with st.container(border=True):
        st.markdown("**Storage**")
        st.caption(f"Home: {verbatim(str(ws.config.home))}")
        st.caption(f"Cache: {verbatim(str(ws.config.cache_dir))}")
        st.caption("To back it up, copy the home folder while no run is going.")
    with st.container(border=True):
        st.markdown("**Versions**, for a bug report")
        lines = [f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"]
        lines += [f"{name} {_version(name)}" for name in _PACKAGES]
        st.code("\n".join(lines), language=None)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
