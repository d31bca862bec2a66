"""An evaluation's result as a card in a notebook: the mean with its interval, what did not count, the first rows.

Knows nothing about how rows were run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from core.evaluate.row import Row
from core.foundation import html
from core.foundation.words import counted

__all__ = ["result_html"]

SHOWN_ROWS = 20


def result_html(result: Any) -> str:
    """Return the card of an `EvaluationResult`."""
    low, high = result.interval
    tokens = result.usage
    facts = [
        f"{result.metric_name}: {result.score} % (95 % interval {100 * low:.1f} to {100 * high:.1f})",
        f"{counted(len(result.rows), 'row')}, {tokens.prompt_tokens} + {tokens.completion_tokens} tokens",
    ]
    warnings = "".join(f'<div class="wb-bad">{html.text(flag)}</div>' for flag in result.flags)
    shown = [_cells(row) for row in result.rows[:SHOWN_ROWS]]
    rest = len(result.rows) - len(shown)
    more = html.dim(f"… and {rest} more rows") if rest > 0 else ""
    table = html.table(("", "inputs", "labels", "outputs", "score"), shown)
    return html.card(
        "Evaluation", *(f"<div>{html.text(fact)}</div>" for fact in facts), warnings, table, more
    )


def _cells(row: Row) -> Iterator[str]:
    yield str(row.index)
    yield from (_fields(values) for values in (row.inputs, row.labels, row.outputs))
    score = (
        f"{row.score:g}" if row.score is not None else f'<span class="wb-bad">{html.text(row.outcome)}</span>'
    )
    yield score + (f"<br>{html.short(row.feedback)}" if row.feedback else "")


def _fields(values: object) -> str:
    if not isinstance(values, dict):
        return html.short(values) if values is not None else ""
    return "<br>".join(f"{html.dim(name)} {html.short(value)}" for name, value in values.items())
