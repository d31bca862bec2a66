"""Models written for DSPy: a class whose `forward(prompt, messages, **kwargs)` returns an OpenAI-like object.

Knows nothing about caches or retries. The object may be made of attributes or of dicts.
With `forward_contract = "typed_lm"` it is `forward(request: LMRequest) -> LMResponse`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from core.foundation.errors import LMConfigurationError, LMUnexpectedError
from core.foundation.threads import run_in_thread
from core.lm.typed import typed_response
from core.messages import LMOutput, LMRequest, LMResponse, Usage

__all__ = ["complete_by_forward", "response_of"]

MISSING_USAGE = Usage()


async def complete_by_forward(lm: Any, request: LMRequest) -> LMResponse:
    """Answer with the model's own `forward` or `aforward`.

    A sync `forward` runs in the caller's thread; where that is an event loop's, on a thread of its own.
    """
    forward = getattr(lm, "forward", None)
    aforward = getattr(lm, "aforward", None)
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
