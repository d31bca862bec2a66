"""Typed messages and requests, models of the typed contract, and a model's state and books."""

from __future__ import annotations

import io

import pytest

import core
from core.foundation.errors import LMConfigurationError
from core.lm import LM, BaseLM, EmbeddedLM, ScriptedLM
from core.lm.typed import Assistant, Developer, LMConfig, LMMessage, System, ToolResult, User
from core.messages import LMOutput, LMRequest, LMResponse, Usage
from tests.fakes.server import FakeServer


class Call:
    id = "c1"
    name = "look"
    args = {"q": "ünï"}  # noqa: RUF012


CONVERSATION = [
    System("be brief"),
    User([{"type": "text", "text": "what is this"}]),
    Assistant(tool_calls=[Call()]),
    ToolResult("c1", {"found": 1}),
    {"role": "user", "content": "so?"},
]
AS_DICTS = [
    {"role": "system", "content": "be brief"},
    {"role": "user", "content": [{"type": "text", "text": "what is this"}]},
    {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"q": "ünï"}'}}
        ],
    },
    {"role": "tool", "content": '{"found": 1}', "tool_call_id": "c1"},
    {"role": "user", "content": "so?"},
]


def test_a_typed_request_gets_a_response():
    lm = ScriptedLM(["yes", "yes"])
    config = LMConfig(temperature=0.2, stop=["x"], extra={"top_k": 3})
    response = lm(LMRequest(messages=CONVERSATION, params=config))
    assert isinstance(response, LMResponse)
    assert response.text == "yes"
    assert response.usage.total_tokens > 0
    assert lm.requests[0].messages == AS_DICTS
    assert {"temperature": 0.2, "stop": ["x"], "top_k": 3}.items() <= lm.requests[0].params.items()
    assert LMMessage.of(response.outputs[0]).to_dict() == {"role": "assistant", "content": "yes"}
    assert lm(messages=CONVERSATION) == ["yes"]
    assert lm.requests[1].messages == AS_DICTS


def test_the_sample_number_of_a_typed_request_counts():
    lm = ScriptedLM(["one", "two"], cache=True)
    replies = [lm(LMRequest(messages=[User("q")], rollout_id=number)).text for number in (1, 2, 1)]
    assert replies == ["one", "two", "one"]


def test_typed_messages_reach_an_endpoint(client):
    with FakeServer() as server:
        response = client(server)(LMRequest(messages=[Developer("d"), User("u")]))
        assert response.text == "ok"
        assert [message["role"] for message in server.calls[0].body["messages"]] == ["developer", "user"]


def test_under_experimental_every_call_gives_a_response():
    with core.context(experimental=True):
        assert ScriptedLM(["yes"])("q").text == "yes"
    assert ScriptedLM(["yes"])("q") == ["yes"]


def test_what_is_no_message_is_refused():
    with pytest.raises(LMConfigurationError, match="not int"):
        ScriptedLM(["x"])(messages=[3])
    with pytest.raises(LMConfigurationError, match="Nothing to answer"):
        ScriptedLM(["x"])()


class Typed(BaseLM):
    forward_contract = "typed_lm"

    def forward(self, request):
        return LMResponse([LMOutput(request.messages[-1]["content"].upper())], Usage(1, 2), cost=0.5)


def test_a_model_of_the_typed_contract():
    lm = Typed("typed", temperature=0.3)
    assert lm("hello") == ["HELLO"]
    assert (lm.history[-1]["cost"], lm.history[-1]["usage"]["total_tokens"]) == (0.5, 3)
    assert lm.history[-1]["kwargs"] == {"temperature": 0.3}

    class Wrong(Typed):
        def forward(self, request):
            return "text"

    with pytest.raises(LMConfigurationError, match="typed_lm"):
        Wrong("wrong")("hello")

    class Async(BaseLM):
        forward_contract = "typed_lm"

        async def aforward(self, request):
            return LMResponse([LMOutput("async")])

    assert Async("typed")("hello") == ["async"]


def test_a_model_by_itself_promises_nothing():
    lm = BaseLM("m")
    assert lm.forward_contract == "legacy"
    assert lm.supported_params == set()
    assert not (lm.supports_function_calling or lm.supports_reasoning or lm.supports_response_schema)
    assert {"temperature", "max_tokens", "stop", "tools"} <= LM("openai/m").supported_params


def test_a_state_makes_an_equal_model_without_anybodys_endpoint():
    lm = LM("openai/gpt-4o", model_type="responses", temperature=0.5, top_p=0.9, num_retries=1, api_key="k")
    state = {**lm.dump_state(), "api_base": "http://evil", "_dspy_lm_class": "x.Y"}
    made = LM.load_state(state)
    assert (made.model, made.model_type, made.num_retries) == ("openai/gpt-4o", "responses", 1)
    assert made.kwargs == lm.kwargs
    assert "evil" not in made.identity()
    assert isinstance(LM.load_state(EmbeddedLM().dump_state()), EmbeddedLM)


def test_books_kept_elsewhere_are_taken_over():
    lm = BaseLM("m")
    entry = {
        "prompt": "asked",
        "messages": None,
        "outputs": ["told", {"text": "more"}],
        "model": "m",
        "cost": 1,
    }
    lm.update_history(entry)
    assert lm.history[-1] == entry
    shown = io.StringIO()
    lm.inspect_history(file=shown)
    assert all(word in shown.getvalue() for word in ("asked", "told", "more"))


def test_citations_make_a_dict():
    lm = ScriptedLM([LMOutput("text", citations=[{"cited_text": "t"}])])
    assert lm("q") == [{"text": "text", "citations": [{"cited_text": "t"}]}]
