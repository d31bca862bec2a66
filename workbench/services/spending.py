"""What a run has spent, and which of its caps that reached.

Knows nothing about how caps are held (`core.search.budget`), nor how they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.foundation.errors import ConfigurationError
from workbench.services.run_records import Run

__all__ = [
    "NEW_CAPS",
    "cap_text",
    "check_not_below_spent",
    "digits_of",
    "higher_caps",
    "reached_caps",
    "spent_by",
]

NEW_CAPS = {"calls": 100, "tokens": 100_000, "cost": 0.5, "seconds": 60}
"""What is proposed in the place of a cap of nothing."""

_RAISE = 2
_CLOSE = 0.7
"""Part of a cap from which on it counts as reached: something may be kept back for confirming the winner."""


def spent_by(run: Run, events: Sequence[Mapping[str, Any]] = ()) -> dict[str, float]:
    """Return what a run has spent, by the names of the caps.

    Args:
        run: The run.
        events: Its events; of one that did not end by itself they say more than the figures of its row.
    """
    result = run.result or {}
    known = [_of(result, float(result.get("seconds") or 0.0)) if result else {}, _progress(run)]
    known += [
        _of(event, float(event.get("elapsed") or 0.0)) for event in events if event.get("kind") == "spent"
    ]
    return {name: max(item.get(name, 0.0) for item in known) for name in NEW_CAPS}


def _of(spend: Mapping[str, Any], seconds: float) -> dict[str, float]:
    return {
        "calls": float(spend.get("calls") or 0),
        "tokens": float(spend.get("prompt_tokens") or 0) + float(spend.get("completion_tokens") or 0),
        "cost": float(spend.get("cost") or 0.0),
        "seconds": seconds,
    }


def _progress(run: Run) -> dict[str, float]:
    return {name: float(run.progress.get(name) or 0.0) for name in NEW_CAPS}


def reached_caps(run: Run) -> list[str]:
    """Return which caps ended a run, as far as its figures tell; also those of nothing."""
    used = spent_by(run)
    caps = run.settings.get("budget") or {}
    return [name for name, cap in caps.items() if cap is not None and used[name] >= _CLOSE * cap]


def higher_caps(run: Run) -> dict[str, float]:
    """Return caps to go on with, for those that ended the run: twice as much, or something instead of nothing."""
    caps = run.settings.get("budget") or {}
    over = {name: caps[name] for name in reached_caps(run)}
    own = (run.settings.get("params") or {}).get("max_calls")
    if not over and own and (run.result or {}).get("stop_code") == "budget":
        over = {"calls": own}  # the optimizer's own cap, which a budget takes the place of
    return {name: _RAISE * cap or NEW_CAPS[name] for name, cap in over.items()}


def check_not_below_spent(
    run: Run, budget: Mapping[str, float | None], events: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Refuse a lower cap than what a run has spent: it would throw away what was paid for.

    Raises:
        ConfigurationError: One is lower.
    """
    used, old = spent_by(run, events), run.settings.get("budget") or {}
    for name, cap in budget.items():
        before = old.get(name)
        if cap is not None and cap < used.get(name, 0.0) and (before is None or cap < before):
            raise ConfigurationError(
                f"The run has spent {cap_text(name, used[name])}, more than the new cap of {cap_text(name, cap)}.",
                hint="Nothing was changed. Give a cap above that to go on, or none.",
            )


def cap_text(name: str, value: float) -> str:
    """Return an amount of what a cap is on, in words: "60 calls", "$0.50", "90 seconds"."""
    digits = digits_of(name, value)
    return digits if name == "cost" else f"{digits} {name.removesuffix('s') if digits == '1' else name}"


def digits_of(name: str, value: float) -> str:
    """Return an amount of what a cap is on without its unit; dollars keep their sign."""
    if name == "cost":
        return f"${value:,.2f}" if value >= 0.1 or not value else f"${value:.2g}"
    return f"{value:,.0f}" if float(value).is_integer() or value >= 1000 else f"{value:,.1f}"
