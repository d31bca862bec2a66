"""The OpenAI protocol's JSON: a request as a body, a body as a response.

Knows nothing about how they travel. Reads leniently: compatible servers leave out what they like.
"""

from __future__ import annotations

from typing import Any

from core.foundation.errors import LMUnexpectedError
from core.messages import LMOutput, LMRequest, LMResponse, Usage

__all__ = ["body_of", "response_of", "schema_of"]


def body_of(request: LMRequest, model: str, renamed: dict[str, str]) -> dict[str, Any]:
    """Return the JSON body.

    Args:
        model: The name that the endpoint knows.
        renamed: Parameters that this endpoint wants under other names.
    """
    body: dict[str, Any] = {"model": model}
    if request.model_type == "text":
        body["prompt"] = "\n\n".join(_text(message.get("content")) for message in request.messages)
    else:
        body["messages"] = request.messages
    for name, value in request.params.items():
        if name != "timeout":
            body[renamed.get(name, name)] = value
    return body


def schema_of(model: Any) -> dict[str, Any]:
    """Return a pydantic class as a response format."""
    return {
        "type": "json_schema",
        "json_schema": {"name": model.__name__, "schema": model.model_json_schema()},
    }


def response_of(data: Any, model: str) -> LMResponse:
    """Read a completion of either kind.

    Raises:
        LMUnexpectedError: It is JSON of another protocol.
    """
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise LMUnexpectedError(
            "The endpoint's answer holds no choices.",
            model=model,
            hint="Is it an OpenAI-compatible endpoint, and does api_base end where /chat/completions begins?",
        )
    usage: Any = data.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    cost = usage.get("cost")
    return LMResponse(
        [_output(choice) for choice in choices],
        Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))),
        model=str(data.get("model") or model),
        cost=float(cost) if isinstance(cost, int | float) else None,
    )


def _output(choice: dict[str, Any]) -> LMOutput:
    message = choice.get("message")
    if not isinstance(message, dict):
        return LMOutput(
            _text(choice.get("text")),
            logprobs=choice.get("logprobs"),
            finish_reason=choice.get("finish_reason"),
        )
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    calls = message.get("tool_calls")
    return LMOutput(
        _text(message.get("content")),
        tool_calls=calls if isinstance(calls, list) and calls else None,
        reasoning=reasoning if isinstance(reasoning, str) else None,
        logprobs=choice.get("logprobs"),
        finish_reason=choice.get("finish_reason"),
    )


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return ""


def _count(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and value >= 0 else 0
