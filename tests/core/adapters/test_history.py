"""Conversations in requests: the turns so far as messages, in front of the request; the field stays described."""

from __future__ import annotations

from typing import Any

import pytest

import core
from core.adapters import BAMLAdapter, ChatAdapter, JSONAdapter, XMLAdapter
from core.data.types import History, Image, Tool, ToolCallResults, ToolCalls

TURNS = [{"q": "q1", "a": "a1"}, {"q": "q2"}, {"a": "a3"}, {"q": "q4", "a": "a4", "other": "k"}]
FIELDS = {
    "q": (str, core.InputField()),
    "history": (History, core.InputField()),
    "a": (str, core.OutputField()),
}


def chat() -> Any:
    return core.Signature(FIELDS, "Talk.")


def test_turns_stand_before_the_request() -> None:
    system, *turns = ChatAdapter().format(chat(), [], {"q": "x", "history": History(messages=TURNS)})
    assert "2. `history` (History):" in system["content"] and "[[ ## history ## ]]" in system["content"]
    closed = "\n\n[[ ## completed ## ]]\n"
    assert [(turn["role"], turn["content"]) for turn in turns[:-1]] == [
        ("user", "[[ ## q ## ]]\nq1"),
        ("assistant", f"[[ ## a ## ]]\na1{closed}"),
        ("user", "[[ ## q ## ]]\nq2"),
        ("assistant", f"[[ ## a ## ]]\n(not given){closed}"),
        ("assistant", f"[[ ## a ## ]]\na3{closed}"),
        ("user", "[[ ## q ## ]]\nq4"),
        ("assistant", f"[[ ## a ## ]]\na4{closed}"),
    ]
    assert turns[-1]["content"].startswith("[[ ## q ## ]]\nx\n\nReply")
    assert "history" not in turns[-1]["content"]


@pytest.mark.parametrize(
    "adapter", [JSONAdapter(), XMLAdapter(), BAMLAdapter()], ids=lambda one: type(one).__name__
)
def test_other_adapters_write_turns_in_their_own_way(adapter: Any) -> None:
    turns = adapter.format(chat(), [], {"q": "x", "history": History(messages=TURNS[:1])})
    demo = adapter.format(chat(), [{"q": "q1", "history": None, "a": "a1"}], {"q": "x"})
    assert [turn["role"] for turn in turns] == ["system", "user", "assistant", "user"]
    assert turns[2] == demo[2]


def test_demos_stand_before_turns() -> None:
    found = ChatAdapter().format(
        chat(), [{"q": "d", "a": "e"}], {"q": "x", "history": {"messages": TURNS[:1]}}
    )
    assert [message["content"].split("\n")[-1] for message in found[1:-1:2]] == ["d", "q1"]


@pytest.mark.parametrize(
    "given", [{}, {"history": None}, {"history": History(messages=[])}, {"history": "{history}"}]
)
def test_without_turns_there_is_only_the_request(given: dict[str, Any]) -> None:
    assert len(ChatAdapter().format(chat(), [], {"q": "x", **given})) == 2


def test_turns_hold_parts() -> None:
    fields = {**FIELDS, "picture": (Image, core.InputField())}
    turn = {"q": "q1", "picture": Image("https://a/b"), "a": "a1"}
    found = ChatAdapter().format(
        core.Signature(fields),
        [],
        {"q": "x", "picture": Image("https://a/c"), "history": History(messages=[turn])},
    )
    assert [found[index]["content"][1]["image_url"]["url"][-1] for index in (1, 3)] == ["b", "c"]


def _agent() -> Any:
    fields = {
        "question": (str, core.InputField()),
        "history": (History, core.InputField()),
        "tools": (list[Tool], core.InputField()),
        "next_thought": (str, core.OutputField()),
        "tool_calls": (ToolCalls, core.OutputField()),
    }
    return core.Signature(fields, "Act.")


def _turns_with_calls() -> History:
    calls = ToolCalls.from_dict_list([{"id": "c1", "name": "g", "args": {"a": 1}}])
    calls.tool_call_results = ToolCallResults.from_tool_calls_and_values(calls, [1])
    return History(messages=[{"question": "x", "next_thought": "hm", "tool_calls": calls}])


def g(a: int) -> int:
    return a


def test_native_calls_of_turns_go_into_the_messages_own_fields() -> None:
    """As DSPy 3.4.1 sends them, seen from outside."""
    lm = core.ScriptedLM(
        ["[[ ## next_thought ## ]]\nok\n\n[[ ## completed ## ]]"], supports_function_calling=True
    )
    with core.context(lm=lm, adapter=ChatAdapter(use_native_function_calling=True)):
        core.Predict(_agent())(history=_turns_with_calls(), tools=[Tool(g)])
    _, asked, answered, told, request = lm.requests[0].messages
    assert asked == {"role": "user", "content": "[[ ## question ## ]]\nx"}
    assert answered == {
        "role": "assistant",
        "content": "[[ ## next_thought ## ]]\nhm\n\n[[ ## completed ## ]]\n",
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "g", "arguments": '{"a": 1}'}}],
    }
    assert told == {"role": "tool", "tool_call_id": "c1", "content": "1"}
    assert request["content"].startswith("Reply with")


@pytest.mark.parametrize("native", [True, False])
def test_an_image_that_a_tool_gave_is_a_part(native: bool) -> None:
    history = _turns_with_calls()
    history.messages[0]["tool_calls"].tool_call_results.tool_call_results[0].value = Image("https://a/b")
    reply = "[[ ## next_thought ## ]]\nok\n\n[[ ## tool_calls ## ]]\n[]\n\n[[ ## completed ## ]]"
    lm = core.ScriptedLM([reply], supports_function_calling=native)
    with core.context(lm=lm, adapter=ChatAdapter(use_native_function_calling=True)):
        core.Predict(_agent())(history=history, tools=[Tool(g)])
    told = lm.requests[0].messages[3]
    assert told["role"] == ("tool" if native else "user")
    assert {"type": "image_url", "image_url": {"url": "https://a/b"}} in told["content"]


def test_in_text_calls_and_what_they_gave_are_sections() -> None:
    found = ChatAdapter().format(_agent(), [], {"history": _turns_with_calls(), "tools": [Tool(g)]})
    assert [message["role"] for message in found] == ["system", "user", "assistant", "user", "user"]
    assert '[[ ## tool_calls ## ]]\n{"tool_calls": [{"name": "g", "args": {"a": 1}}]}' in found[2]["content"]
    assert found[3]["content"] == (
        '[[ ## tool_call_results ## ]]\n{"tool_call_results": '
        '[{"call_id": "c1", "name": "g", "value": 1, "is_error": false}]}'
    )
