"""`ToolCalls`: what a model wants called, and `ToolCallResults`: what the calls gave.

Knows nothing about models; reads the calls in every form that models and providers write them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Self

import pydantic

from core.data.types.tool import Tool
from core.data.types.type import Part, Type
from core.foundation.errors import UnknownNameError

__all__ = ["ToolCall", "ToolCallResults", "ToolCalls"]

Functions = Mapping[str, Any] | Sequence[Any]


class ToolCall(Type):
    """One call: which tool with which arguments; `id` is the provider's, for the answer to name."""

    id: str | None = None
    name: str
    args: dict[str, Any]

    @pydantic.model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        return _call_data(value) if isinstance(value, Mapping) else value

    @pydantic.model_serializer(mode="wrap")
    def _written(self, default: Any) -> Any:
        return {key: value for key, value in default(self).items() if key != "id" or value is not None}

    def format(self) -> Any:
        """Return name and arguments as JSON data; ids mean nothing to a model that reads text."""
        return {"name": self.name, "args": self.args}

    def as_provider(self) -> dict[str, Any]:
        """Return it in the OpenAI protocol's form of an assistant message's `tool_calls`."""
        function = {"name": self.name, "arguments": json.dumps(self.args, ensure_ascii=False)}
        return {"id": self.id or f"call_{self.name}", "type": "function", "function": function}

    def execute(self, functions: Functions | None = None) -> Any:
        """Call the tool from sync code and return what it gives.

        Args:
            functions: {name: function or Tool}, or a list of them; None looks the name up where the call stands.

        Raises:
            UnknownNameError: There is no such tool.
            ValueCoercionError: An argument does not fit.
        """
        return self._tool(functions)(**self.args)

    async def aexecute(self, functions: Functions | None = None) -> Any:
        """Same as `execute`, from async code."""
        return await self._tool(functions).acall(**self.args)

    def _tool(self, functions: Functions | None) -> Tool:
        known = _by_name(functions) if functions is not None else {}
        found = known.get(self.name) if functions is not None else _at_caller(self.name)
        if found is None:
            hint = (
                f"There are: {', '.join(known)}." if known else "Pass the functions: call.execute([search])."
            )
            raise UnknownNameError(f"There is no tool called '{self.name}'.", hint=hint)
        return found if isinstance(found, Tool) else Tool(found, name=self.name)


def _by_name(functions: Functions) -> dict[str, Any]:
    if isinstance(functions, Mapping):
        return dict(functions)
    return {
        item.name if isinstance(item, Tool) else getattr(item, "__name__", ""): item for item in functions
    }


def _at_caller(name: str) -> Callable[..., Any] | None:
    """Return the callable of that name as the code that executes the call sees it."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__") == __name__:
        frame = frame.f_back
    if frame is None:
        return None
    candidates = [*frame.f_locals.values(), *frame.f_globals.values()]
    named = next((item for item in candidates if isinstance(item, Tool) and item.name == name), None)
    found = named or frame.f_locals.get(name) or frame.f_globals.get(name)
    return found if callable(found) else None


def _call_data(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return {"id", "name", "args"} from our form, a provider's, or `arguments` beside the name."""
    function = value.get("function")
    source: Mapping[str, Any] = function if isinstance(function, Mapping) else value
    args = source.get("args", source.get("arguments", source.get("input")))
    if isinstance(args, str):
        args = _json_object(args)
    found = {"id": value.get("id") or value.get("call_id"), "name": source.get("name"), "args": args}
    return {key: item for key, item in found.items() if item is not None}


def _json_object(text: str) -> Any:
    """Return the arguments that a provider sends as JSON text, mended where a model broke them off."""
    if not text.strip():
        return {}
    from core.wire.jsonish import JsonishError, parse_json

    try:
        return parse_json(text)
    except JsonishError:
        return text  # pydantic names it as no object


class ToolCallResults(Type):
    """What calls gave, each with the id and the name of its call."""

    class ToolCallResult(pydantic.BaseModel):
        """What one call gave.

        Attributes:
            call_id: The id of the call.
            value: What the tool returned, or the text of its error.
            is_error: It raised.
        """

        call_id: str | None = None
        name: str
        value: Any
        is_error: bool = False

    tool_call_results: list[ToolCallResult]

    @pydantic.model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return {"tool_call_results": list(value)}
        return {"tool_call_results": [value]} if isinstance(value, Mapping) and "name" in value else value

    @classmethod
    def from_tool_calls_and_values(
        cls, tool_calls: ToolCalls, values: Iterable[Any], is_errors: Iterable[bool] | None = None
    ) -> Self:
        """Return the results of calls, in their order."""
        errors = list(is_errors) if is_errors is not None else [False] * len(tool_calls.tool_calls)
        results = [
            cls.ToolCallResult(call_id=call.id, name=call.name, value=value, is_error=failed)
            for call, value, failed in zip(tool_calls.tool_calls, values, errors, strict=True)
        ]
        return cls(tool_call_results=results)

    def format(self) -> Any:
        """Return the results as plain dicts; what the tools gave stays as it is."""
        rows = [
            {"call_id": item.call_id, "name": item.name, "value": item.value, "is_error": item.is_error}
            for item in self.tool_call_results
        ]
        return {
            "tool_call_results": [
                {name: value for name, value in row.items() if name == "value" or value is not None}
                for row in rows
            ]
        }

    def messages(self) -> list[dict[str, Any]]:
        """Return them as the OpenAI protocol's `tool` messages."""
        return [
            {
                "role": "tool",
                "tool_call_id": item.call_id or f"call_{item.name}",
                "content": value_content(item.value),
            }
            for item in self.tool_call_results
        ]


def value_content(value: Any) -> str | list[Part]:
    """Return what a tool gave as the content of a message: parts of a custom type, text, or JSON."""
    if isinstance(value, Type):
        made = value.format()
        if isinstance(made, list):
            return made
    from core.wire.values import value_text

    return value_text(value)


class ToolCalls(Type):
    """The calls that a model asks for. In text: {"tool_calls": [{"name": …, "args": {…}}]}."""

    ToolCall: ClassVar[type[ToolCall]] = ToolCall

    tool_calls: list[ToolCall]
    tool_call_results: ToolCallResults | None = None

    @pydantic.model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = _json_object(value)
        if isinstance(value, (list, tuple)):
            return {"tool_calls": list(value)}
        if (
            isinstance(value, Mapping)
            and "tool_calls" not in value
            and ("name" in value or "function" in value)
        ):
            return {"tool_calls": [value]}
        return value

    @classmethod
    def from_dict_list(cls, tool_calls_dicts: Iterable[Mapping[str, Any]]) -> Self:
        """Return tool_calls_dicts from [{"name": …, "args": {…}}], or from a provider's list."""
        return cls.model_validate({"tool_calls": list(tool_calls_dicts)})

    @classmethod
    def __get_pydantic_json_schema__(cls, _core: Any, _handler: Any) -> dict[str, Any]:
        call = {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "args": {"type": "object", "additionalProperties": True},
            },
            "required": ["name", "args"],
        }
        calls = {"tool_calls": {"type": "array", "items": call}}
        return {"type": "object", "properties": calls, "required": ["tool_calls"]}

    @classmethod
    def description(cls) -> str:
        """Return the form of the calls."""
        return 'A JSON object: {"tool_calls": [{"name": tool, "args": {argument: value}}, …]}.'

    def __len__(self) -> int:
        return len(self.tool_calls)

    def format(self) -> Any:
        """Return the calls as JSON data."""
        return {"tool_calls": [call.format() for call in self.tool_calls]}
