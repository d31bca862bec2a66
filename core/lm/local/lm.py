"""`LocalLM`: a checkpoint as a language model, `LM("local/<folder or hub name>")`.

Knows nothing about weights: `core.lm.local.engine` writes, on a thread of its own, so that neither the caller's loop
nor the I/O loop waits for it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from typing import Any

from core.foundation.errors import ContextWindowExceededError, LMConfigurationError, LMUnsupportedFeatureError
from core.foundation.fingerprint import fingerprint
from core.foundation.randomness import derive_seed
from core.foundation.threads import run_in_thread
from core.lm.base import BaseLM
from core.lm.deltas import listener
from core.lm.local.checkpoint import checkpoint_hash, folder_of
from core.lm.local.engine import Engine, engine_of
from core.lm.local.job import Job, Written
from core.lm.local.prompt import chat_text
from core.lm.text_wire import prompt_of
from core.messages import LMOutput, LMRequest, LMResponse, Message, Usage

__all__ = ["LocalLM"]

PREFIX = "local/"
MAX_TOKENS = 1_000
"""Tokens of a reply where nobody says how many."""

_PARAMS = frozenset(
    {"temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "stop", "seed", "n", "logprobs"}
    | {"top_logprobs", "timeout"}
)


class LocalLM(BaseLM):
    """A causal or encoder-decoder checkpoint in this process.

    Its identity is a hash of the files: a checkpoint trained further never shares answers with what it was before.
    Requests that wait at the same time are written in one batch. At a temperature above 0 a `seed` fixes the draws;
    without one they differ each time.

    Args:
        model: "local/" and a folder that `save_pretrained` wrote, or a name on the hub (fetched once, if it is not
            here).
        model_type: "chat" writes by the checkpoint's chat template, plainly titled turns where it has none; "text"
            goes on from the messages' text.
        device: "auto", "cpu", "cuda", …
        dtype: "auto", "float32", "bfloat16", …
        **kwargs: As for `BaseLM`; of requests: temperature, top_p, top_k, max_tokens, stop, seed, n, logprobs.
    """

    def __init__(
        self,
        model: str,
        model_type: str = "chat",
        *args: Any,
        device: str = "auto",
        dtype: str = "auto",
        **kwargs: Any,
    ) -> None:
        if model_type not in ("chat", "text"):
            raise LMConfigurationError(
                f"A local model has no model_type={model_type!r}.", model=model, hint='Use "chat" or "text".'
            )
        super().__init__(model, model_type, *args, **kwargs)
        self._name = model.removeprefix(PREFIX)
        self._place = device, dtype
        self._found: tuple[str, Engine] | None = None

    def _engine(self) -> tuple[str, Engine]:
        if self._found is None:
            folder = folder_of(self._name)
            digest = checkpoint_hash(folder)
            self._found = digest, engine_of(folder, digest, *self._place)
        return self._found

    def copy(self, **kwargs: Any) -> BaseLM:
        """Return a model like this with other settings; another `model` is another checkpoint."""
        made = super().copy(**kwargs)
        if isinstance(made, LocalLM) and "model" in kwargs:
            made._name, made._found = made.model.removeprefix(PREFIX), None
        return made

    def identity(self) -> str:
        """Return the hash of the checkpoint.

        Raises:
            MissingExtraError: A hub name, and `transformers` is not installed.
            LMConfigurationError: There is no such checkpoint.
        """
        return f"local/{self._engine()[0]} {self._place[1]}"

    @property
    def supported_params(self) -> set[str]:
        """What a request may hold."""
        return set(_PARAMS)

    def respond(self, messages: list[Message], **params: Any) -> Coroutine[Any, Any, LMResponse]:
        """As `BaseLM.respond`; the checkpoint is looked for, once, on a thread: it may have to be fetched."""
        return self._respond_ready(messages, params)

    async def _respond_ready(self, messages: list[Message], params: dict[str, Any]) -> LMResponse:
        if self._found is None:
            await run_in_thread(self._engine)
        return await super().respond(messages, **params)

    async def complete(self, request: LMRequest) -> LMResponse:
        """Write the replies to one request.

        Raises:
            MissingExtraError: The extra `local` is not installed.
            LMUnsupportedFeatureError: A parameter asks for what a plain checkpoint cannot do.
            ContextWindowExceededError: The messages leave no room for a reply.
        """
        unknown = sorted(name for name, value in request.params.items() if name not in _PARAMS and value)
        if unknown:
            raise LMUnsupportedFeatureError(
                f"A local model takes no {', '.join(unknown)}.",
                model=self.model,
                hint=f"It takes: {', '.join(sorted(_PARAMS))}.",
            )
        _, engine = self._engine()
        jobs = await run_in_thread(self._jobs, engine, request)
        hearing = listener.get()
        release = None
        if hearing is not None:
            jobs[0].heard = hearing.begin(request).text
            release = hearing.stoppable(lambda: _cancel(jobs))
        engine.submit(jobs)
        try:
            written = await asyncio.gather(*(asyncio.wrap_future(job.result) for job in jobs))
        except BaseException:
            _cancel(jobs)
            raise
        finally:
            if release is not None:
                release()
        return self._response(written)

    def _jobs(self, engine: Engine, request: LMRequest) -> list[Job]:
        engine.load()
        params = request.params
        if request.model_type == "text":
            prompt = engine.tokens_of(prompt_of(request.messages, self.model), templated=False)
        else:
            templated = bool(engine.tokenizer.chat_template)
            prompt = engine.tokens_of(chat_text(engine.tokenizer, request.messages, self.model), templated)
        room = engine.context - len(prompt)
        if room < 1:
            raise ContextWindowExceededError(
                f"The messages are longer than the model can read ({len(prompt)} of {engine.context} tokens).",
                model=self.model,
                hint="Fewer or shorter demos and inputs, or a model with a longer context.",
            )
        wanted = params.get("max_tokens") or params.get("max_completion_tokens") or MAX_TOKENS
        stop = params.get("stop") or ()
        return [
            Job(
                prompt,
                max_tokens=min(int(wanted), room),
                temperature=float(params.get("temperature") or 0.0),
                top_p=float(params.get("top_p") or 1.0),
                top_k=int(params.get("top_k") or 0),
                seed=_seed(request, number),
                stop=(stop,) if isinstance(stop, str) else tuple(stop),
                logprobs=int(params.get("top_logprobs") or 0) if params.get("logprobs") else None,
            )
            for number in range(int(params.get("n") or 1))
        ]

    def _response(self, written: list[Written]) -> LMResponse:
        outputs = [
            LMOutput(
                item.text,
                finish_reason=item.finish_reason,
                logprobs=None if item.logprobs is None else {"content": item.logprobs},
            )
            for item in written
        ]
        usage = Usage(written[0].prompt_tokens, sum(item.completion_tokens for item in written))
        return LMResponse(outputs, usage, model=self.model, cost=0.0)


def _seed(request: LMRequest, number: int) -> int:
    seed = request.params.get("seed")
    if seed is None:
        return secrets.randbits(63)
    return derive_seed(int(seed), fingerprint(request.messages), request.rollout_id or 0, number)


def _cancel(jobs: list[Job]) -> None:
    for job in jobs:
        job.cancelled = True
