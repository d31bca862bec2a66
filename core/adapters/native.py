"""What a model gives in its own way instead of in text: tool calls, reasoning, citations.

Knows nothing about endpoints: a model says in `supports_…` what it can do, and a custom type says in
`adapt_to_native_lm_feature` and `parse_lm_response` how it uses that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.adapters.special import Special, is_custom, types_within
from core.foundation.errors import SignatureError
from core.messages import LMOutput
from core.signature import SignatureMeta
from core.wire.layout import ReplyError

__all__ = ["Native", "native_request"]

_KEY = "native"


@dataclass(frozen=True)
class Native:
    """What was taken out of a request's signature.

    Attributes:
        signature: The whole signature.
        kinds: The outputs that are read from beside the text, with their types.
        calls: The one of them that holds tool calls; "" without.
    """

    signature: SignatureMeta
    kinds: dict[str, Any]
    calls: str

    def values(
        self, output: LMOutput, asked: SignatureMeta, read: Callable[[str], dict[str, Any]]
    ) -> dict[str, Any]:
        """Return all outputs of a completion, in the order of the whole signature.

        Args:
            asked: The signature of the request.
            read: Reads the outputs that stand in the text.

        Raises:
            ReplyError: The text cannot be read, or the calls cannot.
        """
        found = self._of_text(output, asked, read)
        for name, kind in self.kinds.items():
            found[name] = self._calls(output, asked) if name == self.calls else kind.parse_lm_response(output)
        named = {name: found[name] for name in self.signature.output_fields if name in found}
        return named | found

    def _of_text(
        self, output: LMOutput, asked: SignatureMeta, read: Callable[[str], dict[str, Any]]
    ) -> dict[str, Any]:
        names = asked.output_fields
        if not names:
            return {}
        calling = bool(self.calls and output.tool_calls)
        if calling and not (output.text or "").strip():
            return dict.fromkeys(names)
        try:
            return read(output.text or "")
        except ReplyError as error:
            if not calling:
                raise
            return {
                name: error.values.get(name) for name in names
            }  # who calls a tool may say anything beside it

    def _calls(self, output: LMOutput, asked: SignatureMeta) -> Any:
        kind = self.kinds[self.calls]
        given: Any = output.tool_calls or []
        if not given and not asked.output_fields and '"tool_calls"' in (output.text or ""):
            given = output.text  # written out by a model that was to call
        try:
            return kind.model_validate(given)
        except ValueError as error:
            raise ReplyError("", {self.calls: f"the tool calls cannot be read: {error}"}) from error


def native_request(
    adapter: Any,
    special: Special,
    lm: Any,
    lm_kwargs: Mapping[str, Any],
    signature: SignatureMeta,
    inputs: Mapping[str, Any],
) -> tuple[SignatureMeta, Mapping[str, Any]]:
    """Return the signature and the settings of a request: without what the model gives in its own way.

    Raises:
        SignatureError: Tool calls are wanted of a model that makes them natively, and no input holds tools.
    """
    settings = dict(lm_kwargs)
    taken: dict[str, Any] = {}
    calls, asked = "", signature
    for name, kind in special.natives.items():
        if hasattr(kind, "from_dict_list") and "tool_calls" in kind.model_fields:
            if not adapter.use_native_function_calling or not getattr(lm, "supports_function_calling", False):
                continue
            asked = _with_tools(adapter, signature, asked, name, inputs, settings)
            taken[name], calls = kind, name
        elif _is_wanted(kind, adapter.native_response_types):
            adapted = kind.adapt_to_native_lm_feature(asked, name, lm, settings)
            if name not in adapted.output_fields:
                taken[name] = kind
            asked = adapted
    if not taken:
        return signature, lm_kwargs
    return _kept(signature, asked, taken, calls), settings


def _is_wanted(kind: Any, wanted: list[Any] | None) -> bool:
    """Whether the adapter takes a type natively; by default all that know how."""
    return wanted is None or any(issubclass(kind, one) for one in wanted)


def _with_tools(
    adapter: Any,
    signature: SignatureMeta,
    asked: SignatureMeta,
    calls: str,
    inputs: Mapping[str, Any],
    settings: dict[str, Any],
) -> SignatureMeta:
    holders = [name for name, field in signature.input_fields.items() if _holds_tools(field.annotation)]
    if not holders:
        raise SignatureError(
            f"Output '{calls}' is to hold tool calls, and no input holds tools.",
            hint="Add an input of type list[core.Tool].",
        )
    tools = [tool.as_function() for name in holders for tool in _tools(inputs.get(name))]
    if tools:
        settings["tools"] = [*settings.get("tools", ()), *tools]
        if adapter.parallel_tool_calls is not None:
            settings.setdefault("parallel_tool_calls", adapter.parallel_tool_calls)
    for name in (*holders, calls):
        asked = asked.delete(name)
    return asked


def _holds_tools(annotation: Any) -> bool:
    return any(is_custom(kind) and hasattr(kind, "as_function") for kind in types_within(annotation))


def _tools(value: Any) -> list[Any]:
    from core.data.types.tool import Tool

    if value is None or isinstance(value, str):
        return []
    several = (
        value.values()
        if isinstance(value, Mapping)
        else value
        if isinstance(value, (list, tuple))
        else [value]
    )
    return [item if isinstance(item, Tool) else Tool(item) for item in several]


def _kept(signature: SignatureMeta, asked: SignatureMeta, taken: dict[str, Any], calls: str) -> SignatureMeta:
    """Return the request's signature, the same one for each request like it, so that it is compiled once."""
    made = signature.made.setdefault("native_requests", {})
    key = (tuple(asked.fields), asked.instructions)
    if key not in made:
        asked.made[_KEY] = Native(signature, taken, calls)
        made[key] = asked
    return made[key]
