"""A compile as it goes and as it went: candidates, budget, events, and what came out.

Knows nothing about how optimizers search; it reads the run's events, so a reload or a second tab shows the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.foundation.errors import WorkbenchError
from workbench.components.ablation_view import ablation_section
from workbench.components.budget import budget_bars, go_on_form
from workbench.components.compile_candidates import candidates_view
from workbench.components.compile_log import asks_view, log_view
from workbench.components.compile_outcome import outcome_view
from workbench.components.compile_search import search_text
from workbench.components.errors import readable_errors, verbatim
from workbench.components.figures import figure, figures, gain
from workbench.components.run_head import poll_every, run_head
from workbench.components.table import data_table
from workbench.services import previews, runs, tasks
from workbench.services.optimizers import optimizer_kinds, optimizer_title
from workbench.services.parameters import in_words
from workbench.services.run_records import Run
from workbench.services.spending import spent_by
from workbench.services.workspace import Workspace

__all__ = ["changed_params", "compile_view"]

Event = Mapping[str, Any]


def compile_view(ws: Workspace, run: Run) -> None:
    """Draw one compile; while it runs, everything is fresh every second.

    Args:
        run: As the rest of the page has it: once its state is another, the whole page is drawn anew.
    """
    run_id = run.id
    given = _given(ws, run.version_id)

    @st.fragment(run_every=poll_every(run), key=f"compile_{run_id}")
    def live() -> None:
        with readable_errors():
            now = runs.get_run(ws, run_id)
            run_head(ws, now)
            events = _events(ws, run_id)
            _settings(now)
            spent = spent_by(now)
            if now.active or not now.result:  # what a run that goes on left before is out of date
                figures_so_far(now, spent)
            else:
                outcome_view(ws, now)
            budget_bars(now, spent)
            go_on_form(ws, now)
            ablation_section(ws, now)
            candidates_view(ws, now, events, given)
            _attempts((now.result or {}).get("report") or {})
            asks_view(events, run_id)
            log_view(events)
            if now.status != run.status:
                st.rerun()  # what stands outside names the run's state, too

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


def _settings(run: Run) -> None:
    """Draw in a line what was asked for beyond the usual."""
    kept, title = run.settings, optimizer_title(str(run.settings.get("optimizer", "")))
    parts = [f"**{verbatim(title)}**", f"seed {kept.get('seed', 0)}"]
    changed = changed_params(str(kept.get("optimizer", "")), kept.get("params") or {})
    parts += [f"{label}: {'not set' if value is None else value}" for label, value in changed.items()]
    parts += [f"{label}: {kept[name]}" for name, label in _MODELS.items() if kept.get(name)]
    parts += [f"{kept['adapter']} adapter"] if kept.get("adapter", "chat") != "chat" else []
    parts += search_text(kept)
    shown = [parts[0], *map(verbatim, parts[1:])]
    st.caption(f":material/tune: {' · '.join(shown)}")


_MODELS = {"prompt_model": "prompt model", "teacher_model": "teacher model"}


def changed_params(optimizer: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that are not the optimizer's defaults, by the labels that its form has for them."""
    kind = next((kind for kind in optimizer_kinds() if kind.name == optimizer), None)
    known = {item.name: item for item in kind.parameters} if kind else {}
    return {
        known[name].label if name in known else in_words(name): value
        for name, value in params.items()
        if name not in known or value != known[name].default
    }


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


def figures_so_far(run: Run, spent: Mapping[str, float]) -> None:
    """Draw what is known while the search goes on, or where it was cut short."""
    progress = run.progress
    best, before = progress.get("score"), progress.get("baseline")
    if run.status == "queued" and not progress:
        return
    change = None if best is None or before is None else (best - before) / 100
    with figures(4):
        figure(
            "Best so far",
            "–" if best is None else f"{best:.1f} %",
            gain(change),
            change=True,
        )
        figure("Before", "–" if before is None else f"{before:.1f} %")
        figure("Candidates", progress.get("candidates") or 0)
        figure("Calls so far", f"{int(spent.get('calls', 0)):,}")
