"""A search put in front of a step: its passages come from a file or a text, and flow into one of the step's inputs.

Knows nothing about how passages are found, nor what draws the form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.foundation.errors import DataError

if TYPE_CHECKING:
    from workbench.services.columns import Table

__all__ = ["SEARCH", "passages_in", "passages_of_table", "with_search"]

SEARCH = "search"
"""What the step is called; another name where a field has this one."""

_COLUMNS = ("text", "passage", "long_text", "content", "body")
_PASSAGES = {"name": "passages", "type": "list[str]", "desc": "what a search found"}


def passages_in(text: str) -> list[str]:
    """Return the passages of a text: one a line."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def passages_of_table(table: Table) -> list[str]:
    """Return the passages in a table: its column of that name, or the one with the most text.

    Raises:
        DataError: There is none.
    """
    lengths = {name: sum(len(str(row.get(name) or "")) for row in table.rows) for name in table.columns}
    named = next((name for name in table.columns if name.strip().casefold() in _COLUMNS), None)
    column = named or max(lengths, key=lambda name: lengths[name], default="")
    found = [text for row in table.rows if (text := str(row.get(column) or "").strip())]
    if not found:
        raise DataError(
            "There are no passages in this file.", file=table.filename, hint="One a row, or one a line."
        )
    return found


def with_search(
    spec: Mapping[str, Any], kind: str, query: str, passages: Sequence[str], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a program of one step (as JSON data) with a search before it.

    Args:
        kind: A kind that fetches passages.
        query: The program's input that is searched with.
        options: Those of the search.

    What is found flows into the step's first list of texts, or into a new input `passages`.
    """
    (step,) = spec["steps"]
    signature = step["signature"]
    lists = [item["name"] for item in signature["inputs"] if _holds_texts(item) and item["name"] != query]
    into = lists[0] if lists else _PASSAGES["name"]
    if not lists:
        signature = {**signature, "inputs": [*signature["inputs"], dict(_PASSAGES)]}
    name = SEARCH if SEARCH not in [step["name"], *step["inputs"]] else f"{SEARCH}_step"
    search: dict[str, Any] = {"name": name, "kind": kind, "inputs": {"query": query}}
    if options:
        search["options"] = dict(options)
    asked = {**step, "signature": signature, "inputs": {**step["inputs"], into: f"{name}.passages"}}
    return {
        **spec,
        "inputs": [item for item in spec["inputs"] if item["name"] != into],
        "steps": [search, asked],
        "corpus": list(passages),
    }


def _holds_texts(field: Mapping[str, Any]) -> bool:
    return str(field.get("type", "str")).replace(" ", "") == "list[str]"
