"""The OpenAI protocol over the embedded model: a request body in, a response body or its chunks out.

Knows nothing about HTTP servers. Bad requests raise `BadRequest`, which says what to change.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any

from core.foundation.errors import ConfigurationError
from core.lm.embedded.embedding import DIMENSIONS, embed
from core.lm.embedded.model import VERSION, EmbeddedReply, InContextModel
from core.lm.embedded.text import count_tokens

__all__ = ["BadRequest", "ChatProtocol", "models_body"]

_MODEL = "in-context"
_MOST_COUNTED = 10_000  # requests whose arrivals are remembered; the longest unseen goes first
_MOST_REPLIES = 128
_CHUNK = 24  # characters per streamed piece


class BadRequest(ConfigurationError):
    """A request that cannot be answered; `param` names the part at fault."""

    def __init__(self, message: str, *, param: str = "", hint: str = "", status: int = 400) -> None:
        super().__init__(message, hint=hint)
        self.param = param
        self.status = status

    def body(self) -> dict[str, Any]:
        """Return the error as the protocol writes it."""
        said = f"{self.message} {self.hint}".strip()
        kind = "invalid_request_error"
        return {"error": {"message": said, "type": kind, "param": self.param or None, "code": None}}


def models_body() -> dict[str, Any]:
    """Return the list of models."""
    return {
        "object": "list",
        "data": [{"id": _MODEL, "object": "model", "created": 0, "owned_by": "workbench"}],
    }


class ChatProtocol:
    """Answers chat and embedding requests.

    A request drawn at a temperature above 0 is seeded by itself, by its `seed`, and by how many times it has arrived
    here: over HTTP no sample number travels. The table of arrivals is bounded.
    """

    def __init__(self, model: InContextModel | None = None, *, most_counted: int = _MOST_COUNTED) -> None:
        self._model = model or InContextModel()
        self._arrivals: OrderedDict[str, int] = OrderedDict()
        self._most_counted = most_counted
        self._lock = threading.Lock()

    def chat(self, body: Any) -> dict[str, Any]:
        """Return the response to a chat completion request.

        Raises:
            BadRequest: It cannot be answered.
        """
        replies, identity = self._replies(body)
        choices = [
            {
                "index": index,
                "message": {"role": "assistant", **_content(reply, identity, index), "refusal": None},
                "logprobs": None,
                "finish_reason": reply.finish_reason,
            }
            for index, reply in enumerate(replies)
        ]
        return {**_head(identity, "chat.completion"), "choices": choices, "usage": _usage(replies)}

    def stream(self, body: Any) -> Iterator[dict[str, Any]]:
        """Return the chunks of the response to a streamed request; the first error comes before the first chunk.

        Raises:
            BadRequest: It cannot be answered.
        """
        replies, identity = self._replies(body)
        options = body.get("stream_options")
        with_usage = isinstance(options, Mapping) and bool(options.get("include_usage"))
        return _chunks(replies, identity, with_usage)

    def embeddings(self, body: Any) -> dict[str, Any]:
        """Return the response to an embeddings request.

        Raises:
            BadRequest: It cannot be answered.
        """
        body = _mapping(body)
        given = body.get("input")
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise BadRequest(
                "`input` must be a text or a list of texts.", param="input", hint="Token lists are not read."
            )
        size = DIMENSIONS if body.get("dimensions") is None else body["dimensions"]
        if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= 4096:
            raise BadRequest("`dimensions` must be a whole number from 1 to 4096.", param="dimensions")
        form = body.get("encoding_format") or "float"
        if form not in {"float", "base64"}:
            raise BadRequest('`encoding_format` must be "float" or "base64".', param="encoding_format")
        data = [
            {"object": "embedding", "index": index, "embedding": embed(text, size, form)}
            for index, text in enumerate(texts)
        ]
        tokens = sum(count_tokens(text) for text in texts)
        return {
            "object": "list",
            "data": data,
            "model": _MODEL,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }

    def _replies(self, body: Any) -> tuple[list[EmbeddedReply], str]:
        body = _mapping(body)
        messages = _messages(body.get("messages"))
        temperature = _number(body, "temperature", 0.0, 0.0, 2.0)
        count = int(_number(body, "n", 1, 1, _MOST_REPLIES))
        longest = body.get("max_completion_tokens") or body.get("max_tokens")
        if longest is not None and (not isinstance(longest, int) or isinstance(longest, bool) or longest < 1):
            raise BadRequest("`max_tokens` must be a whole number above 0.", param="max_tokens")
        identity = _identity(body)
        arrival = self._arrived(identity) if temperature > 0 else 0
        replies = self._model.complete(
            messages,
            temperature=temperature,
            seed=int(_number(body, "seed", 0, -(2**63), 2**64)),
            n=count,
            max_tokens=longest,
            sample=arrival,
            response_format=body.get("response_format"),
            tools=body.get("tools"),
            tool_choice=body.get("tool_choice"),
        )
        return replies, f"{identity}-{arrival}"

    def _arrived(self, identity: str) -> int:
        """Count a request in; return how often it came before."""
        with self._lock:
            before = self._arrivals.pop(identity, 0)
            self._arrivals[identity] = before + 1
            if len(self._arrivals) > self._most_counted:
                self._arrivals.popitem(last=False)
            return before


def _mapping(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise BadRequest("The request body must be a JSON object.", hint='For example {"messages": [...]}.')
    return body


def _messages(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not value:
        raise BadRequest("`messages` must be a list with at least one message.", param="messages")
    for index, message in enumerate(value):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise BadRequest(f"Message {index} must be an object with a `role`.", param=f"messages[{index}]")
        if not isinstance(message.get("content"), (str, list, type(None))):
            raise BadRequest(
                f"The content of message {index} must be text.", param=f"messages[{index}].content"
            )
    return value


def _number(body: Mapping[str, Any], name: str, default: float, low: float, high: float) -> float:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise BadRequest(f"`{name}` must be a number from {low:g} to {high:g}.", param=name)
    return value


def _identity(body: Mapping[str, Any]) -> str:
    """Return what makes two requests the same: all of the body but how the reply travels."""
    kept = {
        name: value
        for name, value in body.items()
        if name not in {"stream", "stream_options", "user", "metadata"}
    }
    said = json.dumps(kept, sort_keys=True, ensure_ascii=False, default=str)
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def _head(identity: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{identity}",
        "object": kind,
        "created": 0,
        "model": _MODEL,
        "system_fingerprint": f"in-context-{VERSION}",
    }


def _content(reply: EmbeddedReply, identity: str, index: int) -> dict[str, Any]:
    if reply.tool_calls:
        return {"content": None, "tool_calls": _calls(reply, identity, index)}
    return {"content": reply.text}


def _calls(reply: EmbeddedReply, identity: str, index: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call-{identity}-{index}-{at}",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        for at, (name, arguments) in enumerate(reply.tool_calls)
    ]


def _usage(replies: list[EmbeddedReply]) -> dict[str, int]:
    written = sum(reply.completion_tokens for reply in replies)
    prompt = replies[0].prompt_tokens
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def _chunks(replies: list[EmbeddedReply], identity: str, with_usage: bool) -> Iterator[dict[str, Any]]:
    head = _head(identity, "chat.completion.chunk")
    if with_usage:
        head["usage"] = None
    for index, reply in enumerate(replies):
        yield {**head, "choices": [_delta(index, {"role": "assistant", "content": ""}, None)]}
        if reply.tool_calls:
            calls = [{"index": at, **call} for at, call in enumerate(_calls(reply, identity, index))]
            yield {**head, "choices": [_delta(index, {"tool_calls": calls}, None)]}
        for start in range(0, len(reply.text), _CHUNK):
            yield {**head, "choices": [_delta(index, {"content": reply.text[start : start + _CHUNK]}, None)]}
        yield {**head, "choices": [_delta(index, {}, reply.finish_reason)]}
    if with_usage:
        yield {**head, "choices": [], "usage": _usage(replies)}


def _delta(index: int, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
