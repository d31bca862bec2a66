"""`dsp.LM`: language models written for DSPy in 2024, with `basic_request` and `__call__(prompt, …)`.

Knows nothing about adapters. A subclass sets `self.provider`, `self.kwargs` and `self.history` and overrides
`basic_request`, or the call, or both; here it serves like every other language model.
"""

from __future__ import annotations

import asyncio
from typing import Any

from core.foundation.errors import LMConfigurationError, LMUnexpectedError
from core.foundation.threads import run_in_thread
from core.lm import BaseLM
from core.lm.legacy import response_of
from core.messages import LMOutput, LMRequest, LMResponse, Message, Usage

__all__ = ["LegacyLM"]


class LegacyLM(BaseLM):
    """The base class of 2024.

    Args:
        model: Name.
    """

    local = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._own_call = False  # `complete` asks it, with one prompt

    def __init__(self, model: str) -> None:
        super().__init__(model, temperature=0.0, cache=False)
        self.provider = "default"

    def basic_request(self, prompt: str, **kwargs: Any) -> Any:
        """Send one prompt and return the raw response; what subclasses override."""
        raise LMConfigurationError(
            f"{type(self).__name__} has no basic_request.",
            model=self.model,
            hint="Define `def basic_request(self, prompt, **kwargs)`.",
        )

    def request(self, prompt: str, **kwargs: Any) -> Any:
        """Same as `basic_request`."""
        return self.basic_request(prompt, **kwargs)

    async def complete(self, request: LMRequest) -> LMResponse:
        """Ask the subclass with the messages as one prompt; on a thread where an event loop is waiting."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._answered(request)
        return await run_in_thread(lambda: self._answered(request))

    def _answered(self, request: LMRequest) -> LMResponse:
        prompt = as_prompt(request.messages)
        own_call = type(self).__call__ is not LegacyLM.__call__
        given = self(prompt, **request.params) if own_call else self.basic_request(prompt, **request.params)
        if isinstance(given, str):
            given = [given]
        if isinstance(given, (list, tuple)):
            texts = [str(text) for text in given]
            words = Usage(len(prompt.split()), sum(len(text.split()) for text in texts))
            return LMResponse([LMOutput(text) for text in texts], words, model=self.model)
        try:
            return response_of(given, self.model)
        except LMUnexpectedError as error:
            raise LMUnexpectedError(
                f"{type(self).__name__} answered with {type(given).__name__}.",
                model=self.model,
                hint="Return a list of texts, or a response with `choices`.",
            ) from error


def as_prompt(messages: list[Message]) -> str:
    """Return messages as one text: what each says, the roles left out, blank lines between."""
    return "\n\n".join(str(message["content"]) for message in messages)
