"""Models written for DSPy: a class whose `forward(prompt, messages, **kwargs)` returns an OpenAI-like object.

Knows nothing about caches or retries. The object may be made of attributes or of dicts. A class that overrides
`__call__` instead gives texts; `Forwards` is what the overriding class calls as `super().forward(…)`.
With `forward_contract = "typed_lm"` it is `forward(request: LMRequest) -> LMResponse`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from core.foundation.drive import drive, on_io
from core.foundation.errors import LMConfigurationError, LMUnexpectedError
from core.foundation.overrides import is_ours
from core.foundation.threads import run_in_thread, run_sync
from core.lm.typed import typed_response
from core.messages import LMOutput, LMRequest, LMResponse, Message, Usage

__all__ = ["Forwards", "answered_by_call", "complete_by_forward", "response_of"]

MISSING_USAGE = Usage()


async def complete_by_forward(lm: Any, request: LMRequest) -> LMResponse:
    """Answer with the model's own `forward` or `aforward`.

    A sync `forward` runs in the caller's thread; where that is an event loop's, on a thread of its own.
    """
    forward, aforward = _own_ways(lm)
    in_loop = _in_event_loop()
    arguments, read = _contract(lm, request)
    if aforward is not None and (in_loop or forward is None):
        return read(await aforward(**arguments), request.model)
    if forward is None:
        raise LMConfigurationError(
            f"{type(lm).__name__} cannot answer.",
            model=request.model,
            hint="Override `complete(self, request)` or DSPy's `forward(self, prompt, messages, **kw)`.",
        )
    if in_loop:
        return read(await run_in_thread(lambda: forward(**arguments)), request.model)
    return read(forward(**arguments), request.model)


def _own_ways(lm: Any) -> tuple[Any, Any]:
    """Return `forward` and `aforward`, None for one that only a base of the class with the other has."""
    for owner in type(lm).__mro__:
        own = vars(owner)
        if "forward" in own or "aforward" in own:
            return (
                lm.forward if "forward" in own else None,
                lm.aforward if "aforward" in own else None,
            )
    return getattr(lm, "forward", None), getattr(lm, "aforward", None)


async def answered_by_call(lm: Any, messages: list[Message], params: dict[str, Any]) -> LMResponse:
    """Answer with the model's own `__call__(prompt=None, messages=None, **kwargs)`, which gives texts.

    Raises:
        LMUnexpectedError: It gives something else.
    """
    given = await run_sync(partial(lm, messages=messages, **params))
    if isinstance(given, LMResponse):
        return given
    outputs = [given] if isinstance(given, (str, Mapping)) else given
    if not isinstance(outputs, (list, tuple)) or not all(isinstance(one, (str, Mapping)) for one in outputs):
        raise LMUnexpectedError(
            f"`__call__` returned {type(given).__name__}.", model=lm.model, hint="Return a list of texts."
        )
    return LMResponse([_said(one) for one in outputs], MISSING_USAGE, model=lm.model)


def _said(given: str | Mapping[str, Any]) -> LMOutput:
    if isinstance(given, str):
        return LMOutput(given)
    return LMOutput(
        text=str(given.get("text") or ""),
        tool_calls=given.get("tool_calls"),
        reasoning=given.get("reasoning_content"),
        logprobs=given.get("logprobs"),
    )


class _Reply(dict[str, Any]):
    """A dict whose items are attributes too, as the objects of OpenAI's client have them."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


class Forwards:
    """The `forward` and `aforward` of a model of ours: one request as it is, no cache, no retry."""

    def forward(self, prompt: str | None = None, messages: list[Message] | None = None, **kwargs: Any) -> Any:
        """Send one request; return an OpenAI-like object, read by attribute or by item."""
        return drive(self.aforward(prompt, messages, **kwargs))

    async def aforward(
        self, prompt: str | None = None, messages: list[Message] | None = None, **kwargs: Any
    ) -> Any:
        """Same as `forward`, from async code."""
        lm: Any = self
        owner = next(base for base in type(lm).__mro__ if is_ours(base) and "complete" in vars(base))
        said = messages or [{"role": "user", "content": prompt}]
        params = {name: value for name, value in {**lm.kwargs, **kwargs}.items() if value is not None}
        request = LMRequest(lm.model, said, params, lm.model_type)
        return _openai_like(await on_io(lambda: owner.complete(lm, request)))


def _openai_like(response: LMResponse) -> _Reply:
    choices = [
        _Reply(
            index=index,
            finish_reason=output.finish_reason or "stop",
            logprobs=output.logprobs,
            message=_Reply(
                role="assistant",
                content=output.text,
                tool_calls=output.tool_calls,
                reasoning_content=output.reasoning,
            ),
        )
        for index, output in enumerate(response.outputs)
    ]
    return _Reply(
        object="chat.completion",
        model=response.model,
        choices=choices,
        usage=_Reply(response.usage.to_dict()),
    )


def _contract(lm: Any, request: LMRequest) -> tuple[dict[str, Any], Callable[[Any, str], LMResponse]]:
    """Return what `forward` is called with and what reads its result: messages, or a typed request."""
    if getattr(lm, "forward_contract", "legacy") == "typed_lm":
        return {"request": request}, typed_response
    return {"prompt": None, "messages": request.messages, **request.params}, response_of


def _in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def response_of(value: Any, model: str) -> LMResponse:
    """Read an OpenAI-like response.

    Raises:
        LMUnexpectedError: It has no choices.
    """
    choices = _get(value, "choices")
    if choices is None:
        raise LMUnexpectedError(
            f"`forward` returned {type(value).__name__}, which has no `choices`.",
            model=model,
            hint="Return an object shaped like an OpenAI chat completion.",
        )
    usage = _get(value, "usage")
    tokens = MISSING_USAGE
    if usage is not None:
        tokens = Usage(int(_get(usage, "prompt_tokens") or 0), int(_get(usage, "completion_tokens") or 0))
    return LMResponse(
        [_output(choice) for choice in choices], tokens, model=str(_get(value, "model") or model)
    )


def _output(choice: Any) -> LMOutput:
    message = _get(choice, "message")
    text = _get(choice, "text") if message is None else _get(message, "content")
    calls = _get(message, "tool_calls")
    return LMOutput(
        text=text if isinstance(text, str) else "",
        tool_calls=[_tool_call(call) for call in calls] if calls else None,
        reasoning=_get(message, "reasoning_content"),
        logprobs=_get(choice, "logprobs"),
        finish_reason=_get(choice, "finish_reason"),
    )


def _tool_call(call: Any) -> dict[str, Any]:
    if isinstance(call, Mapping):
        return dict(call)
    if hasattr(call, "model_dump"):
        return call.model_dump()
    function = _get(call, "function")
    return {
        "id": _get(call, "id"),
        "type": "function",
        "function": {"name": _get(function, "name"), "arguments": _get(function, "arguments")},
    }


def _get(value: Any, name: str) -> Any:
    if type(value) is dict:
        return value.get(name)
    found = getattr(value, name, None)
    return value.get(name) if found is None and isinstance(value, Mapping) else found
