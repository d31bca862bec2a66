"""What came out of a compile: the winner against the program as given, on which rows, what to conclude, where to go on.

Knows nothing about how optimizers search.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from core.foundation.words import counted
from workbench import state
from workbench.components.compile_candidates import interval_text
from workbench.components.errors import verbatim
from workbench.components.figures import figure, figures, money, percent
from workbench.services.compile_report import has_report, report_html
from workbench.services.run_records import Run
from workbench.services.workspace import Workspace

__all__ = ["outcome_view"]


def outcome_view(ws: Workspace, run: Run) -> None:
    """Draw the outcome; nothing before there is one."""
    result = run.result or {}
    if not result:
        return
    report: dict[str, Any] = result.get("report") or {}
    rows = _rows_text(result, report)
    if rows:
        st.caption(rows)
    _scores(result, report)
    if result.get("verdict"):
        st.markdown(f":material/balance: {verbatim(result['verdict'])}")
    if report.get("stop_reason"):
        st.markdown(f":material/flag: {verbatim(report['stop_reason'])}")
    for warning in report.get("warnings") or ():
        st.warning(verbatim(str(warning)), icon=":material/warning:")
    _onwards(ws, run)


def _scores(result: Mapping[str, Any], report: Mapping[str, Any]) -> None:
    """Draw the figures: on rows that chose nothing where the winner was confirmed, else on those that chose it."""
    confirmed: Mapping[str, Any] = report.get("confirmation") or {}
    winner = confirmed.get("score") or report.get("score") or result
    before = confirmed.get("given") or report.get("baseline") or result.get("baseline") or {}
    same = winner.get("rows") == before.get("rows")
    with figures(4):
        figure(
            "Score of the winner",
            percent(winner.get("mean")),
            _gain(winner, before) if same else None,
            change=True,
        )
        figure("95 % interval", interval_text(winner.get("interval")))
        figure(
            "Before",
            percent(before.get("mean")),
            counted(before["rows"], "row") if before and not same else None,
        )
        spend = report.get("spend") or {}
        figure(
            "Calls",
            f"{int(spend.get('calls', 0)):,}",
            money(result.get("cost")),
            help="Requests sent to the models, retries included.",
        )


def _gain(winner: Mapping[str, Any], before: Mapping[str, Any]) -> str | None:
    if winner.get("mean") is None or before.get("mean") is None:
        return None
    return f"{100 * (winner['mean'] - before['mean']):+.1f} points"


def _rows_text(result: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    """Return on which rows the figures are, and what follows from that."""
    score, confirmed = report.get("score") or {}, report.get("confirmation") or {}
    if confirmed:
        rows = f"**On {_rows(confirmed['score'])} that chose nothing.**"
        if score.get("mean") is None:
            return rows
        before = percent((report.get("baseline") or {}).get("mean"))
        return (
            f"{rows} On the {_rows(score)} that chose the winner it has {percent(score['mean'])}, "
            f"{before} before: that flatters it."
        )
    if score.get("on"):
        return (
            f"**On {_rows(score)} that also chose the winner**: "
            "the score on test rows says how good it really is."
        )
    return f"**On {_rows(result)}.**" if result.get("rows") else ""


def _rows(score: Mapping[str, Any]) -> str:
    kind = {"test": "test", "training": "train"}.get(str(score.get("on")), "validation")
    return counted(int(score.get("rows") or 0), f"{kind} row")


def _onwards(ws: Workspace, run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if run.result_version_id:
            state.link(
                "evaluate",
                "Evaluate the compiled program",
                icon=":material/checklist:",
                version=run.result_version_id,
            )
            state.link("explore", "Try it", icon=":material/science:", version=run.result_version_id)
            state.link("export", "Export it", icon=":material/ios_share:", version=run.result_version_id)
        if has_report(run):
            st.download_button(
                "Report",
                data=lambda: report_html(ws, run.id).encode(),
                file_name=f"compile_report_{run.id}.html",
                mime="text/html",
                icon=":material/download:",
                type="tertiary",
                key=f"report_{run.id}",
                on_click="ignore",
                help="One page to keep or send: verdict, scores, lineage with what each candidate changed, cost.",
            )
