"""A second attempt of one predictor: its past outputs and what was wrong with them, as further inputs.

Knows nothing about who found the fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.foundation.errors import ConfigurationError
from core.modules.module import Module
from core.modules.overlay import Overlay, laid_over
from core.modules.parts import named_parts
from core.modules.past_outputs import FEEDBACK, past_name, retry_extension
from core.modules.predict import Predict
from core.signature import SignatureMeta

__all__ = ["FEEDBACK", "Retry", "past_name", "retry_extension"]


class Retry(Predict):
    """A predictor that can be told what was wrong with its last outputs; it takes the place of another one.

        Retry(predictor)(question="…", past_outputs={"query": "…"}, feedback="The query is too long.")

    Called without `past_outputs` it is the predictor itself. Assertions need no wrapping, as they reach predictors by
    themselves; `program.map_named_predictors(Retry)`, as DSPy's pages of 2024 have it, changes nothing for them.

    Args:
        module: A `Predict`, or a module that holds one; signature, demos, model and settings are taken over.

    Raises:
        ConfigurationError: It holds no predictor.
    """

    def __init__(self, module: Module) -> None:
        predictor = next((part for _, part in named_parts(module, Predict)), None)
        if predictor is None:
            raise ConfigurationError(
                f"A {type(module).__name__} holds no predictor to try again.", hint="Give a Predict."
            )
        super().__init__(predictor.signature, predictor.callbacks, **predictor.config)
        self.demos, self.lm = predictor.demos, predictor.lm

    @property
    def original_signature(self) -> SignatureMeta:
        """The signature of a first attempt."""
        return self.signature

    @property
    def new_signature(self) -> SignatureMeta:
        """The signature of a second attempt: `past_…` of every output and `feedback`."""
        return retry_extension(self.signature, {}, "").signature(self.signature)

    async def aforward(
        self, past_outputs: Mapping[str, Any] | None = None, feedback: str = "", **inputs: Any
    ) -> Any:
        """Ask again with what went wrong, or, without past outputs, for the first time."""
        if "feedback" in self.signature.input_fields:
            inputs["feedback"] = feedback
        if not past_outputs:
            return await super().aforward(**inputs)
        extension = retry_extension(self.signature, past_outputs, feedback)
        with laid_over(Overlay(extensions={id(self): extension})):
            return await super().aforward(**inputs)
