"""The two-step adapter: one model answers in free text, another takes the fields out of it.

Knows nothing about the text of the first request: `core.wire.two_step_layout`; the second is a chat request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.adapters.base import Adapter, adapters
from core.adapters.chat import ChatAdapter
from core.callbacks import reported
from core.foundation.drive import drive
from core.foundation.errors import AdapterParseError, ConfigurationError
from core.messages import LanguageModel, LMOutput
from core.settings import current
from core.signature import InputField, SignatureMeta
from core.trace import span
from core.wire.two_step_layout import TwoStepLayout

__all__ = ["TwoStepAdapter"]

_EXTRACT = (
    "The text answers a task. Give what it says for each output field; add nothing of your own.\n"
    "The task was: {instructions}"
)


@adapters.register(
    "two_step",
    summary="Free text from the model, its fields taken out by a second request",
    label="Two steps",
)
class TwoStepAdapter(Adapter):
    """Free text, then its fields: for models that reason well and format badly.

    Args:
        extraction_model: Takes the fields out of the text; None: the model that wrote it.
        **kwargs: As for `Adapter`; repair turns are those of the extraction.
    """

    layout = TwoStepLayout
    requests = 2

    def __init__(self, extraction_model: LanguageModel | None = None, **kwargs: Any) -> None:
        if extraction_model is not None and not hasattr(extraction_model, "respond"):
            raise ConfigurationError(
                f"The extraction model is a language model, not {extraction_model!r}.",
                hint='Make one: TwoStepAdapter(core.LM("openai/gpt-4o-mini")).',
            )
        super().__init__(**kwargs)
        self.extraction_model = extraction_model
        self._extractor = ChatAdapter(self.callbacks, repair_turns=self.repair_turns)

    async def acall(
        self,
        lm: LanguageModel,
        lm_kwargs: Mapping[str, Any],
        signature: SignatureMeta,
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """Ask for free text; return the fields of each completion.

        Raises:
            LMError: One of the models could not answer.
            AdapterParseError: The fields could not be taken out.
        """
        asked = {"signature": signature, "demos": demos, "inputs": inputs}
        with (
            reported("adapter_format", self, asked) as told,
            span("adapter.render", self.layout.name) as opened,
        ):
            messages = told.gives(self.format(signature, demos, inputs))
            if opened.recording:
                opened.set(demos=len(demos), messages=len(messages))
        response = await self.ask(lm, messages, lm_kwargs, signature)
        extractor = self.extraction_model or lm
        return [await self._extracted(extractor, signature, output) for output in response.outputs]

    def parse(self, signature: SignatureMeta, completion: str) -> dict[str, Any]:
        """Return the fields of a text, taken out by the extraction model (else the one in the settings).

        Raises:
            ConfigurationError: There is no model.
            AdapterParseError: They could not be taken out.
        """
        extractor = self.extraction_model or current().lm
        if extractor is None:
            raise ConfigurationError(
                "No model takes the fields out of the text.",
                hint="Give one: TwoStepAdapter(extraction_model).",
            )
        return drive(self._extracted(extractor, signature, LMOutput(completion)))

    async def _extracted(
        self, extractor: LanguageModel, signature: SignatureMeta, output: LMOutput
    ) -> dict[str, Any]:
        wanted = extraction_signature(signature)
        name = next(iter(wanted.input_fields))
        asked = {"signature": signature, "completion": output.text}
        with (
            reported("adapter_parse", self, asked) as told,
            span("adapter.parse", self.layout.name) as opened,
        ):
            if opened.recording:
                opened.set(raw=output.text)
            try:
                found = await self._extractor.acall(extractor, {}, wanted, [], {name: output.text or ""})
            except AdapterParseError as error:
                raise AdapterParseError(
                    type(self).__name__,
                    signature,
                    output.text or "",
                    message=f"the fields could not be taken out of it: {error.reason}",
                    parsed_result=error.parsed_result,
                    attempts=(output.text or "", *error.attempts),
                ) from error
            values = found[0] if found else {}
            return told.gives(values if output.logprobs is None else {**values, "logprobs": output.logprobs})


def extraction_signature(signature: SignatureMeta) -> SignatureMeta:
    """Return the signature of the second request: a text in, the outputs of the first out."""
    made = signature.made
    if "extraction" not in made:
        wanted = signature
        for name in signature.input_fields:
            wanted = wanted.delete(name)
        name = next(name for name in ("text", "reply", "text_") if name not in signature.output_fields)
        wanted = wanted.prepend(name, InputField(), str)
        made["extraction"] = wanted.with_instructions(
            _EXTRACT.replace("{instructions}", signature.instructions)
        )
    return made["extraction"]
