"""The kinds of steps as a form offers them, each with its options.

Knows nothing about how a form is drawn, nor about single kinds: what is registered is offered.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.pipeline import step_kinds as registered
from workbench.services.parameters import Parameter, parameters_of

__all__ = ["KindChoice", "asking_kinds"]

_FIRST = ("predict", "chain_of_thought")


@dataclass(frozen=True)
class KindChoice:
    """One kind: its name, what a person calls it, when it serves, and its options."""

    name: str
    title: str
    summary: str
    parameters: tuple[Parameter, ...]


def asking_kinds() -> dict[str, KindChoice]:
    """Return the kinds that ask a model with a signature of the step's own, the plain ones first."""
    entries = [entry for entry in registered.entries() if entry.value.takes_signature]
    entries.sort(
        key=lambda entry: (_FIRST.index(entry.name) if entry.name in _FIRST else len(_FIRST), entry.name)
    )
    return {
        entry.name: KindChoice(
            entry.name,
            str(entry.meta.get("title", entry.name)),
            entry.summary,
            tuple(parameters_of(entry.value.options)),
        )
        for entry in entries
    }
