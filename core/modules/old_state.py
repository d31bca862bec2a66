"""State files of 2024: read as if they had been written today.

Knows nothing about files. Until version 2.5 DSPy wrote instructions and the last prefix beside one another
(`signature_instructions`, `signature_prefix`), a chain of thought was one leaf with a second, `extended_` signature,
and its reasoning was called `rationale`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["modernised"]

_STEP = "predict"


def modernised(state: Mapping[str, Any], leaves: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return the state under today's names, as far as it speaks of `leaves`; today's states pass through.

    Args:
        state: {path: state of the leaf}, of any year.
        leaves: (path, leaf) of the program that it is meant for.
    """
    made = dict(state)
    for path, leaf in leaves:
        entry = made.get(path)
        if entry is None:
            entry = made.get(_before_nesting(path))
            if not _is_old(entry):
                continue
        if isinstance(entry, Mapping) and hasattr(leaf, "signature"):
            made[path] = _leaf_state(entry, leaf)
    return made


def _before_nesting(path: str) -> str:
    """The name that a chain of thought had when it was a leaf itself."""
    return path.removesuffix(_STEP).removesuffix(".") or "self" if path.endswith(_STEP) else ""


def _is_old(entry: Any) -> bool:
    return isinstance(entry, Mapping) and any(
        name in entry
        for name in ("signature_instructions", "extended_signature", "extended_signature_instructions")
    )


def _leaf_state(entry: Mapping[str, Any], leaf: Any) -> dict[str, Any]:
    made = dict(entry)
    if _is_old(entry):
        made["signature"] = _signature_state(entry, leaf.signature)
        made.setdefault("lm", None)
    if "reasoning" in leaf.signature.output_fields and isinstance(made.get("demos"), list):
        made["demos"] = [_demo(demo) for demo in made["demos"]]
    return made


def _signature_state(entry: Mapping[str, Any], signature: Any) -> Any:
    whole = entry.get("extended_signature") or entry.get("signature")
    if isinstance(whole, Mapping):
        return whole
    now = signature.dump_state()
    for prefix in ("extended_signature", "signature"):
        if isinstance(entry.get(f"{prefix}_instructions"), str):
            now["instructions"] = entry[f"{prefix}_instructions"]
            last = entry.get(f"{prefix}_prefix")
            if isinstance(last, str) and now["fields"]:
                now["fields"][-1] = {**now["fields"][-1], "prefix": last}
            break
    return now


def _demo(demo: Any) -> Any:
    if isinstance(demo, Mapping) and "rationale" in demo and "reasoning" not in demo:
        return {("reasoning" if name == "rationale" else name): value for name, value in demo.items()}
    return demo
