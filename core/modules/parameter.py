"""What an optimizer may tune and a state file holds: the mark that predictors and retrievers carry.

Knows nothing about either.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = ["Parameter"]


class Parameter:
    """Base of the leaves of a program."""

    is_predictor: ClassVar[bool] = False
    """True of those that ask a language model and can be given demos and instructions."""

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """Return what makes this leaf what it is, as JSON data."""
        raise TypeError(f"{type(self).__name__} must define dump_state.")

    def load_state(self, state: dict[str, Any], *, allow_unsafe_lm_state: bool = False) -> None:
        """Take over what `dump_state` gave."""
        raise TypeError(f"{type(self).__name__} must define load_state.")

    def reset(self) -> None:
        """Forget what was learned."""
