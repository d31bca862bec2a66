"""`LM`: any model behind an OpenAI-compatible endpoint: chat completions, text completions or responses.

Knows nothing about caches, retries or prompts: it sends one request and reads one answer. What it learns
of an endpoint (no JSON schemas, no temperature, another name for `max_tokens`) it learns from the endpoint's
own refusals, never from model names.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from typing import Any, cast

from core.foundation.drive import on_io
from core.foundation.errors import (
    LMConfigurationError,
    LMError,
    LMInvalidRequestError,
    LMTransportError,
    LMUnsupportedFeatureError,
)
from core.lm.api import API_KINDS, api_of
from core.lm.base import BaseLM
from core.lm.call import Adjusted
from core.lm.capabilities import Capabilities, capabilities_of
from core.lm.deltas import Listener, listener
from core.lm.endpoint import ARGUMENTS, Endpoint
from core.lm.legacy import Forwards
from core.messages import LMRequest, LMResponse

__all__ = ["LM"]

log = logging.getLogger(__name__)

# "Only the default (1) value is supported", as reasoning models refuse; a value out of range is the caller's mistake.
_NOT_TAKEN = re.compile(r"unsupported|not support|does not support|only the default", re.IGNORECASE)
_LEAST_TOKENS = 16_000
_PARAMS = frozenset(
    (
        "temperature",
        "max_tokens",
        "max_completion_tokens",
        "top_p",
        "n",
        "stop",
        "seed",
        "frequency_penalty",
        "presence_penalty",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "response_format",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "reasoning_effort",
        "user",
        "metadata",
    )
)


class LM(Forwards, BaseLM):
    """A language model by its name.

    `LM("openai/gpt-4o-mini")`, `LM("ollama/llama3")`, `LM("embedded/in-context")`, `LM("local/path/to/checkpoint")`.

    Args:
        model: "provider/model"; what stands before the slash says where it lives and where its key is.
        max_concurrency: Requests in flight at the endpoint.
        supports_response_schema: Whether the endpoint takes JSON schemas; None: until it refuses one.
        supports_function_calling: Whether it takes tools.
        supports_reasoning: Whether it returns its reasoning apart.
        reasoning_model: It follows the rules of OpenAI's reasoning models: temperature 1.0 or None, max_tokens of
            16,000 or more or None, sent as `max_completion_tokens`. Undeclared, both are learned from refusals.
        **kwargs: Sent with every request (top_p, stop, seed, …); `rollout_id` names a sample in the cache.
            Of the endpoint: `api_base` (or `base_url`), e.g. "http://localhost:8000/v1"; `api_key`, else read
            from the environment when a request is sent, which keeps its keys for the provider's own address,
            so give both; `api_version` for Azure's deployments; `headers`; `timeout`, seconds per attempt.
    """

    def __new__(cls, model: str = "", *args: Any, **kwargs: Any) -> LM:
        """Give the embedded or a local model where one is asked for: they live in the process."""
        if not isinstance(model, str) and cls is LM:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise LMConfigurationError(
                f"A language model is named by a text, not {model!r}.",
                hint='For example "openai/gpt-4o-mini".',
            )
        if cls is LM and (made := _in_process(model, args, kwargs)) is not None:
            return made
        return super().__new__(cls)

    def __init__(  # pyright: ignore[reportInconsistentConstructor]
        self,
        model: str,
        model_type: str = "chat",
        temperature: float | None = None,
        max_tokens: int | None = None,
        cache: bool | str = True,
        callbacks: list[Any] | None = None,
        num_retries: int = 3,
        provider: Any = None,
        finetuning_model: str | None = None,
        launch_kwargs: dict[str, Any] | None = None,
        train_kwargs: dict[str, Any] | None = None,
        use_developer_role: bool = False,
        *,
        max_concurrency: int | None = None,
        supports_response_schema: bool | None = None,
        supports_function_calling: bool = True,
        supports_reasoning: bool = False,
        reasoning_model: bool = False,
        **kwargs: Any,
    ) -> None:
        arguments = {name: kwargs.pop(name) for name in ARGUMENTS if name in kwargs}
        super().__init__(model, model_type, temperature, max_tokens, cache, callbacks, num_retries, **kwargs)
        self.provider = provider
        self.finetuning_model = finetuning_model
        self.launch_kwargs = dict(launch_kwargs or {})
        self.train_kwargs = dict(train_kwargs or {})
        self.use_developer_role = use_developer_role
        self.max_concurrency = max_concurrency
        self._functions = supports_function_calling
        self._reasoning = supports_reasoning or reasoning_model
        self._reasoning_model = reasoning_model
        self._schema = supports_response_schema
        self._connect(Endpoint(model, arguments))

    def _connect(self, connection: Endpoint) -> None:
        api = api_of(self.model_type)
        if api is None:
            raise LMConfigurationError(
                f"model_type={self.model_type!r} is not known.",
                model=self.model,
                hint=f"There are: {', '.join(API_KINDS)}.",
            )
        self._api = api
        self.connection = connection
        self.endpoint = connection.name
        if self._reasoning_model:
            self._check_reasoning()
        self.list_prices = connection.address.own
        role = " developer" if self.use_developer_role else ""
        self._identity = connection.identity(api.path) + role

    def _check_reasoning(self) -> None:
        """Refuse what such models refuse, before anything is sent."""
        temperature, limit = self.kwargs.get("temperature"), self.kwargs.get("max_tokens")
        if temperature not in (None, 1.0) or (limit is not None and limit < _LEAST_TOKENS):
            raise LMConfigurationError(
                "A reasoning model wants temperature=1.0 or None and max_tokens of 16,000 or more, or None.",
                model=self.model,
                hint="Its thinking counts as tokens: with fewer, it stops before it answers.",
            )
        self.capabilities.renamed["max_tokens"] = "max_completion_tokens"

    def identity(self) -> str:
        """Return the endpoint's address: two servers never share answers, two keys do."""
        return self._identity

    @property
    def capabilities(self) -> Capabilities:
        """What was learned of the endpoint in this process."""
        return capabilities_of(self.endpoint)

    @property
    def supports_response_schema(self) -> bool:
        """As declared; else true until the endpoint refuses one."""
        return self.capabilities.response_schema if self._schema is None else self._schema

    @property
    def supports_function_calling(self) -> bool:
        """As declared."""
        return self._functions

    @property
    def supports_reasoning(self) -> bool:
        """As declared."""
        return self._reasoning

    @property
    def supported_params(self) -> set[str]:
        """Request parameters that the protocol has, less those that the endpoint has refused."""
        return {name for name in _PARAMS if name not in self.capabilities.dropped}

    async def complete(self, request: LMRequest) -> LMResponse:
        """Send one request to the endpoint."""
        if request.params.get("stream"):
            raise LMUnsupportedFeatureError(
                "A call has no parameter `stream`.",
                model=self.model,
                hint="Listen to a program: core.streamify(program, stream_listeners=[...]).",
            )
        body = self._api.body(
            request, self.connection.address.model, self.capabilities, self.use_developer_role
        )
        seconds, hearing = request.params.get("timeout"), listener.get()
        try:
            if hearing is None:
                data = await self.connection.post(self._api.path, body, seconds)
                response = self._api.read(data, self.model)
            else:
                response = await self._streamed(request, body, seconds, hearing)
        except LMInvalidRequestError as error:
            raise self._learned(error, body) from None
        if any(output.finish_reason == "length" for output in response.outputs):
            log.warning("%s stopped at max_tokens; the reply is cut off.", self.model)
        return response

    async def _streamed(
        self, request: LMRequest, body: dict[str, Any], seconds: float | None, hearing: Listener
    ) -> LMResponse:
        """Send a request whose answer is heard while it is written."""
        voice = hearing.begin(request)
        body["stream"] = True
        if self.capabilities.stream_usage:
            body.update(self._api.streamed)
        gathering = self._api.gather(self.model, voice)
        release = hearing.stoppable(_stopping())
        try:
            data, ended = await self.connection.stream(self._api.path, body, gathering.add, seconds)
        finally:
            release()
        if data is not None:  # it does not stream
            return self._api.read(data, self.model)
        if not (gathering.complete or ended):
            raise LMTransportError("The endpoint stopped in the middle of its answer.", model=self.model)
        return gathering.response()

    def _learned(self, error: LMInvalidRequestError, body: dict[str, Any]) -> LMError:
        """Remember what a refusal says of the endpoint; the next request takes it into account."""
        about = error.message
        if "max_completion_tokens" in about and "max_tokens" in body:
            self.capabilities.renamed["max_tokens"] = "max_completion_tokens"
            return Adjusted(about, status=error.status)
        if "stream_options" in about and "stream_options" in body:
            self.capabilities.stream_usage = False
            return Adjusted(about, status=error.status)
        if "temperature" in about and "temperature" in body and _NOT_TAKEN.search(about):
            self.capabilities.dropped.add("temperature")
            log.warning("%s takes no temperature of one's own; it is left out from now on.", self.model)
            return Adjusted(about, status=error.status)
        wanted = body.get("response_format")
        refused = "response_format" in about or "json_schema" in about
        if refused and isinstance(wanted, dict) and wanted.get("type") == "json_schema":
            self.capabilities.response_schema = False
            return LMUnsupportedFeatureError(
                "The endpoint takes no JSON schemas.", model=self.model, hint=about, status=error.status
            )
        return error

    async def models(self) -> list[str]:
        """Return the names of the models that the endpoint lists."""
        return await on_io(self.connection.models)

    def copy(self, **kwargs: Any) -> LM:
        """Return a model like this with other settings; endpoint and key may be among them."""
        arguments = {name: kwargs.pop(name) for name in ARGUMENTS if name in kwargs}
        made = cast("LM", super().copy(**kwargs))
        made._connect(self.connection.changed(made.model, arguments))
        return made

    def dump_state(self) -> dict[str, Any]:
        """Return what a saved program keeps: neither endpoint nor credentials, headers included."""
        state = super().dump_state()
        state.update(
            finetuning_model=self.finetuning_model,
            launch_kwargs=self.launch_kwargs,
            train_kwargs=self.train_kwargs,
        )
        return state


def _in_process(model: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Return a model that needs no endpoint, or None."""
    if model.startswith("embedded/"):
        from core.lm.embedded.lm import EmbeddedLM

        return EmbeddedLM(model, *args, **kwargs)
    if model.startswith("local/"):
        from core.lm.local.lm import LocalLM

        return LocalLM(model, *args, **kwargs)
    return None


def _stopping() -> Callable[[], None]:
    """Return a function that ends the running request from any thread; its connection is closed."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def stop() -> None:
        if task is not None:
            loop.call_soon_threadsafe(task.cancel)

    return stop
