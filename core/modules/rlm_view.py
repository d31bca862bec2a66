"""What a model is shown of a Python session: its variables in short, and the steps so far.

Knows nothing about running code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.foundation.errors import ContextWindowExceededError
from core.modules.code_step import cut
from core.modules.sandbox.values import to_sandbox
from core.modules.trajectory import Trajectory
from core.wire.values import value_text

__all__ = ["ReplHistory", "described_variables"]

PREVIEW = 300
"""Characters of a variable that are shown."""


class ReplHistory(Trajectory):
    """The steps of a session: reasoning, code, output."""

    def __init__(self) -> None:
        super().__init__("repl_history")

    def record(self) -> list[dict[str, Any]]:
        """Return the steps as a list."""
        return list(self.steps)

    def text(self) -> str:
        """Return the steps that are shown."""
        if not self.steps:
            return "(no step yet)"
        return "\n\n".join(
            f"Step {index + 1}\nReasoning: {step['reasoning']}\nCode:\n```python\n{step['code']}\n```\n"
            f"Output ({len(step['output']):,} characters):\n{step['output']}"
            for index, step in list(enumerate(self.steps))[self.hidden :]
        )

    def shorten(self) -> None:
        """Leave out the oldest step that is shown."""
        if self.hidden >= len(self.steps) - 1:
            raise ContextWindowExceededError("There is no older step to leave out.")
        self.hidden += 1


def described_variables(signature: Any, values: Mapping[str, Any]) -> str:
    """Return a paragraph per variable: name, type in the session, size, how it begins."""
    return "\n\n".join(_described(signature.input_fields[name], value) for name, value in values.items())


def _described(field: Any, value: Any) -> str:
    inside = to_sandbox(value)
    text = value_text(inside)
    size = f"{len(text):,} characters"
    if isinstance(inside, (list, tuple, set, dict)):
        size = f"{len(inside):,} items, {size}"
    about = f", {field.desc}" if field.has_desc else ""
    preview = getattr(value, "rlm_preview", None)
    shown = preview(PREVIEW) if callable(preview) else cut(text, PREVIEW)
    return f"`{field.name}`: {type(inside).__name__}, {size}{about}. It begins:\n{shown}"
