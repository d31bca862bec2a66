"""The form that deals rows into train, validation and test.

Knows nothing about how rows are dealt.
"""

from __future__ import annotations

import streamlit as st

from workbench.services import datasets
from workbench.services.datasets import DatasetInfo
from workbench.services.workspace import Workspace

__all__ = ["split_form"]

_EVEN = "do not stratify"


def split_form(ws: Workspace, info: DatasetInfo) -> None:
    """Draw the form; the same shares and seed always give the same splits."""
    st.caption(
        "Optimizers learn from *train* and choose by *validation*. *Test* has the last word: nothing is chosen by it."
    )
    before = info.split or {}
    with st.form("data_split_form", border=False):
        with st.grid(3):
            shares = {
                name: st.number_input(
                    name.capitalize(),
                    min_value=0.0,
                    value=float(before.get(name, default)),
                    step=0.05,
                    key=f"data_share_{name}",
                    help="A share up to 1, or a number of rows.",
                )
                for name, default in zip(datasets.SPLITS, (0.4, 0.3, 0.3), strict=True)
            }
        with st.grid(2):
            options = [_EVEN, *info.fields]
            labels = [field for field in info.fields if field not in info.inputs]
            default = before.get("stratify") if before else (labels[0] if labels else None)
            stratify = st.selectbox(
                "Spread evenly by",
                options,
                index=options.index(default) if default in options else 0,
                key="data_stratify",
                help="Each split gets about the same share of every value of this field.",
            )
            seed = st.number_input(
                "Seed", min_value=0, value=int(before.get("seed", 0)), step=1, key="data_seed"
            )
        if st.form_submit_button("Split", type="primary", icon=":material/call_split:"):
            made = datasets.split_dataset(
                ws,
                info.id,
                **{name: _share(value) for name, value in shares.items()},
                seed=int(seed),
                stratify=None if stratify == _EVEN else stratify,
            )
            st.toast(" · ".join(f"{name} {made.counts.get(name, 0)}" for name in datasets.SPLITS))
            st.rerun()


def _share(value: float) -> float:
    return int(value) if value > 1 else value
