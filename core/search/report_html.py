"""A compile's report as one page of HTML: the verdict, the lineage with what each candidate changed, the traces.

Knows nothing about searching. Self-contained and escaped; no scripts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Protocol

from core.foundation.html import block, card, details, dim, short, table, writable
from core.search.lineage import tree
from core.search.records import AttemptRecord, CandidateReport, Confirmation, ScoreReport, cost_text

__all__ = ["brief_html", "page_html", "report_html"]

MOST_SHOWN = 200
"""Candidates, and attempts, on one page; the report's `to_dict()` holds all."""


class Report(Protocol):
    """What the page needs of a report; see `core.search.result.CompileReport`."""

    # Read-only members: the report is frozen.
    @property
    def optimizer(self) -> str: ...
    @property
    def best(self) -> str | None: ...
    @property
    def params(self) -> dict[str, Any]: ...
    @property
    def score(self) -> ScoreReport | None: ...
    @property
    def baseline(self) -> ScoreReport | None: ...
    @property
    def confirmation(self) -> Confirmation | None: ...
    @property
    def winner(self) -> CandidateReport | None: ...
    @property
    def candidates(self) -> tuple[CandidateReport, ...]: ...
    @property
    def attempts(self) -> tuple[AttemptRecord, ...]: ...
    @property
    def kept(self) -> tuple[AttemptRecord, ...]: ...
    @property
    def rejected(self) -> tuple[AttemptRecord, ...]: ...
    @property
    def spend_by_purpose(self) -> dict[str, dict[str, float]]: ...
    def summary(self) -> str: ...
    def diff(self, candidate: str, since: str | None = None) -> dict[str, str]: ...


def page_html(report: Report, more: str = "") -> str:
    """Return the whole page.

    Args:
        more: HTML to stand after the report.
    """
    title = escape(f"{report.optimizer}: compile report")
    return writable(
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body>{report_html(report)}{more}</body></html>"
    )


def report_html(report: Report) -> str:
    """Return everything, to be put into a page."""
    return card(
        f"{report.optimizer}: compile report",
        _lines(report.summary().splitlines()),
        _scores(report),
        _winner(report),
        details("Candidates by lineage", _lineage(report), open_=True),
        _traces(report),
        _costs(report),
        details("Parameters", block("\n".join(f"{k} = {v!r}" for k, v in report.params.items()))),
    )


def brief_html(report: Report) -> str:
    """Return what a notebook shows."""
    return card(
        f"{report.optimizer}: compile report",
        _lines(report.summary().splitlines()),
        _winner(report),
        details("Candidates by lineage", _lineage(report)),
    )


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _scores(report: Report) -> str:
    rows = [
        ("winner, on the rows that chose it", report.score),
        ("program as given, same rows", report.baseline),
    ]
    if report.confirmation is not None:
        rows.append(("winner, on rows that chose nothing", report.confirmation.score))
        rows.append(("program as given, same rows", report.confirmation.given))
    cells = [(escape(name), *_score_cells(score)) for name, score in rows if score is not None]
    return table(("score of", "mean", "95 % interval", "rows"), cells)


def _score_cells(score: ScoreReport) -> tuple[str, str, str]:
    low, high = score.interval
    mean = "none" if score.mean is None else f"{score.mean:.1%}"
    rows = f"{score.rows} of {score.of}, {score.on}{f', {score.without}' if score.unscored else ''}"
    return mean, f"{low:.1%} to {high:.1%}", escape(rows)


def _winner(report: Report) -> str:
    winner = report.winner
    if winner is None:
        return ""
    changes = report.diff(winner.id, since="")
    inside = "".join(f"<p>{escape(path)}</p>{block(text)}" for path, text in changes.items())
    return details(f"What the winner ({escape(winner.id)}) changed", inside or dim("nothing"), open_=True)


def _lineage(report: Report) -> str:
    nodes = list(tree(report.candidates))
    head = ("candidate", "fate", "full score", "on part of the rows", "calls", "change against its parent")
    rows = [_candidate(report, depth, candidate) for depth, candidate in nodes[:MOST_SHOWN]]
    rest = len(nodes) - MOST_SHOWN
    return table(head, rows) + (dim(f"and {rest} more") if rest > 0 else "")


def _candidate(report: Report, depth: int, candidate: CandidateReport) -> tuple[str, ...]:
    indent = "&nbsp;" * 4 * depth + ("└ " if depth else "")
    others = f" (also from {', '.join(candidate.parents[1:])})" if len(candidate.parents) > 1 else ""
    name = f"{indent}<b>{escape(candidate.id)}</b> {short(candidate.label)}{escape(others)}"
    best = " ★" if candidate.id == report.best else ""
    fate = f"{escape(candidate.status)}{best}" + (f"<br>{dim(candidate.reason)}" if candidate.reason else "")
    score = candidate.score
    full, part = ("", "")
    if score is not None and score.mean is not None:
        low, high = score.interval
        text = f"{score.mean:.1%} ({low:.1%} to {high:.1%}){f', {score.without}' if score.unscored else ''}"
        full, part = (text, "") if score.full else ("", f"{text} on {score.rows} of {score.of}")
    calls = f"{int(candidate.spend.get('calls', 0)):,}"
    if calls == "0" and score is not None and score.rows:
        calls = "0: its answers were known"
    changes = report.diff(candidate.id)
    shown = "".join(details(escape(path), block(text)) for path, text in changes.items())
    return name, fate, full, part, calls, shown


def _traces(report: Report) -> str:
    rejected: Sequence[tuple[str, ...]] = [
        (
            escape(one.row),
            escape(one.purpose),
            "" if one.score is None else f"{one.score:.2f}",
            short(one.why),
        )
        for one in report.rejected[:MOST_SHOWN]
    ]
    if not report.attempts:
        return ""
    inside = table(("row", "for", "score", "why its trace was not kept"), rejected) if rejected else ""
    return details(f"Traces: {len(report.kept)} kept, {len(report.rejected)} rejected", inside)


def _costs(report: Report) -> str:
    rows = [
        (
            escape(purpose),
            f"{int(spend.get('calls', 0)):,}",
            f"{int(spend.get('prompt_tokens', 0) + spend.get('completion_tokens', 0)):,}",
            cost_text(spend),
        )
        for purpose, spend in report.spend_by_purpose.items()
    ]
    return details("Cost", table(("for", "calls", "tokens", "US dollars"), rows)) if rows else ""
