"""What a model gives in its own way: tool calls, reasoning, citations beside the text."""

from __future__ import annotations

from typing import Any

import pytest

import core
from core.adapters import ChatAdapter, JSONAdapter
from core.data.types import Citations, Document, Reasoning, Tool, ToolCalls
from core.foundation.errors import AdapterParseError, SignatureError
from core.messages import LMOutput


def g(a: int) -> int:
    """Give."""
    return a


CALLS = [{"id": "c1", "type": "function", "function": {"name": "g", "arguments": '{"a": 1}'}}]
FIELDS: dict[str, Any] = {
    "q": (str, core.InputField()),
    "tools": (list[Tool], core.InputField()),
    "thought": (str, core.OutputField()),
    "calls": (ToolCalls, core.OutputField()),
}
THOUGHT = "[[ ## thought ## ]]\nhm\n\n[[ ## completed ## ]]"
NATIVE = ChatAdapter(use_native_function_calling=True, repair_turns=0)


class Able(core.ScriptedLM):
    """A model that calls tools, reasons and cites."""

    supports_reasoning = True
    supports_citations = True


def ask(output: LMOutput, adapter: Any = NATIVE, able: bool = True, fields: Any = None, **inputs: Any) -> Any:
    """Return the prediction and the request."""
    lm = Able([output] * 3, supports_function_calling=able)
    with core.context(lm=lm, adapter=adapter):
        made = core.Predict(core.Signature(fields or FIELDS, "Do."))(
            q="x", **(inputs or {"tools": [Tool(g)]})
        )
    return made, lm.requests[0]


def test_tools_leave_the_prompt_and_calls_come_beside_the_text() -> None:
    made, request = ask(LMOutput(THOUGHT, tool_calls=CALLS))
    assert request.params["tools"] == [Tool(g).as_function()]
    assert "parallel_tool_calls" not in request.params
    assert "tools" not in str(request.messages) and "calls" not in str(request.messages)
    assert (made.thought, made.calls.tool_calls[0].id, made.calls.tool_calls[0].args) == (
        "hm",
        "c1",
        {"a": 1},
    )
    assert list(made.keys()) == ["thought", "calls"]


@pytest.mark.parametrize(
    ("output", "thought", "count"),
    [
        (LMOutput("", tool_calls=CALLS), None, 1),
        (LMOutput(THOUGHT), "hm", 0),
        (LMOutput("Let me look.", tool_calls=CALLS), "Let me look.", 1),
    ],
    ids=["calls alone", "text alone", "prose beside"],
)
def test_text_and_calls_may_each_be_absent(output: LMOutput, thought: str | None, count: int) -> None:
    made, _ = ask(output)
    assert (made.thought, len(made.calls)) == (thought, count)


def test_neither_text_nor_calls_is_no_answer() -> None:
    with pytest.raises(AdapterParseError):
        ask(LMOutput(""))


def test_broken_arguments_are_sent_back() -> None:
    broken = [{"id": "c", "type": "function", "function": {"name": "g", "arguments": "no json"}}]
    lm = Able(
        [LMOutput(THOUGHT, tool_calls=broken), LMOutput(THOUGHT, tool_calls=CALLS)],
        supports_function_calling=True,
    )
    with core.context(lm=lm, adapter=ChatAdapter(use_native_function_calling=True)):
        made = core.Predict(core.Signature(FIELDS))(q="x", tools=[Tool(g)])
    assert made.calls.tool_calls[0].args == {"a": 1}
    assert "tool calls cannot be read" in lm.requests[1].messages[-1]["content"]


def test_calls_alone_ask_for_no_text() -> None:
    fields = {name: FIELDS[name] for name in ("q", "tools", "calls")}
    made, request = ask(LMOutput("", tool_calls=CALLS), fields=fields)
    assert len(made.calls) == 1
    assert "Output fields" not in request.messages[0]["content"]
    assert request.messages[1]["content"] == "[[ ## q ## ]]\nx"
    made, _ = ask(LMOutput('{"tool_calls": [{"name": "g", "args": {}}]}'), fields=fields)
    assert made.calls.tool_calls[0].name == "g"


def test_functions_are_taken_for_tools_and_one_tool_for_a_list() -> None:
    fields = {**FIELDS, "tools": (Tool, core.InputField())}
    _, request = ask(LMOutput(THOUGHT, tool_calls=CALLS), fields=fields, tools=Tool(g))
    assert [tool["function"]["name"] for tool in request.params["tools"]] == ["g"]
    _, request = ask(LMOutput(THOUGHT, tool_calls=CALLS), tools=[g])
    assert [tool["function"]["name"] for tool in request.params["tools"]] == ["g"]


def test_parallel_calls_are_said_when_somebody_says() -> None:
    adapter = ChatAdapter(use_native_function_calling=True, parallel_tool_calls=False)
    _, request = ask(LMOutput(THOUGHT, tool_calls=CALLS), adapter)
    assert request.params["parallel_tool_calls"] is False


def test_without_the_ability_or_the_wish_tools_are_text() -> None:
    reply = LMOutput(
        '[[ ## thought ## ]]\nhm\n\n[[ ## calls ## ]]\n{"tool_calls": [{"name": "g", "args": {"a": 1}}]}'
    )
    for adapter, able in ((NATIVE, False), (ChatAdapter(), True)):
        made, request = ask(reply, adapter, able)
        assert "tools" not in request.params
        assert "It takes arguments" in request.messages[1]["content"]
        assert made.calls.tool_calls[0].args == {"a": 1}


def test_calls_without_tools_are_a_mistake() -> None:
    fields = {name: FIELDS[name] for name in ("q", "calls")}
    with pytest.raises(SignatureError, match="no input holds tools") as told:
        ask(LMOutput(""), fields=fields, q2=None)
    assert isinstance(told.value, ValueError)


def test_the_json_adapter_calls_natively_by_default() -> None:
    made, request = ask(LMOutput('{"thought": "x"}', tool_calls=CALLS), JSONAdapter())
    assert request.params["response_format"] == {"type": "json_object"}
    assert request.params["tools"] and made.thought == "x" and len(made.calls) == 1
    fields = {name: FIELDS[name] for name in ("q", "tools", "calls")}
    _, request = ask(LMOutput("", tool_calls=CALLS), JSONAdapter(), fields=fields)
    assert "response_format" not in request.params


REASONS: dict[str, Any] = {
    "q": (str, core.InputField()),
    "thought": (Reasoning, core.OutputField()),
    "a": (str, core.OutputField()),
}
ANSWER = "[[ ## a ## ]]\nyes\n\n[[ ## completed ## ]]"


def test_a_model_that_reasons_by_itself_is_not_asked_to_write_it() -> None:
    made, request = ask(LMOutput(ANSWER, reasoning="because"), ChatAdapter(), fields=REASONS, other=None)
    assert request.params["reasoning_effort"] == "low"
    assert "thought" not in str(request.messages)
    assert (made.thought, made.a) == ("because", "yes")
    made, _ = ask(LMOutput(ANSWER), ChatAdapter(), fields=REASONS, other=None)
    assert made.thought is None


def test_native_types_can_be_switched_off() -> None:
    reply = LMOutput("[[ ## thought ## ]]\nwritten\n\n" + ANSWER)
    made, request = ask(reply, ChatAdapter(native_response_types=[]), fields=REASONS, other=None)
    assert (made.thought, "reasoning_effort" in request.params) == ("written", False)


def test_citations_come_from_beside_the_text() -> None:
    fields = {
        "q": (str, core.InputField()),
        "documents": (list[Document], core.InputField()),
        "a": (str, core.OutputField()),
        "citations": (Citations, core.OutputField()),
    }
    one = {"cited_text": "t", "document_index": 0, "start_char_index": 0, "end_char_index": 1}
    made, request = ask(
        LMOutput(ANSWER, citations=[one]), ChatAdapter(), fields=fields, documents=[Document("text")]
    )
    assert [part["type"] for part in request.messages[1]["content"]] == ["text", "document", "text"]
    assert made.citations[0].cited_text == "t"


def test_requests_of_a_kind_share_one_compiled_signature() -> None:
    lm = Able([LMOutput(THOUGHT, tool_calls=CALLS)] * 2, supports_function_calling=True)
    predict = core.Predict(core.Signature(FIELDS))
    with core.context(lm=lm, adapter=NATIVE):
        predict(q="x", tools=[Tool(g)])
        predict(q="y", tools=[Tool(g)])
    assert len(predict.signature.made["native_requests"]) == 1
