"""The Responses API: what goes out and what is read; shapes held against the protocol's own types."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.responses import Response
from openai.types.responses.response_input_param import ResponseInputParam
from pydantic import TypeAdapter

from core.foundation.errors import LMRateLimitError, LMTransportError, LMUnexpectedError
from core.lm.deltas import listener
from tests.fakes.ears import hearing
from tests.fakes.server import FakeServer, Step


def answer(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    data = {
        "id": "r1",
        "object": "response",
        "created_at": 0,
        "model": "fake-2",
        "output": list(items),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "status": "completed",
        "usage": {
            "input_tokens": 7,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 5,
            "output_tokens_details": {"reasoning_tokens": 2},
            "total_tokens": 12,
        },
        **more,
    }
    Response.model_validate(data)
    return data


def said(text: str, **more: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], **more}
    return {"type": "message", "id": "m1", "role": "assistant", "status": "completed", "content": [part]}


THOUGHT = {"type": "reasoning", "id": "t1", "summary": [{"type": "summary_text", "text": "hm"}]}
CALL = {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"q": 1}'}


def step(data: dict[str, Any]) -> Step:
    return Step(body=json.dumps(data).encode())


def test_a_text_and_its_usage(client):
    with FakeServer([step(answer(said("hello")))]) as server:
        lm = client(server, model_type="responses")
        assert lm("q") == ["hello"]
        assert server.calls[0].path == "/v1/responses"
        assert server.calls[0].body == {"model": "fake", "input": [{"role": "user", "content": "q"}]}
        entry = lm.history[-1]
        assert entry["usage"] == {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
        assert (entry["model_type"], entry["response_model"]) == ("responses", "fake-2")


def test_tool_calls_reasoning_and_logprobs(client):
    logprob = {"token": "hello", "bytes": [1], "logprob": -0.5, "top_logprobs": []}
    with FakeServer([step(answer(THOUGHT, said("hello", logprobs=[logprob]), CALL))]) as server:
        reply = client(server, model_type="responses")("q", logprobs=True)[0]
        assert server.calls[0].body["include"] == ["message.output_text.logprobs"]
    assert reply == {
        "text": "hello",
        "reasoning_content": "hm",
        "logprobs": {"content": [logprob]},
        "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"q": 1}'}}
        ],
    }


def test_parameters_of_chat_are_translated(client):
    schema = {"type": "object", "properties": {}}
    tool = {"type": "function", "function": {"name": "look", "parameters": schema, "description": "d"}}
    with FakeServer([step(answer(said("x")))]) as server:
        lm = client(server, model_type="responses", max_tokens=50, temperature=0.5)
        lm(
            "q",
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": schema, "strict": True},
            },
            tools=[tool],
            tool_choice={"type": "function", "function": {"name": "look"}},
            reasoning_effort="low",
        )
        body = server.calls[0].body
    assert body["max_output_tokens"] == 50
    assert body["temperature"] == 0.5
    assert body["text"] == {"format": {"type": "json_schema", "name": "n", "schema": schema, "strict": True}}
    assert body["tools"] == [{"type": "function", "name": "look", "parameters": schema, "description": "d"}]
    assert body["tool_choice"] == {"type": "function", "name": "look"}
    assert body["reasoning"] == {"effort": "low"}
    assert not {"max_tokens", "response_format", "reasoning_effort"} & set(body)


def test_a_conversation_with_tools_and_images_is_a_list_of_items(client):
    calls = [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]
    messages = [
        {"role": "system", "content": "be brief"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "what is this"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
                {"type": "file", "file": {"file_id": "f1"}},
            ],
        },
        {"role": "assistant", "content": "let me see", "tool_calls": calls},
        {"role": "tool", "tool_call_id": "c1", "content": "a cat"},
    ]
    with FakeServer(lambda _: step(answer(said("x")))) as server:
        client(server, model_type="responses")(messages=messages)
        client(server, model_type="responses", use_developer_role=True)(messages=messages)
        items = server.calls[0].body["input"]
        TypeAdapter(ResponseInputParam).validate_python(items)
        assert server.calls[1].body["input"][0] == {"role": "developer", "content": "be brief"}
    assert items[1]["content"] == [
        {"type": "input_text", "text": "what is this"},
        {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "auto"},
        {"type": "input_file", "file_id": "f1"},
    ]
    assert items[3:] == [
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "a cat"},
    ]


def test_samples_are_asked_for_one_by_one(client):
    texts = iter("abc")
    with FakeServer(lambda _: step(answer(said(next(texts))))) as server:
        assert client(server, model_type="responses")("q", n=3) == ["a", "b", "c"]
        assert all("n" not in call.body for call in server.calls)


def test_an_answer_cut_off_says_so(client, caplog):
    data = answer(said("half"), status="incomplete", incomplete_details={"reason": "max_output_tokens"})
    with FakeServer([step(data)]) as server:
        assert client(server, model_type="responses")("q") == ["half"]
    assert "max_tokens" in caplog.text


def test_another_protocol_is_refused_in_words(client):
    with FakeServer() as server, pytest.raises(LMUnexpectedError, match="no output") as caught:
        client(server, model_type="responses")("q")
    assert "chat" in caught.value.hint


def _event(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "sequence_number": 0, **more}


def test_events_are_heard(client):
    events = [
        _event("response.created", response=answer(status="in_progress")),
        _event("response.reasoning_summary_text.delta", delta="h", output_index=0, summary_index=0),
        _event("response.reasoning_summary_text.delta", delta="m", output_index=0, summary_index=0),
        _event("response.reasoning_summary_text.delta", delta="so", output_index=0, summary_index=1),
        _event("response.output_text.delta", delta="hel"),
        _event("response.output_text.delta", delta="lo"),
        _event("response.function_call_arguments.delta", delta="{}"),
        _event("response.completed", response=answer(THOUGHT, said("hello"), CALL)),
    ]
    with FakeServer(default=Step(events=events, end=False)) as server, hearing() as ear:
        lm = client(server, model_type="responses")
        assert lm("q")[0]["text"] == "hello"
        assert lm.history[-1]["usage"]["total_tokens"] == 12
        assert server.calls[0].body["stream"] is True
        assert "stream_options" not in server.calls[0].body
    assert ear.texts == ["hel", "lo"]
    assert "".join(ear.reasons) == "hm\nso"
    assert listener.get() is None


@pytest.mark.parametrize(
    ("last", "wanted"),
    [
        (None, LMTransportError),
        (_event("error", message="slow", code="rate_limit_exceeded", param=None), LMRateLimitError),
        (
            _event("response.failed", response={"error": {"code": "rate_limit_exceeded", "message": "slow"}}),
            LMRateLimitError,
        ),
    ],
)
def test_a_stream_that_fails_or_stops_is_an_error(client, last, wanted):
    events = [_event("response.output_text.delta", delta="hel"), *([last] if last else [])]
    with FakeServer(default=Step(events=events, end=False)) as server, hearing(), pytest.raises(wanted):
        client(server, model_type="responses", num_retries=0)("q")


def test_answers_of_different_kinds_do_not_share_a_place_in_the_cache(client):
    def script(received):
        return step(answer(said("responses"))) if received.path.endswith("/responses") else Step(text="other")

    with FakeServer(script) as server:
        kinds = ["chat", "text", "responses", "responses"]
        assert [client(server, model_type=kind, cache=True)("q")[0] for kind in kinds] == [
            "other",
            "other",
            "responses",
            "responses",
        ]
        assert len(server.calls) == 3


def test_a_program_runs_on_it(client):
    import core

    text = "[[ ## answer ## ]]\n42\n\n[[ ## completed ## ]]"
    with FakeServer([step(answer(said(text)))]) as server:
        with core.context(lm=client(server, model_type="responses")):
            assert core.Predict("question -> answer: int")(question="q").answer == 42
        assert [item["role"] for item in server.calls[0].body["input"]] == ["system", "user"]
