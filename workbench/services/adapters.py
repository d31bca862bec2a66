"""The adapters to choose from: how the messages of a run are written and its replies read.

Knows nothing about what they write; the engine's registry is the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.foundation.errors import ConfigurationError

__all__ = ["DEFAULT_ADAPTER", "AdapterKind", "adapter_kinds", "check_adapter", "requests_per_call"]

DEFAULT_ADAPTER = "chat"
_FIRST = ("chat", "json", "xml")


@dataclass(frozen=True)
class AdapterKind:
    """One adapter, for a form.

    Attributes:
        label: As a form shows it.
        summary: What it does, in one line.
    """

    name: str
    label: str
    summary: str


def adapter_kinds() -> list[AdapterKind]:
    """Return all adapters, the usual ones first."""
    from core.adapters.base import adapters

    kinds = [
        AdapterKind(entry.name, str(entry.meta.get("label") or entry.name), entry.summary)
        for entry in adapters.entries()
    ]
    return sorted(kinds, key=lambda kind: (kind.name not in _FIRST, kind.name))


def check_adapter(name: str) -> None:
    """Refuse a name that no adapter has.

    Raises:
        ConfigurationError: There is none; the hint names them all.
    """
    names = [kind.name for kind in adapter_kinds()]
    if name not in names:
        raise ConfigurationError(f"There is no adapter '{name}' here.", hint=f"Choose {' or '.join(names)}.")


def requests_per_call(name: str) -> int:
    """Return how many requests one call of a step sends: two where a second one takes the fields out of a text."""
    from core.adapters.base import adapters

    return adapters.get(name).requests
