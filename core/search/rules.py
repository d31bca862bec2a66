"""How a run log names a racing rule, and the rule that a log names.

Knows nothing about races. Which candidates a search drops is part of what it found, so a log says by which rule, with
its settings, and a resumed search goes on under that one, also where the default has become another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from core.search.fingerprints import of_callable
from core.search.halving import SuccessiveHalving
from core.search.racing import Curtailed, PairedBetting, RacingRule

__all__ = ["UNNAMED", "rule_for_log", "rule_name"]

UNNAMED = True
"""What logs of earlier versions say of the default rule, whichever it was then."""

_OURS: tuple[type[RacingRule], ...] = (SuccessiveHalving, PairedBetting, Curtailed)


def rule_name(rule: RacingRule | None) -> str | bool:
    """Return what a log calls a rule: its class with all that it decides by; one of the caller's own is known by its
    code too. No rule is False.
    """
    if rule is None:
        return False
    settings = {field.name: getattr(rule, field.name) for field in fields(rule)} if is_dataclass(rule) else {}
    settings = {name: value for name, value in settings.items() if value is not None}
    settings |= {"wave": rule.wave} if rule.wave is not None else {}
    settings |= {"stratified": True} if rule.stratified else {}
    said = ", ".join(f"{name}={value!r}" for name, value in settings.items())
    name = type(rule).__qualname__ + (f"({said})" if settings else "")
    return name if type(rule) in _OURS else f"{name} {of_callable(rule)}"


def rule_for_log(
    asked: bool | RacingRule, rule: RacingRule | None, header: Mapping[str, Any] | None
) -> tuple[RacingRule | None, str | bool, str]:
    """Return the rule to search by, what to call it before the log, and what to say of it; empty: nothing.

    Args:
        asked: What the caller asked for: True is the default rule, or that of the log.
        rule: The rule that this is today.
        header: That of the log; None: it is a new one.
    """
    name = rule_name(rule)
    if header is None:
        return rule, name, ""
    logged = (header.get("params") or {}).get("racing")
    if logged is UNNAMED and rule is not None and (asked is True or rule == SuccessiveHalving()):
        said = (
            f"The run log was started by an earlier version, which did not say by which rule candidates are dropped. "
            f"It goes on by {name}: what ran counts, and who is dropped may differ from then on."
        )
        return rule, UNNAMED, said
    known = _named(logged) if asked is True and logged != name else None
    if known is None:
        return rule, name, ""
    return (
        known,
        str(logged),
        f"The search goes on by the racing rule of its log, {logged}; today's is {name}.",
    )


def _named(name: Any) -> RacingRule | None:
    """Return the rule of that name; None: it is none of those here, or has settings that cannot be had any more."""
    kind = next((kind for kind in _OURS if str(name).partition("(")[0] == kind.__qualname__), None)
    if kind is None:
        return None
    said = str(name).partition("(")[2].removesuffix(")")
    given = dict(part.split("=", 1) for part in said.split(", ") if "=" in part)
    own = {field.name for field in fields(kind)} if is_dataclass(kind) else set[str]()
    try:
        made = kind(**{key: float(value) for key, value in given.items() if key in own})
    except (ValueError, TypeError):
        return None
    return made if rule_name(made) == name else None
