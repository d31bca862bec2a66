"""What makes two requests the same request: the cache key, and a response as bytes and back.

Knows nothing about where the bytes are kept. JSON in both directions; nothing that could become code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from core.foundation.fingerprint import canonical_json, jsonable
from core.messages import LMOutput, LMRequest, LMResponse, Usage

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
    whole = [
        FORMAT,
        identity,
        request.model,
        request.model_type,
        request.messages,
        params,
        request.rollout_id,
    ]
    try:
        text = _as_key_text(whole)
    except (TypeError, ValueError):  # keys of mixed types
        text = canonical_json(whole)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


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
        usage = Usage(int(prompt), int(completion))
        # By position: cost, latency, cached, what it saved, attempts.
        return LMResponse(outputs, usage, str(whole["model"]), 0.0, 0.0, True, float(saved or 0.0), 0)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _output(
    text: Any, tool_calls: Any, reasoning: Any, logprobs: Any, finish_reason: Any, citations: Any = None
) -> LMOutput:
    if not isinstance(text, str):
        raise TypeError
    return LMOutput(text, tool_calls, reasoning, logprobs, finish_reason, citations)
