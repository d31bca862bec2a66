"""Typed messages and requests, for those who would rather not write dicts: `lm(LMRequest(messages=[User("Hi")]))`.

Knows nothing about providers. Thin: everything becomes the OpenAI dicts that the rest of the house reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.foundation.errors import LMConfigurationError
from core.messages import LMOutput, LMRequest, LMResponse, Message

__all__ = [
    "Assistant",
    "Developer",
    "LMConfig",
    "LMMessage",
    "System",
    "ToolResult",
    "User",
    "as_message",
    "as_params",
    "normal",
    "typed_response",
]


@dataclass(frozen=True)
class LMMessage:
    """One message.

    Attributes:
        role: "system", "developer", "user", "assistant" or "tool".
        content: Text, or OpenAI content parts.
        tool_calls: What an assistant asks for; dicts of the protocol, or objects with `id`, `name` and `args`.
        tool_call_id: Which of them a tool's message answers.
    """

    role: str
    content: Any = ""
    tool_calls: tuple[Any, ...] = ()
    tool_call_id: str | None = None

    def to_dict(self) -> Message:
        """Return it as the protocol writes it."""
        message: Message = {"role": self.role, "content": self.content}
        if self.tool_calls:
            message["tool_calls"] = [_tool_call(call) for call in self.tool_calls]
        if self.tool_call_id is not None:
            message["tool_call_id"] = self.tool_call_id
        return message

    @classmethod
    def of(cls, output: LMOutput) -> LMMessage:
        """Return a completion as the next message of its conversation."""
        return cls("assistant", output.text, tuple(output.tool_calls or ()))


def System(content: Any) -> LMMessage:  # noqa: N802 - names of types, as the inventory has them
    """Return what the model is told to be."""
    return LMMessage("system", content)


def Developer(content: Any) -> LMMessage:  # noqa: N802
    """Return the same for endpoints that call it so."""
    return LMMessage("developer", content)


def User(content: Any) -> LMMessage:  # noqa: N802
    """Return what is asked."""
    return LMMessage("user", content)


def Assistant(content: Any = "", tool_calls: Iterable[Any] = ()) -> LMMessage:  # noqa: N802
    """Return what the model said."""
    return LMMessage("assistant", content, tuple(tool_calls))


def ToolResult(tool_call_id: str, content: Any) -> LMMessage:  # noqa: N802
    """Return what a tool gave; what is not text becomes JSON."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)
    return LMMessage("tool", text, tool_call_id=tool_call_id)


@dataclass(frozen=True)
class LMConfig:
    """Settings of one request; None leaves one to the model.

    Attributes:
        extra: Any other parameter, by name.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    n: int | None = None
    stop: Any = None
    seed: int | None = None
    tools: Any = None
    tool_choice: Any = None
    response_format: Any = None
    logprobs: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def to_dict(self) -> dict[str, Any]:
        """Return those that are set."""
        given = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "extra"}
        return {name: value for name, value in {**given, **self.extra}.items() if value is not None}


def as_message(value: Any) -> Message:
    """Return a message as a dict.

    Raises:
        LMConfigurationError: It is none.
    """
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, str):
        return {"role": "user", "content": value}
    if hasattr(value, "to_dict"):
        return value.to_dict()
    raise LMConfigurationError(
        f"A message is a dict or an LMMessage, not {type(value).__name__}.",
        hint='For example User("…") or {"role": "user", "content": "…"}.',
    )


def as_params(value: Any) -> dict[str, Any]:
    """Return settings of a request as a dict."""
    if value is None:
        return {}
    return value.to_dict() if hasattr(value, "to_dict") else dict(value)


def normal(request: LMRequest) -> LMRequest:
    """Return a request whose messages and params are dicts, the sample number among the latter."""
    messages = [as_message(message) for message in request.messages]
    sample = {} if request.rollout_id is None else {"rollout_id": request.rollout_id}
    return replace(request, messages=messages, params={**as_params(request.params), **sample})


def _tool_call(call: Any) -> dict[str, Any]:
    if isinstance(call, Mapping):
        return dict(call)
    arguments = json.dumps(getattr(call, "args", {}) or {}, ensure_ascii=False, default=str)
    function = {"name": call.name, "arguments": arguments}
    return {"id": getattr(call, "id", None), "type": "function", "function": function}


def typed_response(value: Any, model: str) -> LMResponse:
    """Return what a model of the contract "typed_lm" gave.

    Raises:
        LMConfigurationError: It is no LMResponse.
    """
    if isinstance(value, LMResponse):
        return value
    raise LMConfigurationError(
        f"`forward` returned {type(value).__name__} where the contract 'typed_lm' promises an LMResponse.",
        model=model,
        hint='Return core.messages.LMResponse([LMOutput("…")]).',
    )
