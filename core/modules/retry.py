"""A second attempt of one predictor: its past outputs and what was wrong with them, as further inputs.

Knows nothing about who found the fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.modules.module import Module
from core.modules.overlay import Extension, Overlay, laid_over
from core.modules.parts import named_parts
from core.modules.predict import Predict
from core.signature import Field, InputField, SignatureMeta

__all__ = ["FEEDBACK", "Retry", "past_name", "retry_extension"]

FEEDBACK = "feedback"
_FEEDBACK_FIELD = InputField(
    prefix="Instructions:", desc="what the new outputs must satisfy, which the past ones did not"
)


def past_name(output: str) -> str:
    """Return the input under which a past output is shown."""
    return f"past_{output}"


def retry_extension(signature: SignatureMeta, past_outputs: Mapping[str, Any], feedback: str) -> Extension:
    """Return the inputs that a second attempt gets beside those of `signature`."""
    fields: list[tuple[str, Field]] = []
    values: dict[str, Any] = {}
    for name, field in signature.output_fields.items():
        shown = field.replace(
            role="input", prefix=f"Past {field.prefix}", desc="past output with errors", constraints={}
        )
        fields.append((past_name(name), shown))
        values[past_name(name)] = past_outputs.get(name)
    fields.append((FEEDBACK, _FEEDBACK_FIELD))
    return Extension(tuple(fields), {**values, FEEDBACK: feedback})


class Retry(Module):
    """A predictor, or a module with one, that can be told what was wrong with its last outputs.

        Retry(predictor)(question="…", past_outputs={"query": "…"}, feedback="The query is too long.")

    Called without `past_outputs` it is the module itself. Assertions need no wrapping: they reach predictors by
    themselves.

    Args:
        module: A `Predict`, or a module that holds exactly one.
    """

    def __init__(self, module: Module) -> None:
        super().__init__()
        self.module = module

    @property
    def _predictor(self) -> Any:
        return next((part for _, part in named_parts(self.module, Predict)), None)

    @property
    def original_signature(self) -> SignatureMeta:
        """The predictor's signature."""
        return self._predictor.signature

    @property
    def signature(self) -> SignatureMeta:
        """The same, under the name that predictors have for it."""
        return self.original_signature

    @property
    def new_signature(self) -> SignatureMeta:
        """The signature of a second attempt: `past_…` of every output and `feedback`."""
        return retry_extension(self.original_signature, {}, "").signature(self.original_signature)

    async def aforward(
        self, past_outputs: Mapping[str, Any] | None = None, feedback: str = "", **inputs: Any
    ) -> Any:
        """Ask again with what went wrong, or, without past outputs, for the first time."""
        if not past_outputs:
            return await self.module.acall(**inputs)
        extension = retry_extension(self.original_signature, past_outputs, feedback)
        with laid_over(Overlay(extensions={id(self._predictor): extension})):
            return await self.module.acall(**inputs)
