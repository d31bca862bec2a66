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
from workbench.components.figures import WIDE, figure, figures, gain, money, percent, spaced
from workbench.components.warning_list import warnings_view
from workbench.services import datasets
from workbench.services.compile_report import has_report, report_html
from workbench.services.run_records import Run
from workbench.services.workspace import Workspace

__all__ = ["given_won", "outcome_view", "rows_text"]


def outcome_view(ws: Workspace, run: Run) -> None:
    """Draw the outcome; nothing before there is one."""
    result = run.result or {}
    if not result:
        return
    report: dict[str, Any] = result.get("report") or {}
    tested = bool(datasets.get_dataset(ws, run.dataset_id).counts.get("test"))
    rows = rows_text(result, report, tested=tested)
    if rows:
        st.caption(rows)
    _scores(result, report)
    if result.get("verdict"):
        st.markdown(f":material/balance: {verbatim(spaced(result['verdict']))}")
    if report.get("stop_reason"):
        st.markdown(f":material/flag: {verbatim(spaced(report['stop_reason']))}")
    warnings_view([str(warning) for warning in report.get("warnings") or ()])
    _onwards(ws, run, tested=tested)


def _scores(result: Mapping[str, Any], report: Mapping[str, Any]) -> None:
    """Draw the figures: on rows that chose nothing where the winner was confirmed, else on those that chose it."""
    confirmed: Mapping[str, Any] = report.get("confirmation") or {}
    winner = confirmed.get("score") or report.get("score") or result
    before = confirmed.get("given") or report.get("baseline") or result.get("baseline") or {}
    same = winner.get("rows") == before.get("rows")
    with figures(4, width=WIDE):
        figure(
            "Score of the winner",
            percent(winner.get("mean")),
            _gain(report, winner, before) if same else None,
            change=True,
        )
        figure("95 % interval", interval_text(winner.get("interval")))
        figure(
            "Before",
            percent(before.get("mean")),
            counted(before["rows"], "row") if before and not same else None,
        )
        calls = result.get("calls", (report.get("spend") or {}).get("calls"))
        figure(
            "Calls",
            f"{int(calls or 0):,}",
            money(result.get("cost")),
            help="Requests sent to the models, retries included; those that scored the result, too.",
        )


def _gain(report: Mapping[str, Any], winner: Mapping[str, Any], before: Mapping[str, Any]) -> str | None:
    """Return the gain as the verdict has it, so that one page names one number."""
    confirmed: Mapping[str, Any] | None = report.get("confirmation")
    paired: Mapping[str, Any] = (confirmed if confirmed else report).get("improvement") or {}
    if paired.get("n") == winner.get("rows"):
        return gain(paired["difference"])
    if winner.get("mean") is None or before.get("mean") is None:
        return None
    return gain(winner["mean"] - before["mean"])


def rows_text(result: Mapping[str, Any], report: Mapping[str, Any], *, tested: bool) -> str:
    """Return on which rows the figures are, and what follows from that.

    Args:
        tested: The data have test rows.
    """
    score, confirmed = report.get("score") or {}, report.get("confirmation") or {}
    if confirmed:
        rows = f"**On {_rows(confirmed['score'])} that chose nothing.**"
        return rows if score.get("mean") is None else f"{rows} {_chosen_by(report)}"
    if score.get("on"):
        proof = (
            "the score on test rows says" if tested else "a score on rows that are not among them would say"
        )
        return f"**On {_rows(score)} that also chose the winner**: {proof} how good it really is."
    return f"**On {_rows(result)}.**" if result.get("rows") else ""


def _chosen_by(report: Mapping[str, Any]) -> str:
    """Return how the winner stands on the rows that chose it, against the same rows only."""
    score, before = report["score"], report.get("baseline") or {}
    parts = [f"it has {percent(score['mean'])}"]
    if given_won(report):
        parts = [f"the program as given, which was kept, has {percent(score['mean'])}"]
    elif before.get("mean") is not None and before.get("rows") == score.get("rows"):
        parts.append(f"{percent(before['mean'])} before")
    flatters = not given_won(report) and score["mean"] > (report["confirmation"]["score"].get("mean") or 0.0)
    return f"On the {_rows(score)} that chose the winner {', '.join(parts)}{': that flatters it' if flatters else ''}."


def given_won(report: Mapping[str, Any]) -> bool:
    """Whether a search kept the program as it was given."""
    best = next((item for item in report.get("candidates") or () if item["id"] == report.get("best")), {})
    return bool((best.get("notes") or {}).get("baseline"))


def _rows(score: Mapping[str, Any]) -> str:
    kind = {"test": "test", "training": "train"}.get(str(score.get("on")), "validation")
    return counted(int(score.get("rows") or 0), f"{kind} row")


def _onwards(ws: Workspace, run: Run, *, tested: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if run.result_version_id:
            state.link(
                "evaluate",
                "Evaluate the compiled program",
                icon=":material/checklist:",
                version=run.result_version_id,
                dataset=run.dataset_id,
                metric=run.metric_id,
                **({"split": "test"} if tested else {}),
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
