"""The budget of a compile: fields for its caps, how much of each is used, warnings, and raising them to go on.

Knows nothing about how caps are held.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from workbench.components.errors import readable_errors, verbatim
from workbench.services import runs
from workbench.services.run_records import Run
from workbench.services.spending import cap_text, digits_of, higher_caps
from workbench.services.workspace import Workspace

__all__ = ["budget_bars", "budget_fields", "go_on_form"]

MINUTE = 60


def budget_fields(key: str, caps: Mapping[str, Any]) -> dict[str, float | None]:
    """Draw a field for each cap and return them by name.

    Args:
        caps: What the fields begin with.
    """
    free: dict[str, Any] = {"placeholder": "no cap"}
    calls, tokens, cost, seconds = (caps.get(name) for name in ("calls", "tokens", "cost", "seconds"))
    calls = st.number_input(
        "Calls", min_value=0, step=100, value=_whole(calls), key=f"{key}_calls", **free,
        help="Requests sent to a model, retries included; never exceeded.",
    )  # fmt: skip
    tokens = st.number_input(
        "Tokens", min_value=0, step=100_000, value=_whole(tokens), key=f"{key}_tokens", **free,
        help="Of prompts and replies; calls in flight when the cap is reached still count.",
    )  # fmt: skip
    cost = st.number_input(
        "US dollars", min_value=0.0, step=0.5, value=_real(cost), key=f"{key}_cost", **free,
        help="At the prices of the settings; calls in flight when the cap is reached still count.",
    )  # fmt: skip
    minutes = st.number_input(
        "Minutes", min_value=0.0, step=1.0, value=_real(seconds, MINUTE), key=f"{key}_minutes", **free
    )
    return {
        "calls": calls,
        "tokens": tokens,
        "cost": cost,
        "seconds": None if minutes is None else MINUTE * minutes,
    }


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _real(value: Any, size: float = 1) -> Any:
    return None if value is None else float(value) / size


def budget_bars(run: Run, spent: Mapping[str, float]) -> None:
    """Draw how much of each cap is used, with a warning from half of it on while the search goes on."""
    caps = {name: cap for name, cap in (run.settings.get("budget") or {}).items() if cap is not None}
    for name, cap in caps.items():
        used = float(spent.get(name, 0.0))
        st.progress(min(1.0, used / float(cap)) if cap else 1.0, text=_used_text(name, used, float(cap)))
    if caps and _kept_back(run, caps, spent):
        st.caption("What is left of the budget was kept for confirming the winner, and not needed.")
    if run.active:
        highest: dict[str, Mapping[str, Any]] = {}
        for warning in run.budget_warnings:
            highest[warning["resource"]] = max(
                warning, highest.get(warning["resource"], warning), key=lambda item: item["share"]
            )
        for warning in highest.values():
            st.warning(_warning_text(warning), icon=":material/savings:")


def _kept_back(run: Run, caps: Mapping[str, float], spent: Mapping[str, float]) -> bool:
    """Whether a search ended at its budget, and confirming its winner left something of every cap."""
    report = (run.result or {}).get("report") or {}
    left = all(float(spent.get(name, 0.0)) < float(cap) for name, cap in caps.items())
    return bool(left and report.get("confirmation") and report.get("stop_code") == "budget")


def _used_text(name: str, used: float, cap: float) -> str:
    return "Budget: " + verbatim(f"{digits_of(name, used)} of {cap_text(name, cap)}")


def _warning_text(warning: Mapping[str, Any]) -> str:
    cap = cap_text(str(warning["resource"]), float(warning["cap"]))
    return verbatim(
        f"{100 * warning['share']:.0f} % of the budget of {cap} is used. At the cap the best so far is kept."
    )


def go_on_form(ws: Workspace, run: Run) -> None:
    """Draw the form that raises the caps and goes on, where a budget or a stop ended the search early."""
    ended = (run.result or {}).get("stop_code")
    if run.active or not (ended in ("budget", "seconds") or run.status in ("stopped", "interrupted")):
        return
    caps = {name: cap for name, cap in (run.settings.get("budget") or {}).items() if cap is not None}
    begin = {**caps, **higher_caps(run)}
    with (
        st.expander(
            "Raise the budget and go on",
            icon=":material/play_circle:",
            expanded=ended in ("budget", "seconds"),
        ),
        st.form(f"go_on_{run.id}_{run.attempt}", border=False),
    ):
        st.caption("What is finished is kept and not paid for again; an empty field is no cap.")
        with st.grid(4, min_column_width=110):
            raised = budget_fields(f"go_on_{run.id}_{run.attempt}", begin)
        if st.form_submit_button("Go on", type="primary", icon=":material/play_arrow:"):
            with readable_errors():
                runs.resume_run(ws, run.id, budget=raised)
                st.rerun()
