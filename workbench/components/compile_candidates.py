"""The candidates of a search: scores in order, a table, who came from whom, and what one changes about the prompts.

Knows nothing about how optimizers search; it reads the run's events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.foundation.words import counted
from workbench.components import plots
from workbench.components.compile_examples import examples_view
from workbench.components.diff import text_diff, unified_lines
from workbench.components.errors import verbatim
from workbench.components.figures import percent, spaced
from workbench.services.run_records import Run
from workbench.services.workspace import Workspace

__all__ = ["candidates_of", "candidates_view", "interval_text", "lineage_of", "outcome_text"]

Event = Mapping[str, Any]
_LONG = 1_200
"""Characters from which instructions scroll in their place."""

_LOW, _TALL = 8, 480
"""Candidates from which the lineage scrolls in its place, and the pixels of that."""

_MOST_DRAWN = 40
"""Candidates in one picture of the lineage; of more, only the winner's line is drawn."""


def interval_text(ends: Any) -> str:
    """Return an interval of means in percent."""
    return f"{100 * ends[0]:.1f} to {100 * ends[1]:.1f}" if ends else "–"


_ENDED = {"running": "cut short", "waiting": "not scored by the search"}
"""What a state that should lead on is called when the search is over."""


def candidates_of(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return one record a candidate, in the order in which they were made, with what is known of its score."""
    found: dict[str, dict[str, Any]] = {}
    given: str | None = None
    for event in events:
        name = str(event.get("candidate"))
        if event["type"] == "candidate":
            found[name] = _new(event)
            if (event.get("notes") or {}).get("baseline"):
                given = name
            elif given and not found[name]["parents"]:
                found[name]["parents"] = [
                    given
                ]  # what names no other parent was made from the program as given
        elif name in found and event["type"] in ("row", "score", "dropped"):
            _fold(found[name], event)
    return list(found.values())


def _new(event: Event) -> dict[str, Any]:
    demos: Mapping[str, Mapping[str, int]] = event.get("demos") or {}
    notes: Mapping[str, Any] = event.get("notes") or {}
    changes: Mapping[str, Mapping[str, Any]] = event.get("state") or {}
    return {
        "id": event["candidate"],
        "label": event.get("label") or event["candidate"],
        "parents": list(event.get("parents") or ()),
        "given": bool(notes.get("baseline")),
        "examples": sum(sum(counts.values()) for counts in demos.values()),
        "demos": {path: change["demos"] for path, change in changes.items() if change.get("demos")},
        "instructions": {
            path: change["instructions"] for path, change in changes.items() if change.get("instructions")
        },
        "score": None,
        "full": False,
        "done": 0,
        "points": 0.0,
        "status": "waiting",
        "reason": "",
    }


def _fold(known: dict[str, Any], event: Event) -> None:
    if event["type"] == "row":
        known["done"] += 1
        known["points"] += float(event.get("score") or 0.0)
        if known["status"] != "dropped":
            known.update(rows=f"{known['done']} so far", status="running")
    elif event["type"] == "score":
        full = bool(event.get("full"))
        known.update(
            score=event.get("mean"),
            full=full,
            rows=f"{event.get('rows')} of {event.get('of')}",
            interval=interval_text(event.get("interval")),
            status="scored" if full else "part of the rows",
        )
    else:
        known.update(
            status="dropped",
            reason=spaced(event.get("reason") or ""),
            rows=f"{known['done']} run",
            full=False,
        )
        if known["done"]:  # the score of an earlier mini-batch is out of date
            known.update(score=known["points"] / known["done"], interval="")


def candidates_view(ws: Workspace, run: Run, events: Sequence[Event], given: Mapping[str, str]) -> None:
    """Draw them; the selected one, or else the winner, opens below.

    Args:
        given: The instructions of the program as it was given, by predictor path.
    """
    candidates = candidates_of(events)
    if not candidates:
        return
    if not run.active:
        for item in candidates:
            item["status"] = _ENDED.get(item["status"], item["status"])
    report: Mapping[str, Any] = ({} if run.active else run.result or {}).get("report") or {}
    scored = [item for item in candidates if item["score"] is not None]
    if scored:
        figure = plots.search_plot(scored, (report.get("baseline") or {}).get("mean"))
        plots.show(
            figure, key=f"search_{run.id}", alt="Scores of the candidates in order, with the best so far"
        )
    best = report.get("best")
    chosen = _table(run, candidates, best)
    index = chosen if chosen is not None else _position(candidates, best)
    if index is not None:
        with st.container(border=True):
            _details(candidates[index], given, winner=candidates[index]["id"] == best)
            name = f"{run.id}_{candidates[index]['id']}"
            examples_view(ws, run.dataset_id, name, candidates[index]["demos"])
    if any(item["parents"] for item in candidates):
        with (
            st.expander("Lineage: which candidate was made from which", icon=":material/account_tree:"),
            st.container(height=_TALL if len(candidates) > _LOW else "content", border=False),
        ):
            st.mermaid_chart(lineage_of(candidates, best), alt="Candidates, each with the ones it came from")


def _position(candidates: Sequence[Mapping[str, Any]], name: Any) -> int | None:
    return next((index for index, item in enumerate(candidates) if item["id"] == name), None)


def _table(run: Run, candidates: Sequence[Mapping[str, Any]], best: Any) -> int | None:
    """Draw one row a candidate and return which is selected."""
    event = st.dataframe(
        [
            {
                "id": item["id"],
                "candidate": item["label"],
                "from": ", ".join(item["parents"]),
                "score %": None if item["score"] is None else round(100 * item["score"], 2),
                "95 % interval": item.get("interval", ""),
                "rows": item.get("rows", ""),
                "examples in prompts": item["examples"],
                "outcome": outcome_text(item, winner=item["id"] == best),
            }
            for item in candidates
        ],
        hide_index=True,
        placeholder="",
        on_select="rerun",
        selection_mode="single-row",
        key=f"candidates_{run.id}",
        alt="Candidates of the search",
        column_config={
            "id": st.column_config.TextColumn("id", width=45),
            "candidate": st.column_config.TextColumn("candidate", width=190),
            "from": st.column_config.TextColumn("from", width=55, help="The candidates it was made from"),
            "score %": st.column_config.ProgressColumn(
                "score", min_value=0, max_value=100, format="%.1f %%", width=110
            ),
            "95 % interval": st.column_config.TextColumn("95 % interval", width=95),
            "rows": st.column_config.TextColumn("rows", width=70),
            "examples in prompts": st.column_config.NumberColumn(
                "examples", help="In the step's prompts", width=65
            ),
            "outcome": st.column_config.TextColumn(
                "outcome", width=380, help="Select a candidate to read all of it below."
            ),
        },
    )
    chosen = event.selection.rows
    return chosen[0] if chosen and chosen[0] < len(candidates) else None


def outcome_text(item: Mapping[str, Any], *, winner: bool = False) -> str:
    """Return what became of a candidate, and why."""
    said = f"{item['status']}: {item['reason']}" if item["reason"] else str(item["status"])
    return f"winner · {said}" if winner else said


def _details(item: Mapping[str, Any], given: Mapping[str, str], *, winner: bool) -> None:
    name = f"{'The winner ' if winner else ''}{verbatim(item['id'])}"
    if item["given"]:
        st.markdown(f"**{name} is the program as given**: nothing was changed.")
    else:
        st.markdown(f"**What {name[0].lower() + name[1:]} · {verbatim(item['label'])} changes**")
    if item["reason"]:
        st.caption(f":material/block: {item['status'].capitalize()}: {verbatim(item['reason'])}.")
    if item["given"]:
        return
    changed = {
        path: text
        for path, text in item["instructions"].items()
        if text.strip() != given.get(path, "").strip()
    }
    examples = f"{counted(item['examples'], 'example')} in its prompts" if item["examples"] else "no examples"
    if not changed:
        st.caption(f"The instructions are as given; {examples}.")
        return
    st.caption(f"Other instructions; {examples}. Select another candidate in the table to read its own.")
    longest = max(len(text) for text in changed.values())
    with st.container(height=360 if longest > _LONG else "content", border=False):
        for path, text in changed.items():
            if len(given) > 1:
                st.caption(f"Step {verbatim(path)}")
            text_diff(unified_lines(given.get(path, ""), text, before_name="as given", after_name=item["id"]))


def lineage_of(candidates: Sequence[Mapping[str, Any]], best: Any) -> str:
    """Return who came from whom in Mermaid's flowchart language; of a large family, the winner's line alone."""
    known = {item["id"]: item for item in candidates}
    shown = set(known) if len(known) <= _MOST_DRAWN else _line_of(known, best)
    lines = ["flowchart LR"]
    for number, item in enumerate(candidates):
        if item["id"] in shown:
            score = "" if item["score"] is None else f"<br/>{percent(item['score'])}"
            lines.append(f'  n{number}["{item["id"]}{score}"]')
            if item["id"] == best:
                lines.append(f"  style n{number} stroke-width:3px,stroke:#3451b2")
    numbers = {item["id"]: number for number, item in enumerate(candidates)}
    for item in candidates:
        lines += [
            f"  n{numbers[parent]} --> n{numbers[item['id']]}"
            for parent in item["parents"]
            if item["id"] in shown and parent in shown
        ]
    return "\n".join(lines)


def _line_of(known: Mapping[str, Mapping[str, Any]], name: Any) -> set[str]:
    """Return a candidate and everyone it came from."""
    found: set[str] = set()
    waiting = [str(name)]
    while waiting:
        one = waiting.pop()
        if one in known and one not in found:
            found.add(one)
            waiting += known[one]["parents"]
    return found
