"""A compile as it goes and as it went: candidates, budget, events, and what came out.

Knows nothing about how optimizers search; it reads the run's events, so a reload or a second tab shows the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.foundation.errors import WorkbenchError
from workbench import state
from workbench.components.compile_candidates import candidates_view, interval_text
from workbench.components.compile_log import asks_view, log_view
from workbench.components.errors import readable_errors, verbatim
from workbench.components.figures import figure, figures, money, percent
from workbench.components.run_head import poll_every, run_head
from workbench.components.table import data_table
from workbench.services import previews, runs, tasks
from workbench.services.run_records import Run
from workbench.services.workspace import Workspace

__all__ = ["compile_view"]

Event = Mapping[str, Any]


def compile_view(ws: Workspace, run_id: str) -> None:
    """Draw one compile; while it runs, everything is fresh every second."""
    run = runs.get_run(ws, run_id)
    given = _given(ws, run.version_id)

    @st.fragment(run_every=poll_every(run), key=f"compile_{run_id}")
    def live() -> None:
        with readable_errors():
            now = runs.get_run(ws, run_id)
            run_head(ws, now)
            events = _events(ws, run_id)
            _outcome(now)
            _budget_bars(now, events)
            candidates_view(now, events, given)
            _attempts((now.result or {}).get("report") or {})
            asks_view(events, run_id)
            log_view(events)
            if run.active and not now.active:
                st.rerun()

    live()


def _given(ws: Workspace, version_id: str) -> dict[str, str]:
    """Return the instructions that the search started from; none where that program cannot be built any more."""
    version = tasks.get_version(ws, version_id)
    try:
        return previews.instructions_of(version.spec, version.state)
    except WorkbenchError:
        return {}


def _events(ws: Workspace, run_id: str) -> Sequence[Event]:
    """Return the run's events; those read before are remembered, so that each look reads only what is new."""
    name, known = st.session_state.get("compile_events", ("", []))
    if name != run_id:
        known = []
    known += runs.run_events(ws, run_id, since=len(known) - 1)
    st.session_state["compile_events"] = (run_id, known)
    return known


def _outcome(run: Run) -> None:
    result = run.result or {}
    report: dict[str, Any] = result.get("report") or {}
    if not result:
        return
    winner, before = report.get("score") or {}, report.get("baseline") or {}
    spend = report.get("spend") or {}
    with figures(4):
        figure("Score of the winner", percent(winner.get("mean")), _gain(winner, before), change=True)
        figure("95 % interval", interval_text(winner.get("interval")))
        figure("Before", percent(before.get("mean")))
        figure(
            "Calls",
            f"{int(spend.get('calls', 0)):,}",
            money((run.result or {}).get("cost")),
            help="Requests sent to the model, retries included.",
        )
    if result.get("verdict"):
        st.markdown(f":material/balance: {verbatim(result['verdict'])}")
    if report.get("stop_reason"):
        st.markdown(f":material/flag: {verbatim(report['stop_reason'])}")
    if winner.get("on"):
        st.caption(
            f"Scored on {winner.get('rows')} {winner['on']} rows, which also chose the winner: "
            "the score on test rows says how good it really is."
        )
    for warning in report.get("warnings") or ():
        st.warning(verbatim(str(warning)), icon=":material/warning:")
    if run.result_version_id:
        with st.container(horizontal=True):
            state.link(
                "evaluate",
                "Evaluate the compiled program",
                icon=":material/checklist:",
                version=run.result_version_id,
            )
            state.link("explore", "Try it", icon=":material/science:", version=run.result_version_id)
            state.link("export", "Export it", icon=":material/ios_share:", version=run.result_version_id)


def _gain(winner: Mapping[str, Any], before: Mapping[str, Any]) -> str | None:
    if winner.get("mean") is None or before.get("mean") is None:
        return None
    return f"{100 * (winner['mean'] - before['mean']):+.1f} points"


def _attempts(report: Mapping[str, Any]) -> None:
    attempts = report.get("attempts") or ()
    if not attempts:
        return
    kept = sum(1 for attempt in attempts if attempt["kept"])
    with st.expander(
        f"{kept} of {len(attempts)} tries on train rows became examples", icon=":material/fact_check:"
    ):
        data_table(
            [
                {
                    "row": item["row"],
                    "kept": item["kept"],
                    "why": item["why"],
                    "score": item["score"],
                    "round": item["round"],
                }
                for item in attempts
            ],
            key="compile_attempts",
            name="tries",
        )


def _budget_bars(run: Run, events: Sequence[Event]) -> None:
    caps = {name: cap for name, cap in (run.settings.get("budget") or {}).items() if cap}
    spent = _spent(run, events)
    if run.active:
        figures_so_far(run, spent)
    for name, cap in caps.items():
        used = float(spent.get(name, 0.0))
        st.progress(min(1.0, used / float(cap)), text=f"Budget, {name}: {used:,.4g} of {cap:,g}")


def figures_so_far(run: Run, spent: Mapping[str, float]) -> None:
    """Draw what is known while the search goes on."""
    progress = run.progress
    best, before = progress.get("score"), progress.get("baseline")
    with figures(4):
        gain = f"{best - before:+.1f} points" if best is not None and before is not None else None
        figure("Best so far", "–" if best is None else f"{best:.1f} %", gain, change=True)
        figure("Before", "–" if before is None else f"{before:.1f} %")
        figure("Candidates", progress.get("candidates") or 0)
        figure("Calls so far", f"{int(spent.get('calls', 0)):,}")


def _spent(run: Run, events: Sequence[Event]) -> dict[str, float]:
    report = (run.result or {}).get("report") or {}
    if report.get("spend"):
        return {**report["spend"], "seconds": report.get("seconds", 0.0)}
    spent: dict[str, float] = {"calls": 0, "cost": 0.0, "tokens": 0, "seconds": run.seconds or 0.0}
    for event in events:
        if event["type"] in ("row", "trace"):
            for name in ("calls", "cost", "tokens"):
                spent[name] += float(event.get(name) or 0)
    return spent
