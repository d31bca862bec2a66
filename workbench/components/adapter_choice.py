"""The choice of an adapter: how messages are written and replies are read.

Knows nothing about runs.
"""

from __future__ import annotations

import streamlit as st

from workbench.services.adapters import DEFAULT_ADAPTER, adapter_kinds

__all__ = ["adapter_select", "adapter_tabs"]

_HELP = "How fields are marked in the messages and in the reply."


def adapter_select(key: str) -> str:
    """Draw the choice as a list and return the adapter's name."""
    kinds = {kind.name: kind for kind in adapter_kinds()}
    names = list(kinds)
    chosen = st.selectbox(
        "Messages written as",
        names,
        index=names.index(DEFAULT_ADAPTER),
        format_func=lambda name: kinds[name].label,
        key=key,
        help=_HELP + "\n\n" + "\n".join(f"- {kind.label}: {kind.summary}" for kind in kinds.values()),
    )
    return chosen or DEFAULT_ADAPTER


def adapter_tabs(key: str) -> str:
    """Draw the choice as buttons and return the adapter's name."""
    labels = {kind.name: kind.label for kind in adapter_kinds()}
    chosen = st.pills(
        "Written as",
        list(labels),
        format_func=labels.__getitem__,
        default=DEFAULT_ADAPTER,
        required=True,
        key=key,
        help=_HELP,
        wrap=True,
    )
    return chosen or DEFAULT_ADAPTER
