"""The optimizers there are, with what a form needs to know of each.

Knows nothing about how they search.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.services.parameters import Parameter, parameters_of

__all__ = ["OptimizerKind", "checked_params", "optimizer_kinds"]


@dataclass(frozen=True)
class OptimizerKind:
    """An optimizer that can be chosen, and its parameters."""

    name: str
    summary: str
    when: str
    """When to use it, in a sentence."""
    needs: str
    """What it needs beside a program, in a sentence."""
    scores: bool
    """Whether it scores candidates on the validation split."""
    parameters: list[Parameter]


def optimizer_kinds() -> list[OptimizerKind]:
    """Return all optimizers."""
    from core.optimizers.base import optimizers

    return [
        OptimizerKind(
            entry.name,
            entry.summary,
            entry.value.when,
            entry.value.needs,
            entry.value.scores,
            parameters_of(entry.value.Params),
        )
        for entry in optimizers.entries()
    ]


def checked_params(optimizer: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return an optimizer's parameters with defaults filled in.

    Raises:
        UnknownNameError: There is no such optimizer.
        OptimizerError: A parameter is unknown or does not fit.
    """
    from core.optimizers.base import optimizers

    return optimizers.get(optimizer).checked(params).model_dump(mode="json")
