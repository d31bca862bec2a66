"""A program as a card in a notebook: its predictors, what each takes and gives, what it has learned.

Knows nothing about running it.
"""

from __future__ import annotations

from typing import Any

from core.foundation import html

__all__ = ["module_html"]


def module_html(module: Any) -> str:
    """Return the card of a module."""
    rows = [
        (
            html.text(path),
            html.text(type(part).__name__),
            html.short(part.signature.signature),
            html.short(part.signature.instructions),
            str(len(part.demos)),
            html.text(getattr(part.lm, "model", "") or "as configured"),
        )
        for path, part in module.named_predictors()
    ]
    frozen = [name for name, part in module.named_sub_modules() if part._compiled and name != "self"]
    note = f"<div>{html.dim('frozen: ' + ', '.join(frozen))}</div>" if frozen else ""
    head = ("step", "kind", "signature", "instructions", "demos", "model")
    return html.card(
        type(module).__name__, html.table(head, rows) if rows else "<div>no predictors</div>", note
    )
