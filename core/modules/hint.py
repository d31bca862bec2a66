"""`ChainOfThoughtWithHint`: reasoning that may be helped by a hint.

Knows nothing about where hints come from; DSPy's module of 2024.
"""

from __future__ import annotations

from typing import Any

from core.modules.chain_of_thought import ChainOfThought
from core.modules.overlay import Extension, Overlay, laid_over
from core.signature import InputField

__all__ = ["ChainOfThoughtWithHint"]

_FIELD = InputField(desc="a hint for this task; use it without mentioning it")


class ChainOfThoughtWithHint(ChainOfThought):
    """`ChainOfThought` with one more input, `hint`, that a call may leave out.

    Args:
        signature: "question -> answer" or a Signature class; a field `hint` of its own is used as it is.
        config: As for `ChainOfThought`.
    """

    hinted = Extension((("hint", _FIELD),), {})
    """What a hint adds to a request."""

    async def aforward(self, hint: str | None = None, **inputs: Any) -> Any:
        """Ask, with the hint where there is one."""
        if not hint:
            return await super().aforward(**inputs)
        if "hint" in self.predict.signature.input_fields:
            return await super().aforward(hint=hint, **inputs)
        extension = Extension(self.hinted.fields, {"hint": hint})
        with laid_over(Overlay(extensions={id(self.predict): extension})):
            return await super().aforward(**inputs)
