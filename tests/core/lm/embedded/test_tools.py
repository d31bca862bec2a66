"""Tools: which one is called, with what, when it is enough; in every form in which they are offered."""

from __future__ import annotations

import json
from typing import Any

import pytest

import core
from core.lm.embedded import InContextModel
from core.lm.embedded.protocol import ChatProtocol


def weather(city: str) -> str:
    """Tell the weather in a city."""
    return f"It is sunny in {city}, 21 degrees"


def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


def search(query: str) -> str:
    """Search the encyclopedia for passages."""
    return "Orsk | Orsk is a town on the Sul. It was founded by Bren Tal in 1432."


CASES = [
    ("What is the weather in Veldra?", "weather", {"city": "Veldra"}, "sunny"),
    ("What is 12 times 7?", "multiply", {"a": 12, "b": 7}, "84"),
    ("Who founded Orsk?", "search", {"query": "founded Orsk"}, "Bren Tal"),
]


@pytest.fixture
def lm() -> Any:
    core.configure(lm=core.LM("embedded/in-context", cache=False))


@pytest.mark.usefixtures("lm")
@pytest.mark.parametrize(("question", "tool", "args", "answer"), CASES[:2])
@pytest.mark.parametrize("adapter", [core.ChatAdapter, core.JSONAdapter, core.XMLAdapter])
def test_an_agent_calls_the_tool_that_fits_and_answers_from_it(
    question: str, tool: str, args: dict[str, Any], answer: str, adapter: Any
) -> None:
    with core.context(adapter=adapter()):
        done = core.ReAct("question -> answer", tools=[weather, multiply], max_iters=4)(question=question)
    assert (done.trajectory["tool_name_0"], done.trajectory["tool_args_0"]) == (tool, args)
    assert done.trajectory["tool_name_1"] == "finish"
    assert done.answer == answer


@pytest.mark.usefixtures("lm")
def test_an_agent_searches_and_answers_from_what_it_found() -> None:
    done = core.ReAct("question -> answer", tools=[search], max_iters=4)(question=CASES[2][0])
    assert done.trajectory["tool_args_0"] == CASES[2][2]
    assert done.answer == CASES[2][3]


@pytest.mark.usefixtures("lm")
@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize(("question", "tool", "args", "answer"), CASES[:2])
def test_the_second_agent_submits_what_a_call_gave(
    question: str, tool: str, args: dict[str, Any], answer: str, native: bool
) -> None:
    with core.context(adapter=core.ChatAdapter(use_native_function_calling=native)):
        done = core.ReActV2("question -> answer", tools=[weather, multiply], max_iters=4)(question=question)
    assert done.answer == answer
    assert done.termination_reason == "submit"


def test_a_failing_tool_is_not_called_again_in_the_same_way() -> None:
    core.configure(lm=core.LM("embedded/in-context", cache=False))
    seen: list[str] = []

    def weather(city: str) -> str:
        """Tell the weather in a city."""
        seen.append(city)
        raise RuntimeError("no such city")

    done = core.ReAct("question -> answer", tools=[weather], max_iters=5)(
        question="What is the weather in Veldra?"
    )
    assert done.termination_reason == "finish"
    assert len(seen) == len(set(seen))
    assert seen[0] == "Veldra"


def _offered(function: Any) -> dict[str, Any]:
    tool = core.Tool(function)
    about = {"name": tool.name, "description": tool.desc, "parameters": tool.parameters_schema()}
    return {"type": "function", "function": about}


TOOLS = [_offered(one) for one in (weather, multiply)]


@pytest.mark.parametrize(("question", "tool", "args", "answer"), CASES[:2])
def test_the_protocols_tools_are_called_and_their_results_answered_from(
    question: str, tool: str, args: dict[str, Any], answer: str
) -> None:
    protocol = ChatProtocol()
    messages: list[dict[str, Any]] = [{"role": "user", "content": question}]
    choice = protocol.chat({"messages": messages, "tools": TOOLS})["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == tool
    assert json.loads(call["function"]["arguments"]) == args
    given = str({"weather": weather, "multiply": multiply}[tool](**args))
    messages += [choice["message"], {"role": "tool", "tool_call_id": call["id"], "content": given}]
    last = protocol.chat({"messages": messages, "tools": TOOLS})["choices"][0]
    assert last["finish_reason"] == "stop"
    assert answer in last["message"]["content"]


def test_a_streamed_call_arrives_whole() -> None:
    body = {"messages": [{"role": "user", "content": CASES[1][0]}], "tools": TOOLS, "stream": True}
    chunks = list(ChatProtocol().stream(body))
    (call,) = next(
        c["choices"][0]["delta"]["tool_calls"] for c in chunks if "tool_calls" in c["choices"][0]["delta"]
    )
    assert json.loads(call["function"]["arguments"]) == {"a": 12, "b": 7}
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_the_choice_of_tools_is_the_requests() -> None:
    model = InContextModel()
    messages = [{"role": "user", "content": CASES[0][0]}]
    assert not model.complete(messages, tools=TOOLS, tool_choice="none")[0].tool_calls
    chosen = {"type": "function", "function": {"name": "multiply"}}
    assert model.complete(messages, tools=TOOLS, tool_choice=chosen)[0].tool_calls[0][0] == "multiply"
    assert model.complete(messages, tools="nonsense")[0].text
    assert model.complete(messages, tools=[1, {"function": {}}, {"function": {"name": "x", "parameters": 3}}])
