"""`BaseLM`: what every language model of ours is, and the seam for one's own.

Knows nothing about networks, providers or prompts. A model overrides one method, `complete`: one request
upstream, one response. Cache, single-flight, limits, retries, traces and history are `core.lm.call`'s.
"""

from __future__ import annotations

import copy as copying
from collections.abc import Coroutine, Mapping
from contextvars import ContextVar
from typing import Any, ClassVar, Self, TextIO

from core.callbacks import reported
from core.foundation.drive import drive
from core.foundation.errors import LMConfigurationError
from core.foundation.overrides import is_ours, means_call
from core.lm.call import call
from core.lm.history import Entry, History
from core.lm.legacy import answered_by_call, complete_by_forward
from core.lm.retry import Backoff
from core.lm.typed import as_message, normal
from core.messages import LMOutput, LMRequest, LMResponse, Message
from core.settings import current
from core.trace.redact import is_secret_name

__all__ = ["BaseLM"]

_asked: ContextVar[tuple[list[Message], str] | None] = ContextVar("asked_with_a_text", default=None)
"""The messages last made of a text here, and the text: callbacks are told what the caller gave, as DSPy's are."""


class BaseLM:
    """A language model.

    Subclasses override `complete` (ours), `forward(prompt=None, messages=None, **kwargs)` returning an
    OpenAI-like object, or `__call__` returning texts (DSPy's). What `forward` and `__call__` give is not cached;
    what `complete` gives is cached where `identity()` says who answers.

    Args:
        model: Name, e.g. "openai/gpt-4o-mini".
        model_type: "chat" or "text".
        temperature: Left to the model where None.
        max_tokens: Left to the model where None.
        cache: True, False or one of "read", "write", "refresh", "off"; a call may say otherwise.
        callbacks: Told of this model's calls; see `core.callbacks`.
        num_retries: Further attempts after a failure that may pass.
        **kwargs: Sent with every request.
    """

    forward_contract: ClassVar[str] = "legacy"
    """How a subclass's own `forward` is called: "legacy", (prompt, messages, **kwargs), or "typed_lm", (request)."""

    local: bool = False
    """True: in-process and quick; answered in the caller's own thread, never on the I/O loop."""

    backoff: Backoff = Backoff()
    """How long to wait between attempts."""

    endpoint: str = ""
    """What shares a concurrency limit; empty: no limit."""

    list_prices: bool = False
    """Whether the built-in price table holds for whoever answers; the setting `prices` always does."""

    max_concurrency: int | None = None
    """Requests in flight at the endpoint; None: the house's ceiling."""

    _own_call: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        cls._own_call = means_call(cls, "acall", "complete", "respond", "basic_request")
        if is_ours(cls) or "complete" in own:
            return
        if "forward" in own and "local" not in own:
            cls.local = True  # a sync function: runs in the thread that asks
        if ("forward" in own or "aforward" in own) and cls.complete is not BaseLM.complete:
            # It says how to answer instead of the class that it derives from, whose address is not who answers then.
            cls.complete, cls.identity = BaseLM.complete, BaseLM.identity

    def __init__(
        self,
        model: str,
        model_type: str = "chat",
        temperature: float | None = None,
        max_tokens: int | None = None,
        cache: bool | str = True,
        callbacks: list[Any] | None = None,
        num_retries: int = 3,
        **kwargs: Any,
    ) -> None:
        if not model:
            raise LMConfigurationError(
                "A language model needs a name.", hint='For example "openai/gpt-4o-mini".'
            )
        self.model = model
        self.model_type = model_type
        self.cache = cache
        self.callbacks = list(callbacks or [])
        self.num_retries = num_retries
        self.kwargs: dict[str, Any] = {"temperature": temperature, "max_tokens": max_tokens, **kwargs}
        self.history = History()

    async def complete(self, request: LMRequest) -> LMResponse:
        """Send one request and return what came back; no cache, no retry: the seam that models override.

        Raises:
            LMError: It failed; `retryable` says whether another attempt may help.
        """
        return await complete_by_forward(self, request)

    def identity(self) -> str:
        """Return who answers: endpoint address, checkpoint hash, version; part of the cache key.

        An empty text, the default, means that nobody can tell, and then nothing is cached.
        """
        return ""

    @property
    def supports_function_calling(self) -> bool:
        """Takes `tools`."""
        return False

    @property
    def supports_response_schema(self) -> bool:
        """Takes a JSON schema as `response_format`."""
        return False

    @property
    def supports_reasoning(self) -> bool:
        """Returns its reasoning apart from its answer."""
        return False

    @property
    def supported_params(self) -> set[str]:
        """Names of request parameters known to be accepted."""
        return set()

    def respond(self, messages: list[Message], **params: Any) -> Coroutine[Any, Any, LMResponse]:
        """Answer `messages`: trace, cache, single-flight, limits, retries, then `complete`.

        Args:
            messages: OpenAI chat messages.
            **params: Override the model's `kwargs`; also `cache`, `rollout_id`, `num_retries`, `timeout`.

        Raises:
            LMError: It could not answer.
            BudgetExceeded: A budget in force forbids the call.
        """
        if self._own_call:
            return answered_by_call(self, messages, params)
        return self._directly(messages, params)

    def _directly(self, messages: list[Message], params: dict[str, Any]) -> Coroutine[Any, Any, LMResponse]:
        if self.callbacks or current().callbacks:
            return self._reported(messages, params)
        return self._respond(messages, params)

    def _respond(self, messages: list[Message], params: dict[str, Any]) -> Coroutine[Any, Any, LMResponse]:
        return call(self, messages, params)

    async def _reported(self, messages: list[Message], params: dict[str, Any]) -> LMResponse:
        made = _asked.get()
        text = made[1] if made is not None and made[0] is messages else None
        asked = {"prompt": text, "messages": messages if text is None else None, "kwargs": params}
        with reported("lm", self, asked) as told:
            response = await self._respond(messages, params)
            told.gives([_plain(output) for output in response.outputs])
            return response

    async def acall(
        self, prompt: str | LMRequest | None = None, messages: list[Message] | None = None, **kwargs: Any
    ) -> Any:
        """Answer a text or messages: a list of texts; a completion that holds more than text is a dict.

        A typed request (`core.lm.typed`) is answered with an `LMResponse`, as is anything under
        `context(experimental=True)`.
        """
        if isinstance(prompt, LMRequest):
            request = normal(prompt)
            return await self._passed_on(request.messages, {**request.params, **kwargs})
        if messages is not None:
            messages = [as_message(message) for message in messages]
        else:
            if prompt is None:
                raise LMConfigurationError(
                    "Nothing to answer.", model=self.model, hint="Give a text or messages."
                )
            messages = [{"role": "user", "content": prompt}]
            if self.callbacks or current().callbacks:
                _asked.set((messages, prompt))
        response = await self._passed_on(messages, kwargs)
        return response if current().experimental else [_plain(output) for output in response.outputs]

    def _passed_on(self, messages: list[Message], params: dict[str, Any]) -> Coroutine[Any, Any, LMResponse]:
        # A subclass's own call that goes on to `super().__call__` means the model itself by that.
        return self._directly(messages, params) if self._own_call else self.respond(messages, **params)

    def __call__(
        self, prompt: str | LMRequest | None = None, messages: list[Message] | None = None, **kwargs: Any
    ) -> Any:
        """Same as `acall`, from sync code."""
        return drive(self.acall(prompt, messages, **kwargs))

    def copy(self, **kwargs: Any) -> BaseLM:
        """Return a model like this with other settings and an empty history; None takes a parameter away."""
        made = copying.copy(self)
        made.history = History()
        made.callbacks = list(self.callbacks)
        made.kwargs = dict(self.kwargs)
        for name, value in kwargs.items():
            if name in {"model", "model_type", "cache", "num_retries", "callbacks"}:
                setattr(made, name, value)
            elif value is None and name not in {"temperature", "max_tokens"}:
                made.kwargs.pop(name, None)
            else:
                made.kwargs[name] = value
        return made

    def dump_state(self) -> dict[str, Any]:
        """Return what a saved program keeps of it: neither endpoint nor credentials."""
        return {
            "model": self.model,
            "model_type": self.model_type,
            "cache": self.cache,
            "num_retries": self.num_retries,
            **{name: value for name, value in self.kwargs.items() if not is_secret_name(name)},
            "finetuning_model": None,
            "launch_kwargs": {},
            "train_kwargs": {},
        }

    @classmethod
    def load_state(cls, state: Mapping[str, Any]) -> Self:
        """Return a model made from a state; what it says of endpoints, credentials and classes is left aside."""
        left_out = {"_dspy_lm_class", "api_base", "base_url", "api_version", "headers", "extra_headers"}
        given = {
            name: value
            for name, value in state.items()
            if name not in left_out and not is_secret_name(name) and value not in (None, {})
        }
        return cls(**given)

    def update_history(self, entry: Mapping[str, Any]) -> None:
        """Remember a call that was answered elsewhere, as a dict of the history's form."""
        self.history.add(Entry.given(entry), current().max_history_size)

    def inspect_history(self, n: int = 1, file: TextIO | None = None) -> None:
        """Print the last `n` calls."""
        self.history.show(n, file)

    def __deepcopy__(self, memo: dict[int, Any]) -> BaseLM:
        made = copying.copy(self)
        memo[id(self)] = made
        made.kwargs = copying.deepcopy(self.kwargs, memo)
        made.history = History()
        return made

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r})"


def _plain(output: LMOutput) -> str | dict[str, Any]:
    if not (output.tool_calls or output.reasoning or output.logprobs or output.citations):
        return output.text
    extras = {
        "tool_calls": output.tool_calls,
        "reasoning_content": output.reasoning,
        "logprobs": output.logprobs,
        "citations": output.citations,
    }
    return {"text": output.text, **{name: value for name, value in extras.items() if value}}
