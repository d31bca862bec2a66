"""`FallbackLM`: several models in a row; the next one answers where the one before cannot.

Knows nothing about how each of them answers. Never silent: who answered, and why the others did not, is in the trace,
in the history and in counters.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Sequence
from typing import Any

from core.foundation.errors import (
    ContextWindowExceededError,
    LMBillingError,
    LMConfigurationError,
    LMError,
    LMRateLimitError,
    LMServerError,
    LMTimeoutError,
    LMTransportError,
    LMUnexpectedError,
    LMUnsupportedFeatureError,
    LMUnsupportedModelError,
)
from core.lm.base import BaseLM
from core.lm.history import Entry
from core.lm.tally import counting_calls
from core.messages import LMRequest, LMResponse, Message
from core.settings import current
from core.trace import emit, span

__all__ = ["HEALED", "FallbackLM"]

log = logging.getLogger(__name__)

HEALED: tuple[type[LMError], ...] = (
    LMTransportError,
    LMRateLimitError,
    LMTimeoutError,
    LMServerError,
    LMUnexpectedError,
    LMBillingError,
    LMUnsupportedModelError,
    LMUnsupportedFeatureError,
    ContextWindowExceededError,
)
"""What another model may heal. Not: a wrong key, a wrong request, a wrong configuration. Those are mistakes of whoever
set it up, and another model answering in their place would hide them."""


class FallbackLM(BaseLM):
    """Asks the first model; where it cannot answer, its own retries spent, the next one, and so on.

        core.FallbackLM([core.LM("openai/gpt-4o-mini"), core.LM("ollama/llama3")])

    Goes on after errors that another model may heal: out of reach, rate limit, timeout, server error, an answer of no
    known protocol, used-up credit, unknown model, unsupported feature, too long a context. A wrong key, a wrong request
    and a reached budget are raised at once.

    Each model keeps its own settings, cache entries (an answer is stored under the name of who gave it), limits and
    retries; parameters of a call go to whichever is asked. The trace has a span "lm.fallback" around the calls with
    `answered_by` and `because`; a fallback is logged as a warning and counted in `answered` and `failed`.

    Args:
        lms: In the order in which they are asked; at least one.
        on: Error classes after which the next one is asked.

    Attributes:
        answered: {model: answers given}.
        failed: {(model, error class name): times}.

    Raises:
        LMError: From a call: the last model's error, whose causes are those of the models before it.
    """

    def __init__(self, lms: Sequence[BaseLM], *, on: tuple[type[BaseException], ...] = HEALED) -> None:
        if not lms or not all(hasattr(lm, "respond") for lm in lms):
            raise LMConfigurationError(
                "A FallbackLM needs language models.", hint='FallbackLM([core.LM("…"), core.LM("…")]).'
            )
        super().__init__(lms[0].model, cache=lms[0].cache, num_retries=lms[0].num_retries)
        self.lms = list(lms)
        self.kwargs = lms[0].kwargs
        self.on = on
        self.local = all(lm.local for lm in lms)
        self.answered: Counter[str] = Counter()
        self.failed: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    @property
    def supports_response_schema(self) -> bool:
        """Whether all of them do."""
        return all(lm.supports_response_schema for lm in self.lms)

    @property
    def supports_function_calling(self) -> bool:
        """Whether all of them do."""
        return all(lm.supports_function_calling for lm in self.lms)

    @property
    def supports_reasoning(self) -> bool:
        """Whether all of them do."""
        return all(lm.supports_reasoning for lm in self.lms)

    async def _respond(self, messages: list[Message], params: dict[str, Any]) -> LMResponse:
        with span("lm.fallback", " → ".join(lm.model for lm in self.lms)) as opened:
            because: list[str] = []
            before: LMError | None = None
            for lm in self.lms:
                try:
                    with counting_calls(self._remember):
                        response = await lm.respond(messages, **params)
                except LMError as error:
                    if not isinstance(error, self.on) or lm is self.lms[-1]:
                        raise error from (before or error.__cause__)
                    self._note(lm, error)
                    error.__cause__ = error.__cause__ or before
                    because.append(f"{lm.model}: {type(error).__name__}: {error.message}")
                    before = error
                    continue
                with self._lock:
                    self.answered[lm.model] += 1
                if opened.recording:
                    opened.set(answered_by=lm.model, because=because)
                return response
        raise AssertionError("unreachable: the last model answers or raises")

    def _note(self, lm: BaseLM, error: LMError) -> None:
        with self._lock:
            self.failed[lm.model, type(error).__name__] += 1
        emit("lm.fallback", model=lm.model, error=f"{type(error).__name__}: {error.message}")
        log.warning("%s could not answer (%s); the next model is asked.", lm.model, type(error).__name__)

    def _remember(self, request: LMRequest, response: LMResponse) -> None:
        now = current()
        if not now.disable_history:
            self.history.add(Entry(request, response), now.max_history_size)

    def copy(self, **kwargs: Any) -> FallbackLM:
        """Return one whose models are copies with other settings; `model` cannot be one of them."""
        if "model" in kwargs:
            raise LMConfigurationError(
                "A FallbackLM has several models.", hint="Make a new one of copies: FallbackLM([...])."
            )
        return FallbackLM([lm.copy(**kwargs) for lm in self.lms], on=self.on)

    def dump_state(self) -> dict[str, Any]:
        """Return what a saved program keeps: the first model; the others are for whoever runs it to choose."""
        return self.lms[0].dump_state()

    def __repr__(self) -> str:
        return f"FallbackLM({self.lms!r})"
