"""Where a value comes from: a program input ("question") or a step's output ("hop1.passages").

Knows nothing about kinds of steps. Several sources for one list are joined, each item once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.foundation.fingerprint import canonical_json
from core.pipeline.spec import Sources

__all__ = ["merge_lists", "resolve", "sources_of", "split_source"]


def sources_of(given: Sources) -> tuple[str, ...]:
    """Return the sources of a mapping, one or several, as a tuple."""
    return (given,) if isinstance(given, str) else given


def split_source(source: str) -> tuple[str, str]:
    """Return (step, field); the step is "" for a program input."""
    step, dot, field = source.partition(".")
    return (step, field) if dot else ("", step)


def resolve(given: Sources, inputs: Mapping[str, Any], steps: Mapping[str, Any]) -> Any:
    """Return the value that flows from `given`.

    Args:
        inputs: The program's inputs by name.
        steps: The prediction of each finished step by name.
    """
    if isinstance(given, str):
        step, field = split_source(given)
        return steps[step][field] if step else inputs[field]
    return merge_lists(*(resolve(source, inputs, steps) for source in given))


def merge_lists(*parts: Any) -> list[Any]:
    """Return the items of several lists in order, each once; what is not a list counts as one item, None as none."""
    merged: dict[str, Any] = {}
    for part in parts:
        for item in _items(part):
            merged.setdefault(canonical_json(item), item)
    return list(merged.values())


def _items(part: Any) -> Iterable[Any]:
    if part is None:
        return ()
    return part if isinstance(part, (list, tuple, set, frozenset)) else (part,)
