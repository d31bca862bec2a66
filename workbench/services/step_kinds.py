"""The kinds of steps as a form offers them, each with its options.

Knows nothing about how a form is drawn, nor about single kinds: what is registered is offered.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.foundation.registry import Entry
from core.pipeline import step_kinds as registered
from core.pipeline.kind import ModelOptions, StepKind
from workbench.services.parameters import Parameter, parameters_of

__all__ = ["KindChoice", "asking_kinds", "searching_kinds"]

_FIRST = ("predict", "chain_of_thought", "retrieve")
_GROUPS = ("Simple", "Lists", "Several attempts", "Agents and code")
_OTHERS = "Others"
_OF_ANY_REQUEST = frozenset(ModelOptions.model_fields)
"""Options that come after a kind's own."""


@dataclass(frozen=True)
class KindChoice:
    """One kind: its name, what a person calls it, what it is one of, when it serves, and its options."""

    name: str
    title: str
    group: str
    summary: str
    parameters: tuple[Parameter, ...]
    plain: bool
    """Whether its options are only those of every request to a model."""

    @property
    def label(self) -> str:
        """Group and title, for a list."""
        return f"{self.group} · {self.title}"


def asking_kinds() -> dict[str, KindChoice]:
    """Return the kinds that ask a model with a signature of the step's own, by group, the plain ones first."""
    return _choices([entry for entry in registered.entries() if entry.value.takes_signature])


def searching_kinds() -> dict[str, KindChoice]:
    """Return the kinds that fetch passages and ask no model."""
    found = [entry for entry in registered.entries() if entry.value.retrieves]
    return _choices([entry for entry in found if not entry.value.takes_signature])


def _choices(entries: list[Entry[type[StepKind]]]) -> dict[str, KindChoice]:
    entries.sort(key=_order)
    return {
        entry.name: KindChoice(
            entry.name,
            str(entry.meta.get("title", entry.name)),
            str(entry.meta.get("group", _OTHERS)),
            entry.summary,
            tuple(sorted(parameters_of(entry.value.options), key=lambda item: item.name in _OF_ANY_REQUEST)),
            entry.value.options is ModelOptions,
        )
        for entry in entries
    }


def _order(entry: Entry[type[StepKind]]) -> tuple[int, int, str]:
    group = str(entry.meta.get("group", _OTHERS))
    return (
        _GROUPS.index(group) if group in _GROUPS else len(_GROUPS),
        _FIRST.index(entry.name) if entry.name in _FIRST else len(_FIRST),
        str(entry.meta.get("title", entry.name)),
    )
