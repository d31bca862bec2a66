"""The JSON adapter: inputs under markers, the reply one JSON object, enforced by the endpoint where it can.

Knows nothing about the text itself: `core.wire.json_layout`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.adapters.base import Adapter, adapters
from core.foundation.errors import (
    ContextWindowExceededError,
    LMInvalidRequestError,
    LMUnsupportedFeatureError,
    LMUnsupportedModelError,
)
from core.messages import LanguageModel, LMResponse, Message
from core.signature import SignatureMeta, json_schema
from core.trace import emit
from core.wire.json_layout import JsonLayout

__all__ = ["JSONAdapter", "response_schema"]

# Structured modes ask for closed objects; a type with open keys or without a form of its own cannot be enforced.
_OPEN_KINDS = frozenset({"dict", "any", "custom", "bytes", "tuple"})


@adapters.register("json", summary="Marked inputs, one JSON object back", label="JSON")
class JSONAdapter(Adapter):
    """Marked inputs, one JSON object back.

    `response_format` is a strict JSON schema where the model takes one and the types can be enforced, else
    `{"type": "json_object"}`. An endpoint that refuses a format is asked again with the next weaker one.
    """

    layout = JsonLayout

    def __init__(
        self,
        callbacks: list[Any] | None = None,
        use_native_function_calling: bool = True,
        native_response_types: list[Any] | None = None,
        parallel_tool_calls: bool | None = None,
        *,
        repair_turns: int = 1,
    ) -> None:
        super().__init__(
            callbacks,
            use_native_function_calling,
            native_response_types,
            parallel_tool_calls,
            repair_turns=repair_turns,
        )

    async def ask(
        self,
        lm: LanguageModel,
        messages: list[Message],
        lm_kwargs: Mapping[str, Any],
        signature: SignatureMeta,
    ) -> LMResponse:
        """Send one request with the strongest `response_format` that the endpoint takes."""
        if "response_format" in lm_kwargs or not signature.output_fields:
            return await lm.respond(messages, **lm_kwargs)
        for response_format in _formats(lm, signature):
            try:
                return await lm.respond(messages, **lm_kwargs, response_format=response_format)
            except (ContextWindowExceededError, LMUnsupportedModelError):
                raise
            except (LMInvalidRequestError, LMUnsupportedFeatureError) as error:
                emit("adapter.response_format_refused", format=response_format["type"], because=error.message)
        return await lm.respond(messages, **lm_kwargs)


def _formats(lm: LanguageModel, signature: SignatureMeta) -> Iterator[dict[str, Any]]:
    if getattr(lm, "supports_response_schema", False) and (schema := response_schema(signature)):
        yield schema
    yield {"type": "json_object"}


def response_schema(signature: SignatureMeta) -> dict[str, Any] | None:
    """Return the `response_format` of a signature's outputs, or None where a type cannot be enforced."""
    made = signature.made
    if "response_schema" not in made:
        made["response_schema"] = _response_schema(signature)
    return made["response_schema"]


def _response_schema(signature: SignatureMeta) -> dict[str, Any] | None:
    fields = signature.output_fields
    if any(_is_open(field.shape) for field in fields.values()):
        return None
    properties: dict[str, Any] = {}
    for name, field in fields.items():
        properties[name] = _strict(json_schema(field.shape))
        if field.has_desc:
            properties[name]["description"] = field.desc
    schema = _strict({"type": "object", "properties": properties})
    return {
        "type": "json_schema",
        "json_schema": {"name": signature.__name__[:64], "strict": True, "schema": schema},
    }


def _is_open(shape: Mapping[str, Any]) -> bool:
    kind = shape["kind"]
    if kind in _OPEN_KINDS:
        return True
    if kind in ("list", "set"):
        return _is_open(shape["items"])
    if kind == "optional":
        return _is_open(shape["of"])
    if kind == "union":
        return any(_is_open(option) for option in shape["of"])
    return kind == "object" and any(_is_open(member["shape"]) for member in shape["fields"].values())


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema as strict modes want it: every property required, nothing beside them."""
    strict = {key: value for key, value in schema.items() if key != "uniqueItems"}
    if isinstance(strict.get("items"), dict):
        strict["items"] = _strict(strict["items"])
    if "anyOf" in strict:
        strict["anyOf"] = [_strict(option) for option in strict["anyOf"]]
    if "properties" in strict:
        strict["properties"] = {name: _strict(inner) for name, inner in strict["properties"].items()}
        strict["required"] = list(strict["properties"])
        strict["additionalProperties"] = False
    return strict
