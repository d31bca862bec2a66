"""A signature as a card in a notebook: its instructions and a table of its fields.

Knows nothing about notebooks: these show classes through a formatter, registered where one is running.
"""

from __future__ import annotations

import sys
from typing import Any

from core.foundation import html

__all__ = ["show_in_notebooks", "signature_html"]


def signature_html(signature: Any) -> str:
    """Return the card of a signature class."""
    rows = [
        (
            html.text(field.role),
            f"<b>{html.text(name)}</b>",
            html.short(field.type_name),
            html.short(field.desc if field.has_desc else ""),
            html.text(", ".join(f"{key} {value}" for key, value in field.constraints.items())),
        )
        for name, field in signature.fields.items()
    ]
    head = ("", "field", "type", "description", "constraints")
    return html.card(signature.__name__, html.block(signature.instructions), html.table(head, rows))


def show_in_notebooks() -> None:
    """Let a running IPython show signatures: it asks no class for its HTML, so it is told of theirs."""
    ipython = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        formatter = shell.display_formatter.formatters["text/html"]
        formatter.for_type_by_name("core.signature.signature", "SignatureMeta", signature_html)
