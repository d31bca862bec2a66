"""The part of a compile's form that says how candidates race, when the search ends, and how the winner is confirmed.

Knows nothing about how searches do any of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.foundation.words import counted

__all__ = ["search_choices", "search_text"]

_PROOFS = {"": "no", "testset": "on the test rows", "confirm": "on rows set aside"}
_PROOF_HELP = (
    "The score that chose a winner flatters it. At the end the winner and the program as given are compared on rows "
    "that chose nothing: no candidate learned from them or was chosen by them. *The test rows* are those of the test "
    "split; each look at them makes them worth less. *Rows set aside* are drawn from the validation rows by the seed "
    "and take no part in the choice. Under a budget up to a fourth of it is kept for this."
)


def search_choices(counts: Mapping[str, int], *, scores: bool) -> dict[str, Any]:
    """Draw the choices and return those that are not the defaults, by the names that the service has for them.

    Args:
        counts: Rows of each split.
        scores: The optimizer scores candidates; else there is only the winner to confirm.
    """
    title = "Racing, stopping, confirming" if scores else "Confirming"
    with st.expander(title, icon=":material/flag:"):
        made = _endings() if scores else {}
        return made | _proof(counts)


def _endings() -> dict[str, Any]:
    racing = st.toggle(
        "Racing",
        value=True,
        key="compile_racing",
        help="Candidates meet the same rows; one that will hardly win any more is dropped before it has run on all of "
        "them, which saves calls. Off: the published algorithm exactly.",
    )
    with st.grid(2, min_column_width=120):
        target = st.number_input(
            "Stop at a score of, %",
            min_value=0.0,
            max_value=100.0,
            value=None,
            step=5.0,
            format="%g",
            placeholder="no target",
            key="compile_target",
            help="The search ends with a candidate that reaches this on all rows that choose.",
        )
        plateau = st.number_input(
            "Stop at a plateau of",
            min_value=1,
            value=None,
            step=1,
            placeholder="search on",
            key="compile_plateau",
            help="The search ends once so many candidates in a row did not beat the best.",
        )
    made: dict[str, Any] = {} if racing else {"racing": False}
    if target:
        made["target"] = round(target / 100, 6)
    return made | ({"plateau": int(plateau)} if plateau else {})


def _proof(counts: Mapping[str, int]) -> dict[str, Any]:
    there = [name for name in _PROOFS if name != "testset" or counts.get("test")]
    proof = st.selectbox(
        "Confirm the winner",
        there,
        format_func=lambda name: _PROOFS[name] + (f" ({counts['test']:,})" if name == "testset" else ""),
        key="compile_proof",
        help=_PROOF_HELP,
    )
    if proof == "testset":
        return {"testset": True}
    if proof != "confirm":
        return {}
    percent = st.number_input(
        "Rows set aside, %",
        min_value=1,
        max_value=90,
        value=25,
        step=5,
        key="compile_confirm",
        help="Of the validation rows; of the train rows where there are none.",
    )
    return {"confirm": round(percent / 100, 6)}


def search_text(settings: Mapping[str, Any]) -> list[str]:
    """Return what a run's settings say of this, in a few words each; what is usual is left out."""
    said = [] if settings.get("racing", True) else ["racing off: the published algorithm exactly"]
    if settings.get("target"):
        said.append(f"stops at {100 * float(settings['target']):g} %")
    if settings.get("plateau"):
        said.append(f"stops after {counted(settings['plateau'], 'candidate')} without gain")
    if settings.get("testset"):
        said.append("winner confirmed on the test rows")
    if settings.get("confirm"):
        part = float(settings["confirm"])
        rows = f"{100 * part:g} % of the rows" if part < 1 else counted(part, "row")
        said.append(f"winner confirmed on {rows} set aside")
    return said
