"""Tools: what a model is told of them, what they do with what it gives, and the calls in every written form."""

from __future__ import annotations

import asyncio
import functools
import json
import sys
import types
from typing import Any, Literal, Optional

import pydantic
import pytest

import core
from core.data.types import Tool, ToolCall, ToolCallResults, ToolCalls, tool_sources
from core.foundation.errors import ConfigurationError, MissingExtraError, UnknownNameError, ValueCoercionError
from core.trace import MemorySink, sink_to


class Place(pydantic.BaseModel):
    name: str
    country: str = "DE"


def weather(
    place: Place,
    days: int = 1,
    unit: Literal["C", "F"] = "C",
    note: Optional[str] = None,  # noqa: UP045
    **more: Any,
) -> str:
    """Tell the weather.

    For some days.
    """
    return f"{place.name}/{place.country} {days} {unit} {note} {sorted(more)}"


def add(a: int, b: int = 2) -> int:
    return a + b


async def later(a: int) -> int:
    await asyncio.sleep(0)
    return a + 1


def test_name_description_and_schema_come_from_the_function() -> None:
    tool = Tool(weather)
    assert (tool.name, tool.desc, tool.has_kwargs) == ("weather", "Tell the weather.\n\nFor some days.", True)
    assert list(tool.args) == ["place", "days", "unit", "note"]
    assert tool.args["place"]["properties"]["country"] == {"default": "DE", "type": "string"}
    assert tool.args["unit"] == {"enum": ["C", "F"], "type": "string", "default": "C"}
    assert tool.args["note"] == {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    assert tool.parameters_schema()["required"] == ["place"]
    assert tool.parameters_schema()["additionalProperties"] is True


def test_the_function_dict_is_that_of_the_openai_protocol() -> None:
    assert Tool(add).format_as_litellm_function_call() == {
        "type": "function",
        "function": {
            "name": "add",
            "description": "",
            "parameters": {
                "type": "object",
                "properties": {"a": {"type": "integer"}, "b": {"type": "integer", "default": 2}},
                "required": ["a"],
            },
        },
    }


def test_what_the_caller_says_goes_before_what_the_function_says() -> None:
    tool = Tool(add, name="plus", desc="Adds.", arg_types={"a": float}, arg_desc={"a": "first"})
    assert (tool.name, tool.desc) == ("plus", "Adds.")
    assert tool.args["a"] == {"type": "number", "description": "first"}
    assert tool(a="1.5") == 3.5


def test_as_text_it_reads_as_dspy_writes_it() -> None:
    assert str(Tool(add)) == (
        "add. It takes arguments {'a': {'type': 'integer'}, 'b': {'type': 'integer', 'default': 2}}."
    )
    assert str(Tool(weather)).startswith(
        "weather, whose description is <desc>Tell the weather.  For some days.</desc>. It takes arguments {"
    )


def test_arguments_are_coerced_to_their_types() -> None:
    assert Tool(weather)(place={"name": "Ulm"}, days="3", extra=1) == "Ulm/DE 3 C None ['extra']"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "needs the argument 'a'"),
        ({"a": "x"}, "'a' of tool 'add'"),
        ({"a": 1, "z": 1}, "no argument 'z'"),
    ],
)
def test_an_argument_that_does_not_fit_is_named(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueCoercionError, match=named):
        Tool(add)(**given)


def test_methods_objects_partials_and_positional_arguments_are_called_right() -> None:
    class Scale:
        """Scales."""

        def __call__(self, x: int, /, factor: int = 2) -> int:
            return x * factor

        def half(self, x: float) -> float:
            """Halve."""
            return x / 2

    assert Tool(Scale())(x="3") == 6
    assert (Tool(Scale()).name, Tool(Scale()).desc) == ("Scale", "Scales.")
    assert Tool(Scale().half).desc == "Halve."
    assert Tool(functools.partial(add, 5))(b=1) == 6
    assert Tool(functools.partial(add, 5)).name == "add"


def test_a_schema_without_types_is_checked_too() -> None:
    schema = {
        "n": {"type": "integer"},
        "o": {"type": "object", "properties": {"z": {"type": "number"}}, "required": ["z"]},
        "k": {"enum": ["a", "b"]},
        "l": {"type": "array", "items": {"type": ["string", "null"]}},
    }
    tool = Tool(lambda **given: given, name="open", args=schema)
    assert tool(n="3", o={"z": "4", "y": 1}, l=["x", None]) == {
        "n": 3,
        "o": {"z": 4.0, "y": 1},
        "l": ["x", None],
    }
    with pytest.raises(ValueCoercionError, match="'k'"):
        tool(k="c")


def test_recursive_models_have_a_schema_that_ends() -> None:
    class Node(pydantic.BaseModel):
        title: str
        children: list[Node] = []

    Node.model_rebuild(_types_namespace={"Node": Node})
    tool = Tool(lambda node: node, name="walk", arg_types={"node": Node})
    assert tool.args["node"]["properties"]["title"] == {"type": "string"}
    assert json.dumps(tool.as_function())


def test_an_async_tool_needs_leave_to_be_called_from_sync_code() -> None:
    with pytest.raises(ConfigurationError, match="async"):
        Tool(later)(a=1)
    with core.context(allow_tool_async_sync_conversion=True):
        assert Tool(later)(a="1") == 2


def test_both_colours_are_called_from_async_code() -> None:
    async def both() -> list[int]:
        return [await Tool(later).acall(a=1), await Tool(add).acall(a=1)]

    assert asyncio.run(both()) == [2, 3]


def test_each_call_is_a_step_of_the_trace() -> None:
    with sink_to(MemorySink()) as sink:
        Tool(add)(a=1)
    (span,) = sink.spans
    assert (span.kind, span.name, span.attributes) == ("tool", "add", {"inputs": {"a": 1}, "outputs": 3})


def test_callbacks_hear_of_it() -> None:
    heard: list[Any] = []

    class Ears(core.BaseCallback):
        def on_tool_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            heard.append((instance.name, inputs))

        def on_tool_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
            heard.append(outputs)

    with core.context(callbacks=[Ears()]):
        Tool(add)(a=1)
        asyncio.run(Tool(add).acall(a=2))
    assert heard == [("add", {"kwargs": {"a": 1}}), 3, ("add", {"kwargs": {"a": 2}}), 4]


def test_a_tool_of_nothing_callable_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="callable"):
        Tool("add")  # type: ignore[arg-type]


def test_tools_of_other_systems_come_through_what_interop_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("core.interop.langchain")
    monkeypatch.setitem(sys.modules, "core.interop.langchain", module)
    monkeypatch.setitem(tool_sources, "langchain", lambda tool: Tool(add, name=tool))
    assert Tool.from_langchain("x").name == "x"
    monkeypatch.delitem(tool_sources, "mcp", raising=False)
    monkeypatch.setitem(sys.modules, "core.interop.mcp", None)
    with pytest.raises(MissingExtraError):
        Tool.from_mcp_tool(None, None)


CALLS: list[Any] = [
    {"tool_calls": [{"name": "add", "args": {"a": 1}}]},
    {"name": "add", "args": {"a": 1}},
    [{"name": "add", "args": {"a": 1}}],
    [{"name": "add", "arguments": {"a": 1}}],
    {"tool_calls": [{"type": "function", "id": "c1", "function": {"name": "add", "arguments": '{"a": 1}'}}]},
    {"function": {"name": "add", "arguments": '{"a": 1}'}},
    '{"tool_calls": [{"name": "add", "args": {"a": 1}}]}',
    [{"name": "add", "args": '{"a": 1'}],
]


@pytest.mark.parametrize("written", CALLS, ids=range(len(CALLS)))
def test_calls_are_read_in_every_form(written: Any) -> None:
    (call,) = ToolCalls.model_validate(written).tool_calls
    assert (call.name, call.args) == ("add", {"a": 1})


@pytest.mark.parametrize("written", ["x", {"name": "add"}, [{"nm": 1}], 3])
def test_what_is_no_call_is_refused(written: Any) -> None:
    with pytest.raises(ValueError):
        ToolCalls.model_validate(written)


def test_as_text_calls_have_no_ids() -> None:
    calls = ToolCalls.from_dict_list([{"id": "c1", "name": "add", "args": {"a": 1}}])
    assert calls.format() == {"tool_calls": [{"name": "add", "args": {"a": 1}}]}
    assert ToolCalls.model_validate_json(calls.model_dump_json()) == calls
    assert not ToolCalls(tool_calls=[])


@pytest.mark.parametrize("functions", [{"add": add}, [add], [Tool(add)], {"add": Tool(add)}, None])
def test_a_call_is_executed_with_the_functions_given_or_those_in_sight(functions: Any) -> None:
    assert ToolCall(name="add", args={"a": "1"}).execute(functions) == 3


def test_a_call_of_an_unknown_tool_names_the_known() -> None:
    with pytest.raises(UnknownNameError, match="nosuch"):
        ToolCall(name="nosuch", args={}).execute([add])


def test_results_name_their_calls_as_text_and_as_messages() -> None:
    calls = ToolCalls.from_dict_list([{"id": "c1", "name": "add", "args": {}}, {"name": "later", "args": {}}])
    results = ToolCallResults.from_tool_calls_and_values(calls, [3, "boom"], [False, True])
    assert results.format()["tool_call_results"][0] == {
        "call_id": "c1",
        "name": "add",
        "value": 3,
        "is_error": False,
    }
    assert [message["tool_call_id"] for message in results.messages()] == ["c1", "call_later"]
    assert [message["content"] for message in results.messages()] == ["3", "boom"]
