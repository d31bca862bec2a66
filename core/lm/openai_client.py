"""`LM`: any model behind an OpenAI-compatible endpoint, chat or text completions.

Knows nothing about caches, retries or prompts: it sends one request and reads one answer. What it learns
of an endpoint (no JSON schemas; another name for `max_tokens`) it learns from the endpoint's own refusals,
never from model names.
"""

from __future__ import annotations

import logging
from typing import Any, cast

from core.foundation.drive import on_io
from core.foundation.errors import (
    LMConfigurationError,
    LMError,
    LMInvalidRequestError,
    LMUnsupportedFeatureError,
)
from core.lm.base import BaseLM
from core.lm.call import Adjusted
from core.lm.capabilities import Capabilities, capabilities_of
from core.lm.endpoint import ARGUMENTS, Endpoint
from core.lm.openai_wire import body_of, response_of
from core.messages import LMRequest, LMResponse

__all__ = ["LM"]

log = logging.getLogger(__name__)

_PATHS = {"chat": "/chat/completions", "text": "/completions"}


class LM(BaseLM):
    """A language model by its name.

    `LM("openai/gpt-4o-mini")`, `LM("ollama/llama3")`, `LM("embedded/in-context")`.

    Args:
        model: "provider/model"; what stands before the slash says where it lives and where its key is.
        max_concurrency: Requests in flight at the endpoint.
        supports_response_schema: Whether the endpoint takes JSON schemas; None: until it refuses one.
        supports_function_calling: Whether it takes tools.
        supports_reasoning: Whether it returns its reasoning apart.
        **kwargs: Sent with every request (top_p, stop, seed, …); `rollout_id` names a sample in the cache.
            Of the endpoint: `api_base` (or `base_url`), e.g. "http://localhost:8000/v1"; `api_key`, else read
            from the environment when a request is sent, which keeps its keys for the provider's own address,
            so give both; `api_version` for Azure's deployments; `headers`; `timeout`, seconds per attempt.
    """

    def __new__(cls, model: str = "", *args: Any, **kwargs: Any) -> LM:
        """Give the embedded model where it is asked for; it lives in the process, not behind an endpoint."""
        if cls is LM and model.startswith("embedded/"):
            from core.lm.embedded.lm import EmbeddedLM

            return cast("LM", EmbeddedLM(model, *args, **kwargs))
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
        self._reasoning = supports_reasoning
        self._schema = supports_response_schema
        self._connect(Endpoint(model, arguments))

    def _connect(self, connection: Endpoint) -> None:
        if self.model_type not in _PATHS:
            raise LMConfigurationError(
                f"model_type={self.model_type!r} is not known.",
                model=self.model,
                hint='Use "chat" or "text".',
            )
        self.connection = connection
        self.endpoint = connection.name
        self.list_prices = connection.address.own
        self._path = _PATHS[self.model_type]
        role = " developer" if self.use_developer_role else ""
        self._identity = connection.identity(self._path) + role

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

    async def complete(self, request: LMRequest) -> LMResponse:
        """Send one request to the endpoint."""
        if request.params.get("stream"):
            raise LMUnsupportedFeatureError("A call has no parameter `stream`.", model=self.model)
        body = body_of(request, self.connection.address.model, self.capabilities.renamed)
        if self.use_developer_role and "messages" in body:
            body["messages"] = [_developer(message) for message in request.messages]
        try:
            data = await self.connection.post(self._path, body, request.params.get("timeout"))
        except LMInvalidRequestError as error:
            raise self._learned(error, body) from None
        response = response_of(data, self.model)
        if any(output.finish_reason == "length" for output in response.outputs):
            log.warning("%s stopped at max_tokens; the reply is cut off.", self.model)
        return response

    def _learned(self, error: LMInvalidRequestError, body: dict[str, Any]) -> LMError:
        """Remember what a refusal says of the endpoint; the next request takes it into account."""
        about = error.message
        if "max_completion_tokens" in about and "max_tokens" in body:
            self.capabilities.renamed["max_tokens"] = "max_completion_tokens"
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


def _developer(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "role": "developer"} if message.get("role") == "system" else message
