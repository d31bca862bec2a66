"""What goes over the wire and what is read from it."""

from __future__ import annotations

import json
import logging

import pytest

from core.foundation.drive import drive
from core.foundation.errors import (
    LMConfigurationError,
    LMInvalidRequestError,
    LMUnsupportedFeatureError,
)
from core.lm import LM
from tests.fakes.server import FakeServer, Step, error


def _reply(**choice) -> Step:
    return Step(
        body=json.dumps({"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}).encode()
    )


def test_text_completions(client):
    with FakeServer() as server:
        assert client(server, model_type="text")("Once upon") == ["ok"]
        assert server.calls[0].path == "/v1/completions"
        assert server.calls[0].body == {"model": "fake", "prompt": "Once upon"}


def test_a_reply_with_everything(client):
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    message = {"content": None, "tool_calls": calls, "reasoning_content": "hm"}
    with FakeServer(
        [_reply(message=message, finish_reason="tool_calls", logprobs={"content": []})]
    ) as server:
        lm = client(server, cache=True)
        first = lm("q")
        assert first == [
            {"text": "", "tool_calls": calls, "reasoning_content": "hm", "logprobs": {"content": []}}
        ]
        assert lm("q") == first  # as complete from the cache
        assert lm.history[-1]["cached"]


def test_content_in_parts(client):
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    with FakeServer([_reply(message={"content": parts})]) as server:
        assert client(server)("q") == ["ab"]


def test_missing_usage_and_given_cost(client):
    bodies = [{"choices": [{"message": {"content": "x"}}]}]
    bodies += [{"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": 5, "cost": 0.25}}]
    with FakeServer([Step(body=json.dumps(body).encode()) for body in bodies]) as server:
        lm = client(server)
        lm("q")
        assert (lm.history[-1]["usage"]["total_tokens"], lm.history[-1]["cost"]) == (0, None)
        lm("q")
        assert (lm.history[-1]["usage"]["prompt_tokens"], lm.history[-1]["cost"]) == (5, 0.25)


def test_text_of_any_kind_survives(client):
    text = "ünï 漢字 🎉 \u2028 \x00 \ud800 end"
    with FakeServer(lambda r: Step(text=r.body["messages"][0]["content"])) as server:
        lm = client(server, cache=True)
        assert lm(text) == lm(text) == [text]
        assert len(server.calls) == 1


def test_a_cut_off_reply_is_said(client, caplog):
    with (
        FakeServer([_reply(message={"content": "x"}, finish_reason="length")]) as server,
        caplog.at_level(logging.WARNING),
    ):
        client(server)("q")
    assert "max_tokens" in caplog.text


def test_another_name_for_max_tokens_is_learned_from_the_refusal(client):
    refusal = error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")

    def script(received):
        return refusal if "max_tokens" in received.body else Step()

    with FakeServer(script) as server:
        lm = client(server, max_tokens=50, num_retries=0)
        assert lm("a") == lm("b") == ["ok"]
        assert [min(call.body) for call in server.calls] == [
            "max_tokens",
            "max_completion_tokens",
            "max_completion_tokens",
        ]
        assert lm.dump_state()["max_tokens"] == 50


def test_schemas_are_offered_until_the_endpoint_refuses_one(client):
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}

    def script(received):
        asked = received.body.get("response_format", {}).get("type")
        return (
            error(400, "response_format json_schema is not supported") if asked == "json_schema" else Step()
        )

    with FakeServer(script) as server:
        lm = client(server)
        assert lm.supports_response_schema
        with pytest.raises(LMUnsupportedFeatureError):
            lm("q", response_format=schema)
        assert not lm.supports_response_schema
        assert not lm.copy(temperature=1.0).supports_response_schema
        assert len(server.calls) == 1
        assert client(server, supports_response_schema=True).supports_response_schema
        assert not client(
            server, model="openai/other", supports_response_schema=False
        ).supports_response_schema


def test_a_pydantic_class_is_a_schema(client):
    from pydantic import BaseModel

    class Answer(BaseModel):
        value: int

    with FakeServer() as server:
        client(server, cache=True)("q", response_format=Answer)
        sent = server.calls[0].body["response_format"]
        assert sent["json_schema"]["name"] == "Answer"
        assert sent["json_schema"]["schema"]["properties"]["value"]["type"] == "integer"


def test_other_refusals_stay_errors(client):
    refusal = error(400, "temperature must be below 2")
    with FakeServer(default=refusal) as server, pytest.raises(LMInvalidRequestError, match="below 2"):
        client(server)("q", temperature=9)


def test_the_developer_role(client):
    with FakeServer() as server:
        client(server, use_developer_role=True)(messages=[{"role": "system", "content": "s"}])
        assert server.calls[0].body["messages"] == [{"role": "developer", "content": "s"}]


def test_own_headers_are_sent(client):
    with FakeServer() as server:
        lm = client(server, headers={"X-One": "1"}, extra_headers={"X-Two": "2"})
        lm("q")
        lm.copy(headers={"X-Three": "3"})("q")
        assert server.calls[0].headers["x-one"] == "1"
        assert server.calls[0].headers["x-two"] == "2"
        assert server.calls[1].headers["x-three"] == "3"


def test_a_copy_moves_to_another_endpoint(client):
    with FakeServer() as first, FakeServer() as second:
        lm = client(first, api_key="k")
        lm.copy(api_base=second.url)("q")
        assert first.calls == []
        assert second.calls[0].headers["authorization"] == "Bearer k"


def test_the_list_of_models(client):
    with FakeServer(models=["b", "a"]) as server:
        assert drive(client(server).models()) == ["a", "b"]


def test_arguments_that_cannot_work(client):
    with FakeServer() as server:
        with pytest.raises(LMConfigurationError, match="model_type"):
            client(server, model_type="video")
        with pytest.raises(LMUnsupportedFeatureError, match="stream"):
            client(server)("q", stream=True)


def test_state_holds_neither_endpoint_nor_key():
    lm = LM(
        "openai/gpt-4o", temperature=0.5, max_tokens=100, top_p=0.9, num_retries=1, api_key="k", timeout=3
    )
    state = lm.dump_state()
    assert state == {
        "model": "openai/gpt-4o",
        "model_type": "chat",
        "cache": True,
        "num_retries": 1,
        "temperature": 0.5,
        "max_tokens": 100,
        "top_p": 0.9,
        "finetuning_model": None,
        "launch_kwargs": {},
        "train_kwargs": {},
    }


def test_a_key_with_a_line_break_works_and_a_broken_one_is_never_shown(client):
    with FakeServer() as server:
        client(server, api_key="sk-one\n")("q")
        with pytest.raises(LMConfigurationError, match="characters that no key has") as caught:
            client(server, api_key="sk-first\nsk-second", cache=False)("q")
    assert [call.headers["authorization"] for call in server.calls] == ["Bearer sk-one"]
    assert "sk-" not in f"{caught.value}{caught.value.hint}"


def test_a_refused_temperature_is_left_out_from_then_on(client, caplog):
    refusal = error(
        400, "Unsupported value: 'temperature' does not support 0.2. Only the default (1) value is supported."
    )

    def script(received):
        return refusal if "temperature" in received.body else Step()

    with FakeServer(script) as server:
        lm = client(server, temperature=0.2, num_retries=0)
        assert "temperature" in lm.supported_params
        assert lm("a") == lm("b") == ["ok"]
        assert ["temperature" in call.body for call in server.calls] == [True, False, False]
        assert "temperature" not in lm.supported_params
    assert "takes no temperature" in caplog.text


def test_a_declared_reasoning_model_keeps_its_rules(client):
    with FakeServer() as server:
        for wrong in ({"temperature": 0.2}, {"max_tokens": 100}):
            with pytest.raises(LMConfigurationError, match="reasoning model"):
                client(server, model="openai/thinker", reasoning_model=True, **wrong)
        lm = client(server, model="openai/thinker", reasoning_model=True, temperature=1.0, max_tokens=16_000)
        lm("q")
        assert lm.supports_reasoning
        assert server.calls[0].body["max_completion_tokens"] == 16_000
        assert "max_tokens" not in server.calls[0].body
