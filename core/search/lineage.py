"""Where candidates come from and what each changed: the lineage as a tree, and prompts as unified diffs.

Knows nothing about scores' meaning or how candidates are made. States are those of `core.search.candidate`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from core.foundation.fingerprint import canonical_json

__all__ = ["Node", "prompt_diff", "prompt_lines", "tree"]

LONGEST_LINE = 200
"""Characters of a demo in a diff."""


class Node(Protocol):
    """What a tree needs of a candidate."""

    @property
    def id(self) -> str:
        """Its name."""
        ...

    @property
    def parents(self) -> tuple[str, ...]:
        """What it was made from; the first counts."""
        ...


def tree(candidates: Sequence[Node]) -> Iterator[tuple[int, Any]]:
    """Yield (depth, candidate), each below the first of its parents, in order of proposal."""
    known = {candidate.id for candidate in candidates}
    children: dict[str | None, list[Any]] = {}
    for candidate in candidates:
        parent = next((name for name in candidate.parents if name in known and name != candidate.id), None)
        children.setdefault(parent, []).append(candidate)
    waiting = [(0, candidate) for candidate in reversed(children.get(None, ()))]
    while waiting:
        depth, candidate = waiting.pop()
        yield depth, candidate
        waiting.extend((depth + 1, child) for child in reversed(children.pop(candidate.id, [])))


def prompt_lines(part: Mapping[str, Any], texts: Mapping[str, str] | None = None) -> list[str]:
    """Return what one step's prompt says as lines: its instructions, then a line a demo.

    Args:
        texts: What labelled demos say, by row.
    """
    demos = [_demo(demo, texts or {}) for demo in part.get("demos") or ()]
    return [*str(part.get("instructions") or "").splitlines(), *demos]


def prompt_diff(
    given: Mapping[str, Mapping[str, Any]],
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    texts: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return {step: unified diff} of two states; steps that are alike are left out.

    Args:
        given: Instructions and demos of the program as given: what a state leaves as it is.
        texts: What labelled demos say, by row; without it they are named only.
    """
    found: dict[str, str] = {}
    for path, own in given.items():
        old = prompt_lines({**own, **_said(before.get(path, {}))}, texts)
        new = prompt_lines({**own, **_said(after.get(path, {}))}, texts)
        lines = list(difflib.unified_diff(old, new, "before", "after", lineterm="", n=2))
        if lines:
            found[path] = "\n".join(lines)
    return found


def _said(part: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a state changes; None changes nothing."""
    return {name: value for name, value in part.items() if value is not None}


def _demo(demo: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    row, values = "" if "own" in demo else str(demo.get("row", "")), demo.get("values")
    said = texts.get(row, "") if values is None else canonical_json(values)
    name = f"demo {row}".strip()
    text = f"{name}: {said}" if said else name
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]}…"
