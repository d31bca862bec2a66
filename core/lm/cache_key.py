"""What makes two requests the same request: the cache key, and a response as bytes and back.

Knows nothing about where the bytes are kept. JSON in both directions; nothing that could become code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from core.foundation.fingerprint import canonical_json, jsonable
from core.messages import LMOutput, LMRequest, LMResponse, Message, Usage

__all__ = ["decode", "encode", "request_key"]

FORMAT = 1
"""Counts up when keys or values change their meaning; older rows then miss."""

NOT_SEMANTIC = frozenset({"timeout", "stream", "stream_options"})
"""How a request travels, not what it asks."""


# Made once: `json.dumps` with options makes an encoder per call, and `encode` one in C per call.
_KEYS = json.JSONEncoder(sort_keys=True, default=jsonable)
_VALUES = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=jsonable)
_READER = json.JSONDecoder()


def _key_text() -> Callable[[Any], str]:
    """Return `_KEYS.encode`, or what it calls in the end where this Python's `json` has that."""
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _KEYS.encode
    quote = json.encoder.encode_basestring_ascii
    chunks = make(None, jsonable, quote, None, _KEYS.key_separator, _KEYS.item_separator, True, False, True)
    return lambda value: "".join(chunks(value, 0))


_as_key_text = _key_text()


def request_key(identity: str, request: LMRequest) -> str:
    """Return 64 hex digits that name the request and who answers it; credentials take no part."""
    params = request.params and {
        name: int(value) if type(value) is float and value.is_integer() else value
        for name, value in request.params.items()
        if name not in NOT_SEMANTIC
    }
    messages = request.messages
    whole = [FORMAT, identity, request.model, request.model_type, messages, params, request.rollout_id]
    try:
        if (system := _common(messages)) is not None:
            known = _begun(identity, request.model, request.model_type, system).copy()
            # Without the brackets that `_begun` opened.
            known.update(_as_key_text([messages[1:], params, request.rollout_id])[2:].encode("ascii"))
            return known.hexdigest()
        text = _as_key_text(whole)
    except (TypeError, ValueError):  # keys of mixed types
        text = canonical_json(whole)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


_MOST_COMMON = 20_000
"""Characters of a system message up to which its part of the hash is kept."""


def _common(messages: list[Message]) -> str | None:
    """Return the system message, which many requests share, where others follow it."""
    first = messages[0] if len(messages) > 1 else {}
    if len(first) != 2 or first.get("role") != "system":
        return None
    content = first.get("content")
    return content if type(content) is str and len(content) <= _MOST_COMMON else None


@lru_cache(maxsize=64)
def _begun(identity: str, model: str, model_type: str, system: str) -> Any:
    """Return the hash of a key's text up to the second message; to be copied."""
    text = _as_key_text([FORMAT, identity, model, model_type, [{"role": "system", "content": system}]])
    return hashlib.sha256(f"{text[:-2]}, ".encode("ascii"))


def encode(response: LMResponse) -> bytes:
    """Return the response as JSON bytes."""
    whole = {
        "format": FORMAT,
        "model": response.model,
        "usage": [response.usage.prompt_tokens, response.usage.completion_tokens],
        "cost": response.cost,
        "outputs": [
            [item.text, item.tool_calls, item.reasoning, item.logprobs, item.finish_reason]
            + ([item.citations] if item.citations else [])
            for item in response.outputs
        ],
    }
    return _VALUES.encode(whole).encode("utf-8", "surrogatepass")


def decode(data: bytes) -> LMResponse | None:
    """Return the stored response as a cached one; None where the bytes are not what `encode` writes."""
    try:
        whole: dict[str, Any]
        whole, _ = _READER.raw_decode(data.decode("utf-8", "surrogatepass"))
        if whole["format"] != FORMAT:
            return None
        outputs = [_output(*item) for item in whole["outputs"]]
        prompt, completion = whole["usage"]
        saved = whole["cost"]
        usage = _usage(int(prompt), int(completion))
        # By position: cost, latency, cached, what it saved, attempts.
        return LMResponse(outputs, usage, str(whole["model"]), 0.0, 0.0, True, float(saved or 0.0), 0)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


_usage = lru_cache(maxsize=4096)(Usage)


def _output(
    text: Any, tool_calls: Any, reasoning: Any, logprobs: Any, finish_reason: Any, citations: Any = None
) -> LMOutput:
    if not isinstance(text, str):
        raise TypeError
    return LMOutput(text, tool_calls, reasoning, logprobs, finish_reason, citations)
