"""Runs as a table, and the words for what state they are in.

Knows nothing about how runs are carried out.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import streamlit as st

from core.foundation.words import are, counted
from workbench.components.table import data_table
from workbench.services.run_records import Run

__all__ = ["address_of", "latest_score", "run_names", "run_row_of", "run_table", "score_text", "status_badge"]

_COLOURS = {
    "queued": "gray",
    "running": "blue",
    "stopping": "orange",
    "stopped": "orange",
    "done": "green",
    "failed": "red",
    "interrupted": "red",
}


def status_badge(run: Run) -> None:
    """Draw the state of a run."""
    st.badge(run.status, color=_COLOURS.get(run.status, "gray"))  # type: ignore[arg-type]


def address_of(run: Run) -> tuple[str, dict[str, str]]:
    """Return the page that shows a run, and what its address then names."""
    if run.kind == "ablation":
        return "compile", {"run": str(run.settings.get("compile")), "ablation": run.id}
    return run.kind, {"run": run.id}


def score_text(run: Run) -> str:
    """Return the score with its 95 % interval, or a dash."""
    if run.score is None:
        return "–"
    interval = run.interval
    return f"{run.score:.1f} %" + (f" ({interval[0]:.1f} to {interval[1]:.1f})" if interval else "")


def run_row_of(run: Run) -> dict[str, Any]:
    """Return a run as a row of a table."""
    result = run.result or {}
    return {
        "name": run.name,
        "kind": run.kind,
        "status": run.status,
        "score %": run.score,
        "95 % interval": score_text(run).partition(" (")[2].rstrip(")"),
        "rows": "train, validation" if run.kind == "compile" else run.split,
        "started": datetime.datetime.fromtimestamp(run.created).strftime("%Y-%m-%d %H:%M"),
        "seconds": None if run.seconds is None else round(run.seconds, 1),
        "calls": result.get("calls"),
        "cost $": result.get("cost"),
        "model": run.model,
        "id": run.id,
    }


def latest_score(runs: Sequence[Run]) -> tuple[float | None, float | None]:
    """Return the newest evaluation's score, and its distance from the first of the same rows and metric.

    Args:
        runs: Newest first.
    """
    scored = [
        run for run in runs if run.kind == "evaluate" and run.status == "done" and run.score is not None
    ]
    if not scored:
        return None, None
    newest = scored[0]
    alike = [run for run in scored if _measured(run) == _measured(newest)]
    return newest.score, (newest.score or 0.0) - (alike[-1].score or 0.0) if len(alike) > 1 else None


def _measured(run: Run) -> tuple[str, str, str, object]:
    return run.dataset_id, run.split, run.metric_id, run.settings.get("limit")


def run_names(runs: Sequence[Run]) -> dict[str, str]:
    """Return {id: a text that tells the run from the others}, in the order given."""
    plain = [run.name for run in runs]
    made: dict[str, str] = {}
    for run in runs:
        score = run.status if run.score is None else f"{run.score:.1f} %"
        when = datetime.datetime.fromtimestamp(run.created).strftime(" · %d %b %H:%M:%S")
        made[run.id] = f"{run.name} · {score}{when if plain.count(run.name) > 1 else ''}"
    return made


def filtered_out(number: int) -> str:
    """Return how many runs the filters leave out."""
    return f"{counted(number, 'run')} of other tasks or kinds or in the archive {are(number)} not shown."


def run_table(runs: Sequence[Run], *, key: str, selectable: bool = False, tools: bool = True) -> str | None:
    """Draw runs as a table; return the id of the selected one, if one is."""
    chosen = data_table(
        [run_row_of(run) for run in runs],
        key=key,
        name="runs",
        hidden=("id",) if tools else ("id", "rows", "model", "cost $"),
        selectable=selectable,
        tools=tools,
        columns={
            "name": st.column_config.TextColumn("name", width=290),
            "score %": st.column_config.ProgressColumn(
                "score", min_value=0, max_value=100, format="%.1f %%", width=130
            ),
            "status": st.column_config.TextColumn("status", width=85),
            "seconds": st.column_config.NumberColumn("seconds", format="%.1f"),
            "calls": st.column_config.NumberColumn("calls", format="localized"),
            "cost $": st.column_config.NumberColumn("cost $", format="%.4f"),
        },
    )
    return None if chosen is None else str(chosen["id"])
