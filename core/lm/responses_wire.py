"""The Responses API: chat requests as input items, output items as completions.

Knows nothing about how they travel. Written by the protocol's public types (the `openai` package's
`types.responses`): messages, function calls and their outputs are items of one list; reasoning is an item of its own;
the answer's last event repeats it whole.
"""

from __future__ import annotations

from typing import Any

from core.foundation.errors import LMUnexpectedError
from core.lm.api import Api
from core.lm.capabilities import Capabilities
from core.lm.deltas import Voice
from core.lm.openai_wire import count, text_of
from core.messages import LMOutput, LMRequest, LMResponse, Message, Usage

__all__ = ["API", "ResponsesGathering", "body_of", "response_of"]

_TEXT_DELTAS = frozenset({"response.output_text.delta", "response.refusal.delta"})
_REASONING_DELTAS = frozenset({"response.reasoning_summary_text.delta", "response.reasoning_text.delta"})
_ENDS = frozenset({"response.completed", "response.incomplete"})
_CUT_OFF = {"max_output_tokens": "length", "content_filter": "content_filter"}


def body_of(
    request: LMRequest, model: str, known: Capabilities, developer_role: bool = False
) -> dict[str, Any]:
    """Return the JSON body; parameters of chat completions are translated, others sent as they are."""
    items = [item for message in request.messages for item in _items(message, developer_role)]
    body: dict[str, Any] = {"model": model, "input": items}
    for name, value in known.fitted(request.params).items():
        if name in {"max_tokens", "max_completion_tokens"}:
            body["max_output_tokens"] = value
        elif name == "response_format":
            body.setdefault("text", {})["format"] = _format(value)
        elif name == "reasoning_effort":
            body["reasoning"] = {**body.get("reasoning", {}), "effort": value}
        elif name == "tools":
            body["tools"] = [_flat(tool) for tool in value]
        elif name == "tool_choice":
            body["tool_choice"] = _flat(value)
        elif name == "logprobs":
            if value:
                body["include"] = [*body.get("include", []), "message.output_text.logprobs"]
        elif name != "n":  # one sample a request; the call asks again for the others
            body[name] = value
    return body


def _items(message: Message, developer_role: bool) -> list[dict[str, Any]]:
    role = str(message.get("role") or "user")
    if role == "tool":
        output = text_of(message.get("content"))
        return [{"type": "function_call_output", "call_id": message.get("tool_call_id"), "output": output}]
    items: list[dict[str, Any]] = []
    content = message.get("content")
    if content:
        shown = "developer" if role == "system" and developer_role else role
        items.append({"role": shown, "content": _content(content, role)})
    for call in message.get("tool_calls") or []:
        function = call.get("function") or {}
        items.append(
            {
                "type": "function_call",
                "call_id": call.get("id"),
                "name": function.get("name"),
                "arguments": function.get("arguments") or "{}",
            }
        )
    return items


def _content(content: Any, role: str) -> Any:
    if not isinstance(content, list):
        return content
    return [_part(part, role) for part in content]


def _part(part: dict[str, Any], role: str) -> dict[str, Any]:
    kind = part.get("type")
    if kind == "text":
        return {"type": "output_text" if role == "assistant" else "input_text", "text": part.get("text", "")}
    if kind == "image_url":
        image: Any = part.get("image_url")
        image = image if isinstance(image, dict) else {"url": image}
        return {
            "type": "input_image",
            "image_url": image.get("url"),
            "detail": image.get("detail") or "auto",
        }
    if kind == "file":
        return {"type": "input_file", **(part.get("file") or {})}
    return part


def _format(value: Any) -> Any:
    """A schema stands one level deeper in chat completions."""
    if isinstance(value, dict) and isinstance(value.get("json_schema"), dict):
        return {"type": "json_schema", **value["json_schema"]}
    return value


def _flat(tool: Any) -> Any:
    if isinstance(tool, dict) and tool.get("type") == "function" and isinstance(tool.get("function"), dict):
        return {"type": "function", **tool["function"]}
    return tool


def response_of(data: Any, model: str) -> LMResponse:
    """Read a response object.

    Raises:
        LMUnexpectedError: It is JSON of another protocol.
    """
    items = data.get("output") if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise LMUnexpectedError(
            "The endpoint's answer holds no output.",
            model=model,
            hint='Does it have the Responses API? If not: model_type="chat".',
        )
    usage: Any = data.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return LMResponse(
        [_output(items, data)],
        Usage(count(usage.get("input_tokens")), count(usage.get("output_tokens"))),
        model=str(data.get("model") or model),
    )


def _output(items: list[Any], data: dict[str, Any]) -> LMOutput:
    texts: list[str] = []
    reasoning: list[str] = []
    calls: list[dict[str, Any]] = []
    logprobs: list[Any] = []
    for item in items:
        kind = item.get("type") if isinstance(item, dict) else None
        if kind == "message":
            for part in item.get("content") or []:
                texts.append(str(part.get("text") or part.get("refusal") or ""))
                logprobs += part.get("logprobs") or []
        elif kind == "reasoning":
            said = item.get("summary") or item.get("content") or []
            reasoning += [str(part.get("text") or "") for part in said]
        elif kind == "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            calls.append({"id": item.get("call_id"), "type": "function", "function": function})
    return LMOutput(
        "".join(texts),
        tool_calls=calls or None,
        reasoning="\n".join(filter(None, reasoning)) or None,
        logprobs={"content": logprobs} if logprobs else None,
        finish_reason=_finish(data, calls),
    )


def _finish(data: dict[str, Any], calls: list[Any]) -> str:
    if data.get("status") == "incomplete":
        reason = (data.get("incomplete_details") or {}).get("reason")
        return _CUT_OFF.get(str(reason), str(reason or "length"))
    return "tool_calls" if calls else "stop"


class ResponsesGathering:
    """Hears the deltas and keeps the last event, which holds the whole response."""

    def __init__(self, model: str, voice: Voice) -> None:
        self._model = model
        self._voice = voice
        self._whole: Any = None
        self._reasoning_part: tuple[Any, Any] | None = None

    def add(self, event: dict[str, Any]) -> None:
        """Take the next event."""
        kind = event.get("type")
        if kind in _TEXT_DELTAS:
            self._voice.text(str(event.get("delta") or ""))
        elif kind in _REASONING_DELTAS:
            part = (event.get("output_index"), event.get("summary_index", event.get("content_index")))
            if self._reasoning_part not in (None, part):
                self._voice.reasoning("\n")
            self._reasoning_part = part
            self._voice.reasoning(str(event.get("delta") or ""))
        elif kind in _ENDS:
            self._whole = event.get("response")

    @property
    def complete(self) -> bool:
        """Whether the last event was there."""
        return self._whole is not None

    def response(self) -> LMResponse:
        """Return the whole answer."""
        return response_of(self._whole, self._model)


API = Api("/responses", body_of, response_of, ResponsesGathering, streamed={})
