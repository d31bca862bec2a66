"""`History`: the turns of a conversation so far, as fields.

Knows nothing about adapters, which make messages of the turns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import pydantic

__all__ = ["History"]


class History(pydantic.BaseModel):
    """The turns so far, oldest first.

    Args:
        messages: One dict per turn: inputs and outputs by field name, e.g. {"question": …, "answer": …}.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)

    is_history_type: ClassVar[bool] = True

    messages: list[dict[str, Any]]

    def __init__(self, source: Any = None, /, **data: Any) -> None:
        super().__init__(**(data if source is None else {"messages": source, **data}))

    @pydantic.model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        return {"messages": list(value)} if isinstance(value, (list, tuple)) else value

    @pydantic.field_validator("messages", mode="before")
    @classmethod
    def _turns(cls, turns: Any) -> Any:
        """Take examples and predictions as turns too."""
        if not isinstance(turns, (list, tuple)):
            return turns
        return [
            dict(turn)
            if isinstance(turn, Mapping)
            else dict(turn.items())
            if hasattr(turn, "items")
            else turn
            for turn in turns
        ]

    def plus(self, **turn: Any) -> Self:
        """Return a history with one more turn; this one stays as it is."""
        return type(self)(messages=[*self.messages, turn])

    def __len__(self) -> int:
        return len(self.messages)
